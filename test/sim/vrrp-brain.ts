/**
 * The failover process in virtual time. The decisions are the shipped ones of `src/core`; what stands here is the wiring
 * of `src/failover/{failover,instance,address-keeper}.ts`, with callbacks for their promises. A change there is to be
 * made here, too.
 */

import type { Instant } from "../../src/core/units/time.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { AddressBook, isNeedless } from "../../src/core/vrrp/address-book.ts";
import { admit } from "../../src/core/vrrp/admission.ts";
import { advertPackets } from "../../src/core/vrrp/advert-packet.ts";
import { sameAddress, type VirtualAddress, type VirtualRouter } from "../../src/core/vrrp/model.ts";
import {
  begun,
  done,
  EMPTY_OUTBOX,
  mayAnnounce,
  nextTask,
  put,
  type Task,
} from "../../src/core/vrrp/outbox.ts";
import { asItStands } from "../../src/core/vrrp/priority.ts";
import { leftOver, mayResume } from "../../src/core/vrrp/succession.ts";
import { faultsOf, primaryAddress } from "../../src/core/vrrp/surroundings.ts";
import type { Event } from "../../src/core/vrrp/event.ts";
import { INITIAL } from "../../src/core/vrrp/state.ts";
import { nextDeadline, step } from "../../src/core/vrrp/virtual-router.ts";
import type { Brain, Host, Working } from "./brain.ts";
import type { Hand } from "./kernel.ts";

/** The brain of the VRRP pair. */
export class VrrpBrain implements Brain {
  readonly working = new Map<string, Working>();
  readonly #book = new AddressBook();
  readonly #host: Host;
  readonly #packets = new Map<VirtualRouter, { priority: number; source: IpAddress; bytes: Uint8Array }>();
  #virtual: ReadonlySet<IpAddress> = new Set();
  #whenSettled: (() => void) | undefined;
  #next: (() => void) | undefined;
  configuring = false;

  constructor(host: Host) {
    this.#host = host;
  }

  configure(routers: readonly VirtualRouter[], diedAt: Instant | undefined): void {
    if (this.configuring) {
      this.#next = () => this.configure(routers, diedAt);
      return;
    }
    this.configuring = true;
    const kept = new Set(routers.map(({ name }) => name));
    this.#stopAllBut(kept, () => this.#takeIntoForce(routers, diedAt));
  }

  #takeIntoForce(routers: readonly VirtualRouter[], diedAt: Instant | undefined): void {
    const host = this.#host;
    this.#virtual = new Set(routers.flatMap((router) => router.addresses.map(({ address }) => address)));
    const earlier = this.#book.blank ? host.record : [];
    const found = this.#book.takeCharge(routers, earlier, host.interfaces);
    host.record = this.#book.ours();
    const resuming = routers.filter(
      (router) =>
        !this.working.has(router.name) &&
        this.#faultsOf(router).length === 0 &&
        mayResume(router, found, diedAt, host.now),
    );
    const held = [...this.working.values()].flatMap(({ router }) => this.#book.held(router));
    this.#remove(leftOver(found, held, resuming), () => {
      for (const router of routers) {
        const running = this.working.get(router.name);
        if (running === undefined) this.#start(router, resuming.includes(router));
        else if (JSON.stringify(running.router) !== JSON.stringify(router))
          this.#reconfigure(running, router);
      }
      this.#settled(() => {
        this.#book.forgetAllBut(routers);
        host.record = this.#book.ours();
        this.configuring = false;
        this.interfacesChanged();
        const next = this.#next;
        this.#next = undefined;
        next?.();
      });
    });
  }

  stop(stopped: () => void): void {
    this.#stopAllBut(new Set(), () => {
      this.#host.record = [];
      stopped();
    });
  }

  packet(interfaceName: string, bytes: Uint8Array): void {
    const here: VirtualRouter[] = [];
    for (const { router, state } of this.working.values())
      if (router.interface === interfaceName) here.push(asItStands(router, state.name));
    const admission = admit(bytes, here, (router) => this.#primary(router));
    this.#host.judged(admission);
    if (admission.type === "discarded") return;
    const { router, advert, source } = admission;
    const working = this.working.get(router.name);
    if (working !== undefined) this.#dispatch(working, { type: "advert", advert, source });
  }

  due(key: string): void {
    const working = this.working.get(key);
    if (working === undefined) return;
    this.#dispatch(working, { type: "deadline" });
  }

  interfacesChanged(): void {
    for (const working of this.working.values()) {
      const before = working.faults;
      working.faults = this.#faultsOf(working.router);
      for (const fault of working.faults) {
        if (!before.includes(fault)) this.#dispatch(working, { type: "fault-raised", fault });
      }
      for (const fault of before) {
        if (!working.faults.includes(fault)) this.#dispatch(working, { type: "fault-cleared", fault });
      }
    }
  }

  addressChanged(address: VirtualAddress, present: boolean): void {
    const host = this.#host;
    if (present && this.#book.isForeign(address)) host.request("remove", address, "repair", () => {});
    if (!present && this.#book.isMissed(address)) {
      host.request("add", address, "repair", (errno) => {
        const holder = this.#holderOf(address);
        if (holder === undefined) return;
        if (errno !== undefined) {
          if (!isNeedless("add", errno)) this.#dispatch(holder, { type: "address-refused" });
          return;
        }
        host.drain(holder.router.interface);
        if (mayAnnounce(holder.state)) host.announce(address);
      });
    }
  }

  #holderOf(address: VirtualAddress): Working | undefined {
    for (const working of this.working.values()) {
      if (working.router.addresses.some((own) => sameAddress(own, address))) return working;
    }
    return undefined;
  }

  #start(router: VirtualRouter, resume: boolean): void {
    const faults = this.#faultsOf(router);
    const working: Working = { router, state: INITIAL, outbox: EMPTY_OUTBOX, faults };
    this.working.set(router.name, working);
    this.#dispatch(working, { type: "startup", faults, resume });
  }

  #reconfigure(working: Working, router: VirtualRouter): void {
    this.#host.drain(working.router.interface);
    const before = working.router;
    working.router = router;
    this.#dispatch(working, { type: "reconfigured", before });
  }

  #stopAllBut(kept: ReadonlySet<string>, stopped: () => void): void {
    const leaving = [...this.working.values()].filter(({ router }) => !kept.has(router.name));
    for (const working of leaving) this.#dispatch(working, { type: "shutdown" });
    this.#settled(() => {
      for (const { router } of leaving) this.working.delete(router.name);
      stopped();
    });
  }

  #dispatch(working: Working, event: Event): void {
    if (event.type !== "advert") this.#host.drain(working.router.interface);
    const before = working.state;
    const { router } = working;
    const context = { router, primary: this.#primary(router), adjustment: 0 };
    const { state, effects } = step(before, event, this.#host.now, context);
    working.state = state;
    this.#host.wake(router.name, nextDeadline(state));
    this.#host.stepped({ working, event, before, effects });
    for (const { type } of effects) if (type === "send-advert") this.#send(router, router.priority);
    working.outbox = put(working.outbox, effects, router);
    this.#carryOut(working);
  }

  #carryOut(working: Working): void {
    const task = nextTask(working.outbox);
    if (task === undefined) {
      if (working.outbox.tasks.length === 0) this.#checkSettled();
      return;
    }
    working.outbox = begun(working.outbox);
    this.#perform(working, task, () => {
      working.outbox = done(working.outbox);
      this.#carryOut(working);
    });
  }

  #perform(working: Working, { effect, router }: Task, finished: () => void): void {
    switch (effect.type) {
      case "resign":
        this.#send(router, 0);
        return finished();
      case "concede":
        this.#host.drain(router.interface);
        this.#send({ ...router, advertInterval: effect.advertInterval }, router.priority);
        return finished();
      case "add-addresses":
        return this.#add(effect.addresses, router, (accepted) => {
          if (!accepted) this.#dispatch(working, { type: "address-refused" });
          finished();
        });
      case "remove-addresses":
        return this.#remove(effect.addresses, finished);
      case "announce":
        this.#host.drain(router.interface);
        if (mayAnnounce(working.state)) {
          for (let count = 0; count < effect.repeat; count += 1) {
            for (const address of effect.addresses) this.#host.announce(address);
          }
        }
        return finished();
      case "publish":
        this.#host.published(router, effect);
        return finished();
    }
  }

  #add(
    addresses: readonly VirtualAddress[],
    router: VirtualRouter,
    finished: (accepted: boolean) => void,
  ): void {
    this.#book.want(addresses);
    this.#requestAll("add", addresses, "claim", (refused) => {
      for (const address of addresses) if (!refused.includes(address)) this.#host.claimed(address, router);
      finished(refused.length === 0);
    });
  }

  #remove(addresses: readonly VirtualAddress[], finished: () => void): void {
    this.#requestAll("remove", this.#book.unwant(addresses), "repair", finished);
  }

  #requestAll(
    what: "add" | "remove",
    addresses: readonly VirtualAddress[],
    by: Hand,
    finished: (refused: readonly VirtualAddress[]) => void,
  ): void {
    let missing = addresses.length;
    const refused: VirtualAddress[] = [];
    if (missing === 0) return finished(refused);
    for (const address of addresses) {
      this.#host.request(what, address, by, (errno) => {
        if (errno !== undefined && !isNeedless(what, errno)) refused.push(address);
        missing -= 1;
        if (missing === 0) finished(refused);
      });
    }
  }

  #settled(settled: () => void): void {
    this.#whenSettled = settled;
    this.#checkSettled();
  }

  #checkSettled(): void {
    const settled = this.#whenSettled;
    if (settled === undefined) return;
    for (const { outbox } of this.working.values()) if (outbox.tasks.length > 0) return;
    this.#whenSettled = undefined;
    settled();
  }

  #send(router: VirtualRouter, priority: number): void {
    const source = this.#primary(router);
    if (source !== undefined) this.#host.send(router, priority, this.#packet(router, priority, source));
  }

  /** An advert's bytes are the same for as long as the router is: they are made once. */
  #packet(router: VirtualRouter, priority: number, source: IpAddress): Uint8Array {
    const last = this.#packets.get(router);
    if (last?.priority === priority && last.source === source) return last.bytes;
    const bytes = advertPackets(router, priority, source)[0]?.packet ?? new Uint8Array();
    this.#packets.set(router, { priority, source, bytes });
    return bytes;
  }

  #faultsOf(router: VirtualRouter): readonly string[] {
    return faultsOf(router, this.#host.interfaces, this.#virtual);
  }

  #primary(router: VirtualRouter): IpAddress | undefined {
    return primaryAddress(router, this.#host.interfaces, this.#virtual);
  }
}
