/**
 * The failover process in virtual time. The decisions are the shipped ones of `src/core`, and each virtual router is driven
 * by the shipped `Instance`, the link to the other director by the shipped `PairLink`; what stands here is the wiring of
 * `src/failover/{failover,address-keeper}.ts`, with callbacks for their promises. A change there is to be made here, too.
 */

import type { Finding, TrackKind, Verdict } from "../../src/core/track/model.ts";
import { type Outcome, outcomeOf } from "../../src/core/track/outcome.ts";
import { peerPatience } from "../../src/core/heartbeat/patience.ts";
import type { FailoverCount } from "../../src/core/report/channel.ts";
import { after, type Duration, type Instant, ZERO } from "../../src/core/units/time.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { AddressBook, addressKey, isNeedless } from "../../src/core/vrrp/address-book.ts";
import { admit } from "../../src/core/vrrp/admission.ts";
import {
  type FailoverConfig,
  sameAddress,
  type VirtualAddress,
  type VirtualRouter,
} from "../../src/core/vrrp/model.ts";
import { leftOver, mayResume } from "../../src/core/vrrp/succession.ts";
import { faultsOf, type Interfaces, primaryAddress } from "../../src/core/vrrp/surroundings.ts";
import type { HeartbeatFault } from "../../src/core/wire/heartbeat.ts";
import { AnnouncementPacer } from "../../src/failover/announcement-pacer.ts";
import { Counters } from "../../src/failover/counters.ts";
import { Instance, type InstanceHands, whenAllSettled } from "../../src/failover/instance.ts";
import { hmacMd5 } from "../../src/failover/mac.ts";
import { Noticeboard } from "../../src/failover/noticeboard.ts";
import { PairLink } from "../../src/failover/pair-link.ts";
import { TrackedObjects } from "../../src/failover/tracked-objects.ts";
import type { Brain, Host, Socket } from "./brain.ts";
import { seal } from "./seal.ts";

/** Passes on which heartbeats are discarded, and counts nothing. */
class Discards extends Counters<FailoverCount> {
  readonly #host: Host;

  constructor(host: Host) {
    super();
    this.#host = host;
  }

  override count(name: FailoverCount, { cause }: Readonly<Record<string, string>>): void {
    if (name === "heartbeats_discarded") this.#host.discarded(cause as HeartbeatFault);
  }
}

/** The brain of the VRRP pair. */
export class VrrpBrain implements Brain {
  readonly working = new Map<string, Instance>();
  readonly #faults = new Map<string, readonly string[]>();
  readonly #book = new AddressBook();
  readonly #lookingLater = new Set<string>();
  readonly #host: Host;
  readonly #tracked: TrackedObjects;
  readonly #pacer: AnnouncementPacer;
  readonly #hands: InstanceHands;
  readonly #pair: PairLink;
  #virtual: ReadonlySet<IpAddress> = new Set();
  #configured = false;
  #configuring = false;
  #next: (() => void) | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.#tracked = new TrackedObjects(host.clock, {
      changed: () => this.interfacesChanged(),
      event: () => {},
      standing: () => [...this.working.values()],
      // The simulator has no BFD.
      bfdPath: () => undefined,
    });
    this.#pacer = new AnnouncementPacer({
      clock: host.clock,
      announce: (address) => host.announce(address),
      mayAnnounce: (address) => this.#holderOf(address)?.mayAnnounce() === true,
    });
    this.#pair = new PairLink(
      {
        clock: host.clock,
        hmac: seal,
        software: "1.0.0",
        boot: () => host.bootId(),
        open: (path, handler) => host.open(path, handler),
        afterReading: (then) => host.afterReading(then),
        instances: () => [...this.working.values()],
        primary: (router) => this.#primary(router),
        event: (report) => host.reported(report),
      },
      new Discards(host),
      new Noticeboard(),
    );
    this.#hands = {
      clock: host.clock,
      send: (router, advert) => host.send(router, advert),
      add: (router, addresses, done) => this.#add(router, addresses, done),
      remove: (addresses, done) => {
        this.#pacer.drop(addresses);
        this.#remove(addresses, done);
      },
      // Nobody has routes here: they are changed within the call, and delay nothing.
      route: () => {},
      announce: (address, round) => this.#pacer.announce(address, round),
      drain: (router) => host.drain(router),
      primary: (router) => this.#primary(router),
      held: (router) => this.#book.held(router),
      event: () => {},
      transition: (router, transition) => {
        this.#pair.tellSoon();
        host.published(router, transition);
      },
      late: () => {},
      stalled: () => {},
      companions: (instance) => this.#companions(instance),
      decided: (instance, decision) => {
        host.stepped({ working: instance, ...decision });
        this.#pair.decided(instance, decision);
      },
    };
  }

  get interfaces(): Interfaces {
    return this.#tracked.interfaces;
  }

  verdict(kind: TrackKind, object: string): Verdict | undefined {
    return this.#tracked.verdict(kind, object);
  }

  configure(config: FailoverConfig, diedAt: Instant | undefined): void {
    if (this.#configuring) {
      this.#next = () => this.configure(config, diedAt);
      return;
    }
    this.#configuring = true;
    const delay = this.#configured || diedAt !== undefined ? ZERO : config.startupDelay;
    this.#configured = true;
    this.#tracked.configure(config);
    this.#pacer.pace = config.announcementPace;
    this.#tracked.look(this.#host.interfaces);
    const kept = new Set(config.routers.map(({ name }) => name));
    this.#stopAllBut(kept, () => this.#takeIntoForce(config, delay, diedAt));
  }

  #takeIntoForce({ routers, heartbeat }: FailoverConfig, delay: Duration, diedAt: Instant | undefined): void {
    const host = this.#host;
    this.#virtual = new Set(routers.flatMap((router) => router.addresses.map(({ address }) => address)));
    const earlier = this.#book.blank ? host.record : [];
    const found = this.#book.takeCharge(routers, earlier, host.interfaces);
    host.record = this.#book.ours();
    const resuming = routers.filter(
      (router) =>
        !this.working.has(router.name) &&
        this.#standing(router).faults.length === 0 &&
        mayResume(router, found, diedAt, host.clock.now(), peerPatience(heartbeat)),
    );
    const held = [...this.working.values()].flatMap(({ router }) => this.#book.held(router));
    this.#remove(leftOver(found, held, resuming), () => {
      for (const router of routers) {
        const running = this.working.get(router.name);
        if (running === undefined) this.#start(router, resuming.includes(router), delay);
        else if (JSON.stringify(running.router) !== JSON.stringify(router)) running.reconfigure(router);
      }
      for (const instance of this.working.values()) Instance.agree(this.#companions(instance));
      host.linked(heartbeat);
      this.#pair.configure(heartbeat);
      whenAllSettled([...this.working.values()], () => this.#inForce(routers));
    });
  }

  #inForce(routers: readonly VirtualRouter[]): void {
    this.#book.forgetAllBut(routers);
    this.#host.record = this.#book.ours();
    this.#configuring = false;
    this.interfacesChanged();
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }

  stop(stopped: () => void): void {
    this.#pair.leave();
    this.#pair.handOver(this.#givable(), () => this.#stopAll(stopped));
  }

  handOver(): void {
    this.#pair.handOver(this.#givable(), () => {});
  }

  #givable(): readonly Instance[] {
    return [...this.working.values()].filter(
      (instance) => !this.#companions(instance).some(({ router }) => this.#book.keeps(router)),
    );
  }

  #stopAll(stopped: () => void): void {
    this.#stopAllBut(new Set(), () => {
      this.#pair.close();
      this.#tracked.close();
      this.#pacer.close();
      this.#host.record = [];
      stopped();
    });
  }

  packet(socket: Socket, bytes: Uint8Array): void {
    const here: Instance[] = [];
    for (const instance of this.working.values()) if (isHeardAt(socket, instance.router)) here.push(instance);
    const routers = here.map(({ standing }) => standing);
    const admission = admit(bytes, routers, (router) => this.#primary(router), {
      mac: hmacMd5,
      lastSequence: (vrid, source) =>
        here.find(({ router }) => router.vrid === vrid)?.lastSequence(source) ?? 0,
    });
    this.#host.judged(admission);
    if (admission.type === "discarded") return;
    const { router, advert, source, sequence } = admission;
    const instance = here.find((candidate) => candidate.router.name === router.name);
    if (sequence !== undefined) instance?.onSequence(source, sequence);
    instance?.dispatch({ type: "advert", advert, source });
  }

  found(findings: readonly Finding[]): void {
    this.#tracked.found(findings);
  }

  interfacesChanged(): void {
    for (const address of this.#book.cameUp(this.#host.interfaces)) this.addressChanged(address);
    this.#tracked.look(this.#host.interfaces);
    for (const [name, instance] of this.working) {
      const before = this.#faults.get(name) ?? [];
      const { faults, adjustment } = this.#standing(instance.router);
      this.#faults.set(name, faults);
      instance.adjust(adjustment);
      for (const fault of faults) {
        if (!before.includes(fault)) instance.dispatch({ type: "fault-raised", fault });
      }
      for (const fault of before) {
        if (!faults.includes(fault)) instance.dispatch({ type: "fault-cleared", fault });
      }
    }
    this.#pair.tellSoon();
  }

  /** As the address keeper does: what is wrong is put right, but for one address not more often than once a second. */
  addressChanged(address: VirtualAddress): void {
    const host = this.#host;
    const wrong = this.#book.wrong(address, host.interfaces);
    if (wrong === undefined) return;
    const wait = this.#book.putRightIn(address, host.clock.now());
    if (wait > ZERO) return this.#lookLater(address, wait);
    const what = wrong === "missing" ? "add" : "remove";
    host.request(what, address, "keeper", (errno) => {
      if (wrong === "foreign") return;
      const holder = this.#holderOf(address);
      if (errno === undefined) holder?.announce(address);
      else if (!isNeedless("add", errno)) holder?.dispatch({ type: "address-refused" });
    });
  }

  #lookLater(address: VirtualAddress, wait: Duration): void {
    const { clock } = this.#host;
    const key = addressKey(address);
    if (this.#lookingLater.has(key)) return;
    this.#lookingLater.add(key);
    clock.ringAt(after(clock.now(), wait), () => {
      this.#lookingLater.delete(key);
      this.addressChanged(address);
    });
  }

  #holderOf(address: VirtualAddress): Instance | undefined {
    for (const instance of this.working.values()) {
      if (instance.router.addresses.some((own) => sameAddress(own, address))) return instance;
    }
    return undefined;
  }

  #start(router: VirtualRouter, resume: boolean, delay: Duration): void {
    const { faults, adjustment } = this.#standing(router);
    const instance = new Instance(router, adjustment, this.#hands);
    this.working.set(router.name, instance);
    this.#faults.set(router.name, faults);
    instance.dispatch({ type: "startup", faults, resume, delay });
  }

  #stopAllBut(kept: ReadonlySet<string>, stopped: () => void): void {
    const leaving = [...this.working.values()].filter(({ router }) => !kept.has(router.name));
    for (const instance of leaving) instance.decide({ type: "shutdown" });
    for (const instance of leaving) instance.work();
    whenAllSettled(leaving, () => {
      for (const { router } of leaving) this.working.delete(router.name);
      stopped();
    });
  }

  /** The members of an instance's sync group, itself among them. */
  #companions(instance: Instance): readonly Instance[] {
    const { syncGroup } = instance.router;
    if (syncGroup === undefined) return [instance];
    return [...this.working.values()].filter(({ router }) => router.syncGroup === syncGroup);
  }

  #add(
    router: VirtualRouter,
    addresses: readonly VirtualAddress[],
    finished: (accepted: boolean) => void,
  ): void {
    this.#book.want(addresses);
    this.#requestAll("add", addresses, (refused) => {
      for (const address of addresses) if (!refused.includes(address)) this.#host.claimed(address, router);
      finished(refused.length === 0);
    });
  }

  #remove(addresses: readonly VirtualAddress[], finished: () => void): void {
    this.#requestAll("remove", this.#book.unwant(addresses), finished);
  }

  #requestAll(
    what: "add" | "remove",
    addresses: readonly VirtualAddress[],
    finished: (refused: readonly VirtualAddress[]) => void,
  ): void {
    let missing = addresses.length;
    const refused: VirtualAddress[] = [];
    if (missing === 0) return finished(refused);
    for (const address of addresses) {
      this.#host.request(what, address, "owner", (errno) => {
        if (errno !== undefined && !isNeedless(what, errno)) refused.push(address);
        missing -= 1;
        if (missing === 0) finished(refused);
      });
    }
  }

  #standing(router: VirtualRouter): Outcome {
    const tracked = outcomeOf(router.tracks, (kind, object) => this.#tracked.verdict(kind, object));
    const faults = faultsOf(router, this.#tracked.interfaces, this.#virtual);
    return { faults: [...faults, ...tracked.faults], adjustment: tracked.adjustment };
  }

  #primary(router: VirtualRouter): IpAddress | undefined {
    return primaryAddress(router, this.#host.interfaces, this.#virtual);
  }
}

function isHeardAt(socket: Socket, router: VirtualRouter): boolean {
  return router.interface === socket.interface && router.family === socket.family;
}
