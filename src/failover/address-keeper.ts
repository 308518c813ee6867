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
import { AddressBook, addressText, isNeedless } from "../core/vrrp/address-book.ts";
import type { VirtualAddress, VirtualRouter } from "../core/vrrp/model.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { readRecord, removeRecord, writeRecord } from "../linux/record-file.ts";
import type { InterfaceAddress, Rtnetlink } from "../linux/rtnetlink.ts";

/** What the keeper tells. */
export interface AddressListener {
  event(event: Event): void;
  /** An address was not as it should be; `restored` when it is on the interface again and must be announced. */
  drift(address: VirtualAddress, restored: boolean): void;
  /** An address had gone, and the kernel refuses to have it back. */
  lost(address: VirtualAddress): void;
}

/** The keeper of all virtual addresses of this machine. */
export class AddressKeeper {
  readonly #rtnetlink: Rtnetlink;
  readonly #recordPath: string;
  readonly #listener: AddressListener;
  readonly #book = new AddressBook();
  #interfaces: Interfaces = new Map();

  constructor(rtnetlink: Rtnetlink, recordPath: string, listener: AddressListener) {
    this.#rtnetlink = rtnetlink;
    this.#recordPath = recordPath;
    this.#listener = listener;
  }

  /**
   * Takes charge of the addresses of `routers`, and returns those of the routers' and of an earlier life's that were on
   * an interface already. Called before anything is added, at start and at each change of the configuration.
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

  /** Says what the interfaces are now; indexes are looked up there. */
  see(interfaces: Interfaces): void {
    this.#interfaces = interfaces;
  }

  /** Those of a router's addresses that are claimed now. */
  held(router: VirtualRouter): readonly VirtualAddress[] {
    return this.#book.held(router);
  }

  /** Adds addresses; false when the kernel refused one. One that is there already will do. */
  async add(addresses: readonly VirtualAddress[]): Promise<boolean> {
    this.#book.want(addresses);
    const done = await Promise.all(addresses.map((address) => this.#change("add", address)));
    return !done.includes("refused");
  }

  /** Removes addresses. One that is not there, or whose interface is gone, will do. */
  async remove(addresses: readonly VirtualAddress[]): Promise<void> {
    const ours = this.#book.unwant(addresses);
    await Promise.all(ours.map((address) => this.#change("remove", address)));
  }

  /** Somebody added an address. */
  async onAdded(interfaceName: string, { address, prefixLength }: InterfaceAddress): Promise<void> {
    const added: VirtualAddress = { address, prefixLength, interface: interfaceName };
    if (!this.#book.isForeign(added)) return;
    if ((await this.#change("remove", added)) === "done") this.#listener.drift(added, false);
  }

  /** Somebody removed an address. */
  async onRemoved(interfaceName: string, { address, prefixLength }: InterfaceAddress): Promise<void> {
    const removed: VirtualAddress = { address, prefixLength, interface: interfaceName };
    if (!this.#book.isMissed(removed)) return;
    const restored = await this.#change("add", removed);
    if (restored === "done") this.#listener.drift(removed, true);
    if (restored === "refused") this.#listener.lost(removed);
  }

  /** Nothing of ours is on any interface. */
  close(): void {
    removeRecord(this.#recordPath);
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
