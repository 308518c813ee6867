/**
 * Holds the virtual addresses on this machine's interfaces: adds and removes them as the virtual routers say, and keeps
 * it so when somebody else changes them.
 *
 * What is wanted is written down before the kernel is asked, so that the notification of our own change finds nothing to
 * put right. An address that another hand took away is added again, one that another hand gave us is removed: a backup
 * that answers for the VIP would be a second holder.
 *
 * The record in the run directory names every address that may be here because of us. It is written when the
 * configuration changes and not at a takeover, which has no time for files.
 */

import { event } from "../core/report/event.ts";
import type { Event } from "../core/report/event.ts";
import type { FailoverRecord } from "../core/report/record.ts";
import { toMilliseconds, ZERO } from "../core/units/time.ts";
import { AddressBook, addressKey, addressText, isNeedless } from "../core/vrrp/address-book.ts";
import type { VirtualAddress, VirtualRouter } from "../core/vrrp/model.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import { now } from "../linux/clock.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { readRecord, removeRecord, writeRecord } from "../linux/record-file.ts";
import type { InterfaceAddress, Rtnetlink } from "../linux/rtnetlink.ts";

/** What the keeper tells. */
export interface AddressListener {
  event(event: Event): void;
  /** An address was not as it should be and has been put right; one that was missing must be announced. */
  drift(address: VirtualAddress, wrong: "missing" | "foreign"): void;
  /** An address had gone, and the kernel refuses to have it back. */
  lost(address: VirtualAddress): void;
  /** Addresses are about to be added. */
  adding(addresses: readonly VirtualAddress[]): void;
  /** None of the addresses that were on an interface is to stay; they are about to be removed. */
  vacating(interfaceName: string): void;
}

/** The keeper of all virtual addresses of this machine. */
export class AddressKeeper {
  readonly #rtnetlink: Rtnetlink;
  readonly #recordPath: string;
  readonly #listener: AddressListener;
  readonly #book = new AddressBook();
  readonly #later = new Map<string, NodeJS.Timeout>();
  #interfaces: Interfaces = new Map();

  constructor(rtnetlink: Rtnetlink, recordPath: string, listener: AddressListener) {
    this.#rtnetlink = rtnetlink;
    this.#recordPath = recordPath;
    this.#listener = listener;
  }

  /**
   * Takes charge of the addresses of `routers` on `interfaces`, a table that is kept up to date, and returns those of the
   * routers' and of an earlier life's that were on an interface already. Called before anything is added, at start and
   * at each change of the configuration.
   */
  takeCharge(routers: readonly VirtualRouter[], interfaces: Interfaces): readonly VirtualAddress[] {
    this.#interfaces = interfaces;
    const earlier = this.#book.blank ? recorded(this.#recordPath) : [];
    const found = this.#book.takeCharge(routers, earlier, interfaces);
    this.#record();
    return found;
  }

  /** Forgets addresses that no router has any more, once they are off their interfaces. */
  forgetAllBut(routers: readonly VirtualRouter[]): void {
    this.#book.forgetAllBut(routers);
    this.#record();
  }

  /** Those of a router's addresses that are claimed now. */
  held(router: VirtualRouter): readonly VirtualAddress[] {
    return this.#book.held(router);
  }

  /** Adds addresses; false when the kernel refused one. One that is there already will do. */
  async add(addresses: readonly VirtualAddress[]): Promise<boolean> {
    this.#book.want(addresses);
    this.#listener.adding(addresses);
    const done = await Promise.all(addresses.map((address) => this.#change("add", address)));
    return !done.includes("refused");
  }

  /** Removes addresses. One that is not there, or whose interface is gone, will do. */
  async remove(addresses: readonly VirtualAddress[]): Promise<void> {
    const ours = this.#book.unwant(addresses);
    for (const name of new Set(ours.map((address) => address.interface)))
      if (!this.#book.wantsAnyOn(name)) this.#listener.vacating(name);
    await Promise.all(ours.map((address) => this.#change("remove", address)));
  }

  /** An address came or went, by our hand or another. */
  async look(interfaceName: string, { address, prefixLength }: InterfaceAddress): Promise<void> {
    await this.#putRight({ address, prefixLength, interface: interfaceName });
  }

  /** The interfaces have changed: looks at the addresses on those that have come up. */
  lookAtInterfaces(): void {
    for (const address of this.#book.cameUp(this.#interfaces)) void this.#putRight(address);
  }

  /** Changes may have gone unseen: looks at every address. */
  async lookAtAll(): Promise<void> {
    await Promise.all(this.#book.all().map((address) => this.#putRight(address)));
  }

  /** Nothing of ours is on any interface. */
  close(): void {
    for (const timer of this.#later.values()) clearTimeout(timer);
    removeRecord(this.#recordPath);
  }

  async #putRight(address: VirtualAddress): Promise<void> {
    const wrong = this.#book.wrong(address, this.#interfaces);
    if (wrong === undefined) return;
    const wait = this.#book.putRightIn(address, now());
    if (wait > ZERO) {
      this.#lookLater(address, toMilliseconds(wait));
      return;
    }
    const cured = await this.#change(wrong === "missing" ? "add" : "remove", address);
    if (cured === "done") this.#listener.drift(address, wrong);
    if (cured === "refused" && wrong === "missing") this.#listener.lost(address);
  }

  #lookLater(address: VirtualAddress, wait: number): void {
    const name = addressKey(address);
    if (this.#later.has(name)) return;
    const look = (): void => {
      this.#later.delete(name);
      void this.#putRight(address);
    };
    this.#later.set(name, setTimeout(look, Math.ceil(wait)));
  }

  async #change(what: "add" | "remove", address: VirtualAddress): Promise<"done" | "needless" | "refused"> {
    const found = this.#interfaces.get(address.interface);
    if (found === undefined) return what === "add" ? "refused" : "needless";
    const target: InterfaceAddress = { ...address, interfaceIndex: found.index };
    try {
      await (what === "add" ? this.#rtnetlink.addAddress(target) : this.#rtnetlink.removeAddress(target));
      return "done";
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (isNeedless(what, error.errno)) return "needless";
      this.#listener.event(
        event("address-failed", {
          interface: address.interface,
          address: addressText(address),
          error: error.message,
        }),
      );
      return "refused";
    }
  }

  #record(): void {
    writeRecord<FailoverRecord>(this.#recordPath, { addresses: this.#book.ours() });
  }
}

function recorded(path: string): readonly VirtualAddress[] {
  const record = readRecord<FailoverRecord>(path);
  return (record?.addresses ?? []) as readonly VirtualAddress[];
}
