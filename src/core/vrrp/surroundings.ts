/**
 * What a virtual router finds on this machine: the interfaces that it needs, whether they will do, and which address of
 * its own it speaks from.
 */

import type { Ipv4 } from "../units/ipv4.ts";
import type { Mac } from "../units/mac.ts";
import type { VirtualRouter } from "./model.ts";

/** An interface as the kernel last described it. */
export interface Interface {
  readonly index: number;
  readonly name: string;
  /** Switched on, and with carrier. */
  readonly up: boolean;
  readonly mac: Mac | undefined;
  /** Its IPv4 addresses, in the kernel's order. */
  readonly addresses: readonly { readonly address: Ipv4; readonly prefixLength: number }[];
}

/** The interfaces of this machine, by name. */
export type Interfaces = ReadonlyMap<string, Interface>;

/** All that keeps a router from working, each in a few words that name the interface; empty when it can work. */
export function faultsOf(
  router: VirtualRouter,
  interfaces: Interfaces,
  virtual: ReadonlySet<Ipv4>,
): readonly string[] {
  const needed = new Set([router.interface, ...router.addresses.map((address) => address.interface)]);
  const faults = [...needed].flatMap((name) => {
    const found = interfaces.get(name);
    if (found === undefined) return [`interface ${name} is missing`];
    return found.up ? [] : [`interface ${name} is down`];
  });
  if (interfaces.has(router.interface) && primaryAddress(router, interfaces, virtual) === undefined) {
    faults.push(`interface ${router.interface} has no IPv4 address`);
  }
  return faults;
}

/**
 * The address that a router's adverts come from: its interface's first that is not `virtual`, one of those that any router
 * of this machine may hold. The owner of an address (priority 255) has no other (RFC 9568 §7.2).
 */
export function primaryAddress(
  router: VirtualRouter,
  interfaces: Interfaces,
  virtual: ReadonlySet<Ipv4>,
): Ipv4 | undefined {
  const own = interfaces.get(router.interface)?.addresses.map(({ address }) => address) ?? [];
  const first = own.find((address) => !virtual.has(address));
  return first ?? (router.priority === 255 ? own[0] : undefined);
}
