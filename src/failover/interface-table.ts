/** This machine's interfaces and their addresses, kept up to date by the kernel's notifications. */

import type { Interface, Interfaces } from "../core/vrrp/surroundings.ts";
import type { Receiver } from "../linux/receiver.ts";
import type { InterfaceAddress, Link, Rtnetlink } from "../linux/rtnetlink.ts";
import type { NetlinkMonitor } from "../linux/netlink-monitor.ts";
import { openRtnetlinkMonitor } from "../linux/rtnetlink-monitor.ts";

/** What wants to know of changes. */
export interface InterfaceListener {
  /** Something about the interfaces is not as it was. */
  changed(): void;
  /** An address came or went. */
  address(interfaceName: string, address: InterfaceAddress): void;
  /** Notifications were lost, and everything has been read anew. */
  readAnew(): void;
}

/** So often it is read anew, should it keep changing meanwhile. */
const READINGS_MAX = 10;

/** The table. */
export class InterfaceTable {
  readonly #byIndex = new Map<number, Interface>();
  readonly #byName = new Map<string, Interface>();
  readonly #rtnetlink: Rtnetlink;
  readonly #receiver: Receiver;
  readonly #listener: InterfaceListener;
  #monitor: NetlinkMonitor | undefined;
  #notifications = 0;

  constructor(rtnetlink: Rtnetlink, receiver: Receiver, listener: InterfaceListener) {
    this.#rtnetlink = rtnetlink;
    this.#receiver = receiver;
    this.#listener = listener;
  }

  /** The interfaces by name; always the same map. */
  get interfaces(): Interfaces {
    return this.#byName;
  }

  /** The number of an interface. */
  readonly indexOf = (name: string): number | undefined => this.#byName.get(name)?.index;

  /** The name of an interface. */
  readonly nameOf = (index: number): string | undefined => this.#byIndex.get(index)?.name;

  /** Starts to listen, then reads what is there. */
  async open(): Promise<void> {
    this.#monitor = openRtnetlinkMonitor(this.#receiver, {
      link: (link) => this.#onNotification(() => this.#setLink(link)),
      linkGone: (index) => this.#onNotification(() => this.#dropLink(index)),
      address: (address) => this.#onNotification(() => this.#onAddress(address)),
      addressGone: (address) => this.#onNotification(() => this.#onAddressGone(address)),
      lost: () => void this.#onLost(),
    });
    await this.#read();
  }

  /** Reads everything from the kernel, whose notifications may not have been heard yet. */
  async readAnew(): Promise<void> {
    await this.#read();
  }

  close(): void {
    this.#monitor?.close();
  }

  /** Hears what the kernel has told and nobody has read yet. */
  drain(): void {
    this.#monitor?.drain();
  }

  /** `apply` answers false when all is as it was. */
  #onNotification(apply: () => boolean | void): void {
    this.#notifications += 1;
    if (apply() !== false) this.#listener.changed();
  }

  async #onLost(): Promise<void> {
    await this.#read();
    this.#listener.readAnew();
  }

  /** Reads everything. What is told while the kernel is being asked may be older or newer than its answer: once more. */
  async #read(): Promise<void> {
    for (let reading = 0; reading < READINGS_MAX; reading += 1) {
      const before = this.#notifications;
      const links = await this.#rtnetlink.links();
      const addresses = await this.#rtnetlink.addresses();
      this.#byIndex.clear();
      this.#byName.clear();
      for (const link of links) this.#setLink(link);
      for (const address of addresses) this.#setAddress(address);
      if (this.#notifications === before) break;
    }
    this.#listener.changed();
  }

  #setLink(link: Link): void {
    const before = this.#byIndex.get(link.index);
    if (before !== undefined && before.name !== link.name) this.#byName.delete(before.name);
    this.#set({ ...link, addresses: before?.addresses ?? [] });
  }

  #dropLink(index: number): void {
    const gone = this.#byIndex.get(index);
    if (gone === undefined) return;
    this.#byIndex.delete(index);
    this.#byName.delete(gone.name);
  }

  #onAddress(address: InterfaceAddress): boolean {
    // Hundreds of leases are renewed each second, and the kernel tells of each.
    if (this.#isKnown(address)) return false;
    const on = this.#setAddress(address);
    if (on !== undefined) this.#listener.address(on.name, address);
    return true;
  }

  #isKnown({ interfaceIndex, ...told }: InterfaceAddress): boolean {
    const addresses: readonly Told[] = this.#byIndex.get(interfaceIndex)?.addresses ?? [];
    const known = addresses.find((other) => same(other, told));
    return (
      known !== undefined &&
      known.tentative === told.tentative &&
      known.permanent === told.permanent &&
      known.duplicate === told.duplicate
    );
  }

  #onAddressGone(address: InterfaceAddress): void {
    const on = this.#byIndex.get(address.interfaceIndex);
    if (on === undefined) return;
    this.#set({ ...on, addresses: on.addresses.filter((other) => !same(other, address)) });
    this.#listener.address(on.name, address);
  }

  /** The kernel tells of an address again when its lifetime changes; its place in the order stays. */
  #setAddress({ interfaceIndex, ...told }: InterfaceAddress): Interface | undefined {
    const on = this.#byIndex.get(interfaceIndex);
    if (on === undefined) return undefined;
    const known = on.addresses.some((other) => same(other, told));
    const addresses = known
      ? on.addresses.map((other) => (same(other, told) ? told : other))
      : [...on.addresses, told];
    this.#set({ ...on, addresses });
    return on;
  }

  #set(changed: Interface): void {
    this.#byIndex.set(changed.index, changed);
    this.#byName.set(changed.name, changed);
  }
}

type Told = Omit<InterfaceAddress, "interfaceIndex">;
type Prefix = Pick<InterfaceAddress, "address" | "prefixLength">;

function same(one: Prefix, other: Prefix): boolean {
  return one.address === other.address && one.prefixLength === other.prefixLength;
}
