/** Tells when another machine says that an address is its own which this one holds. It changes nothing by itself. */

import { event, type Event } from "../core/report/event.ts";
import type { Instant } from "../core/units/time.ts";
import { type Mac, macText } from "../core/units/mac.ts";
import { isConflict } from "../core/vrrp/conflict.ts";
import type { VirtualAddress, VirtualRouter } from "../core/vrrp/model.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import type { Claim } from "../core/wire/claim.ts";
import { ClaimMonitor } from "../linux/claim-monitor.ts";
import { now } from "../linux/clock.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Receiver } from "../linux/receiver.ts";
import type { Instance } from "./instance.ts";
import type { Noticeboard } from "./noticeboard.ts";

/** What the watch needs of the rest. */
export interface ConflictHands {
  /** The instance that a virtual address of an interface belongs to. */
  holderOf(interfaceName: string, address: Claim["address"]): Instance | undefined;
  /** Delivers what has queued on the router's interface. */
  drain(router: VirtualRouter): void;
  event(event: Event): void;
  /** Another one. */
  count(router: VirtualRouter, address: Claim["address"], interfaceName: string): void;
}

/** The watch. */
export class ConflictWatch {
  readonly #hands: ConflictHands;
  readonly #noticeboard: Noticeboard;
  readonly #monitor: ClaimMonitor;
  readonly #masterSince = new Map<string, Instant>();
  #interfaces: Interfaces = new Map();

  constructor(receiver: Receiver, noticeboard: Noticeboard, hands: ConflictHands) {
    this.#hands = hands;
    this.#noticeboard = noticeboard;
    this.#monitor = new ClaimMonitor(receiver, (index, claim) => this.#onClaim(index, claim));
  }

  /** Listens for claims of these routers' addresses, on `interfaces`, a table that is kept up to date. */
  configure(routers: readonly VirtualRouter[], interfaces: Interfaces): void {
    this.#interfaces = interfaces;
    try {
      this.#monitor.watch(routers.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#hands.event(event("conflict-watch-failed", { error: error.message }));
    }
  }

  /** A router is master from now on, or no longer. */
  onTransition({ name }: VirtualRouter, isMaster: boolean): void {
    if (isMaster) this.#masterSince.set(name, now());
    else this.#masterSince.delete(name);
  }

  /** The kernel's detection (RFC 4862 §5.4) has found another machine with one of our addresses. */
  onDuplicate(interfaceName: string, address: Claim["address"]): void {
    const holder = this.#hands.holderOf(interfaceName, address);
    if (holder?.state.name === "master") this.#tell(holder.router, interfaceName, address, undefined);
  }

  close(): void {
    this.#monitor.close();
  }

  #onClaim(interfaceIndex: number, { address, mac }: Claim): void {
    const on = [...this.#interfaces.values()].find(({ index }) => index === interfaceIndex);
    const holder = on && this.#hands.holderOf(on.name, address);
    if (on === undefined || holder === undefined) return;
    // The advert that makes it a changeover has arrived before, on another socket.
    this.#hands.drain(holder.router);
    const { router, state } = holder;
    const own = [...this.#interfaces.values()].flatMap((other) => other.mac ?? []);
    if (isConflict(mac, own, state, this.#masterSince.get(router.name), now()))
      this.#tell(router, on.name, address, mac);
  }

  #tell(
    router: VirtualRouter,
    interfaceName: string,
    address: VirtualAddress["address"],
    mac: Mac | undefined,
  ): void {
    this.#hands.count(router, address, interfaceName);
    const other = mac === undefined ? "" : macText(mac);
    const suppressed = this.#noticeboard.again(`conflict ${interfaceName} ${address} ${other}`, now());
    if (suppressed === undefined) return;
    const fields = { instance: router.name, interface: interfaceName, address, mac: other, suppressed };
    this.#hands.event(event("address-conflict", fields));
  }
}
