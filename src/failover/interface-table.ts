/** This machine's interfaces and their addresses, kept up to date by the kernel's notifications. */

import type { Interface, Interfaces } from "../core/vrrp/surroundings.ts";
import type { InterfaceAddress, Link, Rtnetlink } from "../linux/rtnetlink.ts";

/** What wants to know of changes. */
export interface InterfaceListener {
  /** Something about the interfaces is not as it was. */
  changed(): void;
  addressAdded(interfaceName: string, address: InterfaceAddress): void;
  addressRemoved(interfaceName: string, address: InterfaceAddress): void;
}

/** The table. */
export class InterfaceTable {
  readonly #byIndex = new Map<number, Interface>();
  readonly #byName = new Map<string, Interface>();
  readonly #rtnetlink: Rtnetlink;
  readonly #listener: InterfaceListener;

  constructor(rtnetlink: Rtnetlink, listener: InterfaceListener) {
    this.#rtnetlink = rtnetlink;
    this.#listener = listener;
  }

  get interfaces(): Interfaces {
    return this.#byName;
  }

  /** Starts to watch, then reads what is there. */
  async open(): Promise<void> {
    this.#rtnetlink.watch({
      link: (link) => {
        this.#setLink(link);
        this.#listener.changed();
      },
      linkGone: (index) => {
        this.#dropLink(index);
        this.#listener.changed();
      },
      address: (address) => this.#onAddress(address),
      addressGone: (address) => this.#onAddressGone(address),
      lost: () => void this.read(),
    });
    await this.read();
  }

  /** Reads everything anew. */
  async read(): Promise<void> {
    const links = await this.#rtnetlink.links();
    const addresses = await this.#rtnetlink.addresses();
    this.#byIndex.clear();
    this.#byName.clear();
    for (const link of links) this.#setLink(link);
    for (const address of addresses) this.#setAddress(address);
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

  #onAddress(address: InterfaceAddress): void {
    const on = this.#setAddress(address);
    if (on === undefined) return;
    this.#listener.changed();
    this.#listener.addressAdded(on.name, address);
  }

  #onAddressGone(address: InterfaceAddress): void {
    const on = this.#byIndex.get(address.interfaceIndex);
    if (on === undefined) return;
    this.#set({ ...on, addresses: on.addresses.filter((other) => !same(other, address)) });
    this.#listener.changed();
    this.#listener.addressRemoved(on.name, address);
  }

  /** The kernel tells of an address again when its lifetime changes; its place in the order stays. */
  #setAddress({ interfaceIndex, address, prefixLength }: InterfaceAddress): Interface | undefined {
    const on = this.#byIndex.get(interfaceIndex);
    if (on === undefined) return undefined;
    const added = { address, prefixLength };
    if (!on.addresses.some((other) => same(other, added)))
      this.#set({ ...on, addresses: [...on.addresses, added] });
    return on;
  }

  #set(changed: Interface): void {
    this.#byIndex.set(changed.index, changed);
    this.#byName.set(changed.name, changed);
  }
}

type Prefix = Pick<InterfaceAddress, "address" | "prefixLength">;

function same(one: Prefix, other: Prefix): boolean {
  return one.address === other.address && one.prefixLength === other.prefixLength;
}
