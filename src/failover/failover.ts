/**
 * The failover process at work: the virtual routers of this director, on the interfaces of this machine.
 *
 * ```
 *   kernel ──rtnetlink──▶ InterfaceTable ──faults──▶ Instance ──adverts──▶ Segments ──▶ network
 *   network ──▶ Receiver ──▶ Segments ──admit──▶ Instance ──▶ AddressKeeper ──rtnetlink──▶ kernel
 *                                                        └──▶ Announcer ──▶ network
 * ```
 *
 * Nothing here waits for a disk, a name, a script, a log or a scrape.
 */

import type { FailoverCount, FailoverReport } from "../core/report/channel.ts";
import { type Event as Report, event } from "../core/report/event.ts";
import { type Instant, toSeconds } from "../core/units/time.ts";
import { type Ipv4 } from "../core/units/ipv4.ts";
import { addressText } from "../core/vrrp/address-book.ts";
import { type Admission, admit } from "../core/vrrp/admission.ts";
import { addressMismatch, intervalMismatch } from "../core/vrrp/mismatch.ts";
import type { FailoverConfig, VirtualAddress, VirtualRouter } from "../core/vrrp/model.ts";
import type { Finding } from "../core/track/model.ts";
import { type Outcome, outcomeOf } from "../core/track/outcome.ts";
import { faultsOf, primaryAddress } from "../core/vrrp/surroundings.ts";
import { leftOver, mayResume } from "../core/vrrp/succession.ts";
import { IPPROTO_AH, protectsOther } from "../core/wire/authentication-header.ts";
import { VRRP_GROUP } from "../core/wire/vrrp.ts";
import { type Announcer, openAnnouncer } from "../linux/announcer.ts";
import { now } from "../linux/clock.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { runInRealTime } from "../linux/realtime.ts";
import { Receiver } from "../linux/receiver.ts";
import { Rtnetlink } from "../linux/rtnetlink.ts";
import { AddressKeeper } from "./address-keeper.ts";
import { Counters } from "./counters.ts";
import { TrackedObjects } from "./tracked-objects.ts";
import { Instance, type InstanceHands } from "./instance.ts";
import { InterfaceTable } from "./interface-table.ts";
import { hmacMd5 } from "./mac.ts";
import { Noticeboard } from "./noticeboard.ts";
import { Segments } from "./segments.ts";

/** What it tells the supervisor. */
export interface FailoverVoice {
  event(event: Report): void;
  reportSoon(): void;
  late(seconds: number): void;
}

/** The failover process. */
export class Failover {
  readonly #voice: FailoverVoice;
  readonly #counters = new Counters<FailoverCount>();
  readonly #noticeboard = new Noticeboard();
  readonly #rtnetlink = new Rtnetlink();
  readonly #receiver = new Receiver();
  readonly #announcer: Announcer = openAnnouncer();
  readonly #segments: Segments;
  /** Where packets with an authentication header arrive, on interfaces with an instance that asks for one. */
  readonly #authenticated: Segments;
  readonly #table: InterfaceTable;
  readonly #keeper: AddressKeeper;
  readonly #tracked: TrackedObjects;
  readonly #instances = new Map<string, { instance: Instance; faults: readonly string[] }>();
  readonly #byInterface = new Map<string, readonly Instance[]>();
  #virtual: ReadonlySet<Ipv4> = new Set();
  #listenOn: ReadonlySet<string> = new Set();
  #authenticateOn: ReadonlySet<string> = new Set();
  #realtimePriority = 0;
  #changed: NodeJS.Immediate | undefined;
  #opened = false;

  constructor(recordPath: string, voice: FailoverVoice) {
    this.#voice = voice;
    const failed = (name: string, error: KernelError): void =>
      voice.event(event("vrrp-listen-failed", { interface: name, error: error.message }));
    this.#segments = new Segments(this.#receiver, {
      packet: (name, packet) => this.#onPacket(name, packet),
      failed,
    });
    this.#authenticated = new Segments(
      this.#receiver,
      {
        // Another user's of IPsec on this machine.
        packet: (name, packet) => void (protectsOther(packet) || this.#onPacket(name, packet)),
        failed,
      },
      IPPROTO_AH,
    );
    this.#table = new InterfaceTable(this.#rtnetlink, this.#receiver, {
      changed: () => this.#onInterfacesChangedSoon(),
      address: (name, address) => void this.#keeper.look(name, address),
      readAnew: () => void this.#keeper.lookAtAll(),
    });
    this.#keeper = new AddressKeeper(this.#rtnetlink, recordPath, {
      event: (report) => voice.event(report),
      drift: (address, wrong) => this.#onDrift(address, wrong),
    });
    this.#tracked = new TrackedObjects({
      changed: () => this.#onInterfacesChangedSoon(),
      event: (report) => voice.event(report),
    });
  }

  /** Takes a configuration into force: what is the same is left alone, what can be changed in place is. */
  async configure(config: FailoverConfig, diedAt: Instant | undefined): Promise<void> {
    if (!this.#opened) await this.#table.open();
    this.#opened = true;
    this.#tracked.configure(config);
    this.#tracked.look(this.#table.interfaces);
    const kept = new Map(config.routers.map((router) => [identity(router), router]));
    await this.#stopAllBut(kept);
    this.#virtual = new Set(
      config.routers.flatMap((router) => router.addresses.map(({ address }) => address)),
    );
    const found = this.#keeper.takeCharge(config.routers, this.#table.interfaces);
    this.#listenOn = new Set(config.routers.map((router) => router.interface));
    this.#authenticateOn = new Set(
      config.routers.flatMap((router) => (router.authentication?.type === "ah" ? [router.interface] : [])),
    );
    this.#updateSegments();
    this.#beRealTime(config.realtimePriority);
    const resuming = new Set(
      config.routers.filter(
        (router) =>
          !this.#instances.has(identity(router)) &&
          this.#standing(router).faults.length === 0 &&
          mayResume(router, found, diedAt, now()),
      ),
    );
    await this.#removeLeftOver(found, resuming);
    for (const [name, router] of kept) {
      const running = this.#instances.get(name)?.instance;
      if (running === undefined) this.#start(router, resuming.has(router));
      else if (JSON.stringify(running.router) !== JSON.stringify(router)) running.reconfigure(router);
    }
    await this.#settled();
    this.#keeper.forgetAllBut(config.routers);
    this.#onInterfacesChanged();
  }

  /** Lets go of every address and says so to the peers. */
  async stop(): Promise<void> {
    // What an earlier life left is to go even if there was no time for a configuration.
    if (!this.#opened) await this.configure({ routers: [], realtimePriority: 0, linkDelays: {} }, undefined);
    await this.#stopAllBut(new Map());
    this.#listenOn = new Set();
    this.#authenticateOn = new Set();
    this.#keeper.close();
    this.#tracked.close();
    this.#table.close();
    this.#segments.close();
    this.#authenticated.close();
    this.#announcer.close();
    this.#rtnetlink.close();
    await this.#receiver.close();
  }

  /** What has come to pass since the last report, and where everything stands. */
  report(lateness: readonly number[]): FailoverReport {
    const instances = [...this.#instances.values()].map(({ instance }) => instance.report());
    return { instances, tracks: this.#tracked.report(), counts: this.#counters.take(), lateness };
  }

  /** Takes what the supervisor has found out about tracked objects. */
  found(findings: readonly Finding[]): void {
    this.#tracked.found(findings);
  }

  #start(router: VirtualRouter, resume: boolean): void {
    const { faults, adjustment } = this.#standing(router);
    const instance = new Instance(router, adjustment, this.#hands());
    this.#instances.set(identity(router), { instance, faults });
    this.#indexByInterface();
    instance.dispatch({ type: "startup", faults, resume });
  }

  async #stopAllBut(kept: ReadonlyMap<string, VirtualRouter>): Promise<void> {
    const leaving = [...this.#instances].filter(([name]) => !kept.has(name));
    for (const [, { instance }] of leaving) instance.dispatch({ type: "shutdown" });
    await Promise.all(leaving.map(([, { instance }]) => instance.settled()));
    for (const [name] of leaving) this.#instances.delete(name);
    this.#indexByInterface();
  }

  /** Addresses of an earlier life that nobody holds or goes on with are gone before anyone relies on them. */
  async #removeLeftOver(
    found: readonly VirtualAddress[],
    resuming: ReadonlySet<VirtualRouter>,
  ): Promise<void> {
    const held = [...this.#instances.values()].flatMap(({ instance }) => this.#keeper.held(instance.router));
    const stray = leftOver(found, held, [...resuming]);
    await this.#keeper.remove(stray);
    for (const address of stray) {
      this.#voice.event(
        event("address-left-over", { interface: address.interface, address: addressText(address) }),
      );
    }
  }

  async #settled(): Promise<void> {
    await Promise.all([...this.#instances.values()].map(({ instance }) => instance.settled()));
  }

  #hands(): InstanceHands {
    return {
      send: (router, packet) => this.#send(router, packet),
      add: (addresses) => this.#keeper.add(addresses),
      remove: (addresses) => this.#keeper.remove(addresses),
      announce: (address) => this.#announce(address),
      drain: ({ interface: name }) => {
        this.#segments.drain(name);
        this.#authenticated.drain(name);
      },
      primary: (router) => primaryAddress(router, this.#table.interfaces, this.#virtual),
      held: (router) => this.#keeper.held(router),
      event: (report) => this.#voice.event(report),
      transition: (router, to, cause) =>
        this.#counters.count("transitions", { instance: router.name, to, cause }),
      late: (by) => this.#voice.late(toSeconds(by)),
    };
  }

  #onPacket(interfaceName: string, packet: Uint8Array): void {
    const here = this.#byInterface.get(interfaceName) ?? [];
    const routers = here.map(({ router }) => router);
    const [first] = routers;
    const primary = first && primaryAddress(first, this.#table.interfaces, this.#virtual);
    const admission = admit(packet, routers, primary, {
      mac: hmacMd5,
      lastSequence: (vrid, source) =>
        here.find((instance) => instance.router.vrid === vrid)?.lastSequence(source) ?? 0,
    });
    if (admission.type === "discarded") {
      this.#onDiscarded(interfaceName, admission);
      return;
    }
    const { router, advert, source, sequence } = admission;
    this.#counters.count("adverts_received", { instance: router.name, interface: interfaceName });
    this.#notice(
      "vrrp-interval-mismatch",
      router,
      "theirs",
      intervalMismatch(router, advert)?.toString(),
      source,
    );
    this.#notice(
      "vrrp-address-mismatch",
      router,
      "theirs",
      addressMismatch(router, advert)?.join(", "),
      source,
    );
    const instance = here.find((candidate) => candidate.router === router);
    if (sequence !== undefined) instance?.onSequence(source, sequence);
    instance?.dispatch({ type: "advert", advert, source });
  }

  #onDiscarded(interfaceName: string, { cause, router, source }: Admission & { type: "discarded" }): void {
    const instance = router?.name ?? "";
    this.#counters.count("adverts_discarded", { instance, interface: interfaceName, cause });
    const suppressed = this.#noticeboard.again(`${interfaceName} ${instance} ${cause}`, now());
    if (suppressed === undefined) return;
    const fields = { interface: interfaceName, instance, cause, source: source ?? "", suppressed };
    this.#voice.event(event("vrrp-advert-discarded", fields));
  }

  /** Says once that an advert differs from our configuration, until it does so in another way. */
  #notice(
    name: "vrrp-interval-mismatch" | "vrrp-address-mismatch",
    router: VirtualRouter,
    field: string,
    value: string | undefined,
    source: Ipv4,
  ): void {
    if (!this.#noticeboard.changed(`${name} ${router.name} ${source}`, value)) return;
    this.#voice.event(event(name, { instance: router.name, source, [field]: value ?? "" }));
  }

  #send(router: VirtualRouter, packet: Uint8Array): boolean {
    const labels = { instance: router.name, interface: router.interface };
    const failure = this.#try(() => {
      const socket = this.#segments.socket(router.interface);
      if (socket === undefined) throw new KernelError("send", "ENODEV");
      socket.send(packet, VRRP_GROUP);
    });
    if (failure === undefined) this.#counters.count("adverts_sent", labels);
    if (this.#noticeboard.changed(`send ${router.name}`, failure)) {
      this.#voice.event(event("vrrp-send-failed", { ...labels, error: failure ?? "" }));
    }
    return failure === undefined;
  }

  #announce(address: VirtualAddress): void {
    const on = this.#table.interfaces.get(address.interface);
    // An interface without a hardware address has no neighbours to tell.
    if (on?.mac === undefined) return;
    const { index, mac } = on;
    const failure = this.#try(() => this.#announcer.announce(index, address.address, mac));
    const labels = { address: address.address, interface: address.interface };
    if (failure === undefined) this.#counters.count("announcements_sent", labels);
    if (this.#noticeboard.changed(`announce ${addressText(address)} ${address.interface}`, failure)) {
      this.#voice.event(event("announce-failed", { ...labels, error: failure ?? "" }));
    }
  }

  /** The message of the kernel's refusal, if it refuses. */
  #try(action: () => void): string | undefined {
    try {
      action();
      return undefined;
    } catch (error) {
      if (error instanceof KernelError) return error.message;
      throw error;
    }
  }

  #onDrift(address: VirtualAddress, found: "missing" | "foreign"): void {
    this.#counters.count("drift", { kind: "address" });
    this.#voice.event(
      event("address-drift", { interface: address.interface, address: addressText(address), found }),
    );
    if (found === "missing") this.#announce(address);
  }

  /** The kernel tells of many changes in one turn of the loop, such as a hundred addresses of our own. */
  #onInterfacesChangedSoon(): void {
    this.#changed ??= setImmediate(() => this.#onInterfacesChanged());
  }

  #onInterfacesChanged(): void {
    clearImmediate(this.#changed);
    this.#changed = undefined;
    const { interfaces } = this.#table;
    this.#updateSegments();
    this.#tracked.look(interfaces);
    for (const entry of this.#instances.values()) {
      const before = entry.faults;
      const { faults, adjustment } = this.#standing(entry.instance.router);
      entry.faults = faults;
      entry.instance.adjust(adjustment);
      for (const fault of entry.faults) {
        if (!before.includes(fault)) entry.instance.dispatch({ type: "fault-raised", fault });
      }
      for (const fault of before) {
        if (!entry.faults.includes(fault)) entry.instance.dispatch({ type: "fault-cleared", fault });
      }
    }
    this.#voice.reportSoon();
  }

  #updateSegments(): void {
    this.#segments.update(this.#listenOn, this.#table.interfaces);
    this.#authenticated.update(this.#authenticateOn, this.#table.interfaces);
  }

  /** All that keeps a router from working, and what its tracked objects do to its priority. */
  #standing(router: VirtualRouter): Outcome {
    const { interfaces } = this.#tracked;
    const tracked = outcomeOf(router.tracks, (kind, object) => this.#tracked.verdict(kind, object));
    const faults = [...faultsOf(router, interfaces, this.#virtual), ...tracked.faults];
    const listening = router.authentication?.type === "ah" ? this.#authenticated : this.#segments;
    const deaf = interfaces.has(router.interface) && listening.socket(router.interface) === undefined;
    if (deaf) faults.push(`cannot listen on interface ${router.interface}`);
    return { faults, adjustment: tracked.adjustment };
  }

  #indexByInterface(): void {
    this.#byInterface.clear();
    for (const { instance } of this.#instances.values()) {
      const { interface: name } = instance.router;
      this.#byInterface.set(name, [...(this.#byInterface.get(name) ?? []), instance]);
    }
  }

  #beRealTime(priority: number): void {
    if (priority === this.#realtimePriority) return;
    this.#realtimePriority = priority;
    try {
      runInRealTime(priority);
      if (priority > 0) this.#voice.event(event("realtime-granted", { priority }));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#voice.event(event("realtime-refused", { priority, error: error.message }));
    }
  }
}

/** Routers that differ in these are different ones; all else can be changed in place. */
function identity({ name, interface: interfaceName, vrid, version }: VirtualRouter): string {
  return JSON.stringify([name, interfaceName, vrid, version]);
}
