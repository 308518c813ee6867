/**
 * The seam between a director's decisions and the modelled machine that it runs on. Whatever Relevo learns to do besides
 * VRRP is put in by another `Brain`; the machines, the network, the faults and most rules stay as they are.
 */

import type { Instant } from "../../src/core/units/time.ts";
import type { VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Outbox } from "../../src/core/vrrp/outbox.ts";
import type { Interfaces } from "../../src/core/vrrp/surroundings.ts";
import type { Effect, Event } from "../../src/core/vrrp/event.ts";
import type { State } from "../../src/core/vrrp/state.ts";
import type { Admission } from "../../src/core/vrrp/admission.ts";
import type { Hand } from "./kernel.ts";

/** A virtual router in a running process, as the rules look at it. */
export interface Working {
  router: VirtualRouter;
  state: State;
  outbox: Outbox;
  faults: readonly string[];
}

/** One step of a state machine. */
export interface Stepped {
  readonly working: Working;
  readonly event: Event;
  readonly before: State;
  readonly effects: readonly Effect[];
}

/** What a running failover process decides. */
export interface Brain {
  /** Its virtual routers, by name. */
  readonly working: ReadonlyMap<string, Working>;
  /** True while a configuration is being taken into force. */
  readonly configuring: boolean;
  configure(routers: readonly VirtualRouter[], diedAt: Instant | undefined): void;
  stop(done: () => void): void;
  packet(interfaceName: string, bytes: Uint8Array): void;
  /** The instant asked for with `wake` has come. */
  due(key: string): void;
  interfacesChanged(): void;
  addressChanged(address: VirtualAddress, present: boolean): void;
}

/** What its machine does for it. */
export interface Host {
  readonly now: Instant;
  /** As the kernel's notifications have told so far. */
  readonly interfaces: Interfaces;
  /** What the run directory holds. */
  record: readonly VirtualAddress[];
  send(router: VirtualRouter, priority: number, packet: Uint8Array): void;
  announce(address: VirtualAddress): void;
  /** Delivers what has queued on an interface. */
  drain(interfaceName: string): void;
  request(
    what: "add" | "remove",
    address: VirtualAddress,
    by: Hand,
    done: (errno: string | undefined) => void,
  ): void;
  wake(key: string, at: Instant | undefined): void;
  stepped(step: Stepped): void;
  judged(admission: Admission): void;
  published(router: VirtualRouter, effect: Effect & { type: "publish" }): void;
  /** The kernel has answered for a claimed address. */
  claimed(address: VirtualAddress, router: VirtualRouter): void;
}
