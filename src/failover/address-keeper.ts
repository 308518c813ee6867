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
}

/** The keeper of all virtual addresses of this machine. */
export class AddressKeeper {
  readonly #rtnetlink: Rtnetlink;
  readonly #recordPath: string;
  readonly #listener: AddressListener;
  /** All that may be ours, by key; the value says whether it shall be on its interface. */
  readonly #wanted = new Map<string, boolean>();
  /** Addresses of an owner that were there before us: not ours to remove. */
  readonly #borrowed = new Set<string>();
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
    const earlier = this.#wanted.size === 0 ? recorded(this.#recordPath) : [];
    const unknown = routers.flatMap((router) =>
      router.addresses.filter((address) => !this.#wanted.has(key(address))),
    );
    for (const router of routers) {
      if (router.priority !== 255) continue;
      const own = router.addresses.filter(
        (address) => !this.#wanted.has(key(address)) && this.#present(address),
      );
      for (const address of own)
        if (!earlier.some((other) => key(other) === key(address))) this.#borrowed.add(key(address));
    }
    const found = unique([...earlier, ...unknown]).filter(
      (address) => this.#present(address) && !this.#borrowed.has(key(address)),
    );
    for (const address of [...earlier, ...unknown])
      this.#wanted.set(key(address), this.#wanted.get(key(address)) ?? false);
    this.#record();
    return found;
  }

  /** Forgets addresses that no router has any more, once they are off their interfaces. */
  forgetAllBut(routers: readonly VirtualRouter[]): void {
    const kept = new Set(routers.flatMap((router) => router.addresses.map(key)));
    for (const [name, wanted] of this.#wanted) if (!wanted && !kept.has(name)) this.#wanted.delete(name);
    this.#record();
  }

  /** Says what the interfaces are now; indexes are looked up there. */
  see(interfaces: Interfaces): void {
    this.#interfaces = interfaces;
  }

  /** Those of a router's addresses that are claimed now. */
  held(router: VirtualRouter): readonly VirtualAddress[] {
    return router.addresses.filter((address) => this.#wanted.get(key(address)) === true);
  }

  /** Adds addresses; false when the kernel refused one. One that is there already will do. */
  async add(addresses: readonly VirtualAddress[]): Promise<boolean> {
    for (const address of addresses) this.#wanted.set(key(address), true);
    const done = await Promise.all(addresses.map((address) => this.#change("add", address)));
    return !done.includes("refused");
  }

  /** Removes addresses. One that is not there, or whose interface is gone, will do. */
  async remove(addresses: readonly VirtualAddress[]): Promise<void> {
    for (const address of addresses) this.#wanted.set(key(address), false);
    const ours = addresses.filter((address) => !this.#borrowed.has(key(address)));
    await Promise.all(ours.map((address) => this.#change("remove", address)));
  }

  /** Somebody added an address. */
  async onAdded(interfaceName: string, { address, prefixLength }: InterfaceAddress): Promise<void> {
    const added: VirtualAddress = { address, prefixLength, interface: interfaceName };
    if (this.#wanted.get(key(added)) !== false || this.#borrowed.has(key(added))) return;
    if ((await this.#change("remove", added)) === "done") this.#listener.drift(added, false);
  }

  /** Somebody removed an address. */
  async onRemoved(interfaceName: string, { address, prefixLength }: InterfaceAddress): Promise<void> {
    const removed: VirtualAddress = { address, prefixLength, interface: interfaceName };
    if (this.#wanted.get(key(removed)) !== true) return;
    if ((await this.#change("add", removed)) === "done") this.#listener.drift(removed, true);
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
      if (NEEDLESS[what].includes(error.errno)) return "needless";
      this.#listener.event(
        event("address-failed", {
          interface: address.interface,
          address: text(address),
          error: error.message,
        }),
      );
      return "refused";
    }
  }

  #present(address: VirtualAddress): boolean {
    const on = this.#interfaces.get(address.interface)?.addresses ?? [];
    return on.some(
      (other) => other.address === address.address && other.prefixLength === address.prefixLength,
    );
  }

  #record(): void {
    const ours = [...this.#wanted.keys()].filter((name) => !this.#borrowed.has(name));
    writeRecord<FailoverRecord>(this.#recordPath, { addresses: ours.map(fromKey) });
  }
}

/** What the kernel says when there is nothing to do. */
const NEEDLESS = { add: ["EEXIST"], remove: ["EADDRNOTAVAIL", "ENODEV", "ENXIO"] };

/** An address as operators write it. */
export function text({ address, prefixLength }: VirtualAddress): string {
  return `${address}/${prefixLength}`;
}

function key(address: VirtualAddress): string {
  return `${text(address)} ${address.interface}`;
}

function fromKey(name: string): VirtualAddress {
  const [prefix = "", interfaceName = ""] = name.split(" ");
  const [address = "", length = "32"] = prefix.split("/");
  return {
    address: address as VirtualAddress["address"],
    prefixLength: Number(length),
    interface: interfaceName,
  };
}

function unique(addresses: readonly VirtualAddress[]): readonly VirtualAddress[] {
  return [...new Map(addresses.map((address) => [key(address), address])).values()];
}

function recorded(path: string): readonly VirtualAddress[] {
  const record = readRecord<FailoverRecord>(path);
  return (record?.addresses ?? []) as readonly VirtualAddress[];
}
