/**
 * What a virtual router finds on this machine: the interfaces that it needs, whether they will do, and which address of
 * its own it speaks from.
 */

import { interfacesOf } from "../routing/model.ts";
import { type IpAddress, isIpv6 } from "../units/ip-address.ts";
import { isLinkLocal } from "../units/ipv6.ts";
import type { Mac } from "../units/mac.ts";
import { suits } from "./delivery.ts";
import type { VirtualRouter } from "./model.ts";

/** An interface as the kernel last described it. */
export interface Interface {
  readonly index: number;
  readonly name: string;
  /** Switched on, and with carrier. */
  readonly up: boolean;
  readonly mac: Mac | undefined;
  /** Switched on, with carrier or without. */
  readonly enabled?: boolean;
  /** Of one that is made on top of another: what it is, such as `macvlan`, in which mode, and the other's index. */
  readonly stacked?: Stacked | undefined;
  /** Its addresses, each family in the kernel's order. */
  readonly addresses: readonly InterfaceAddress[];
}

/** What an interface is that is made on top of another. */
export interface Stacked {
  /** The kernel's name for it. */
  readonly kind: string;
  /** The other one's index; undefined when that is in another network namespace. */
  readonly parent: number | undefined;
  /** A macvlan's or an ipvlan's mode, in the words of ip-link(8). */
  readonly mode: string | undefined;
}

/** An address on an interface. */
interface InterfaceAddress {
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** IPv6: it is still being looked for a duplicate, or one has been found (RFC 4862 §5.4): it may not be used. */
  readonly tentative?: boolean;
  /** Its lifetime has no end. */
  readonly permanent?: boolean;
}

/** The interfaces of this machine, by name. */
export type Interfaces = ReadonlyMap<string, Interface>;

/** All that keeps a router from working, each in a few words that name the interface; empty when it can work. */
export function faultsOf(
  router: VirtualRouter,
  interfaces: Interfaces,
  virtual: ReadonlySet<IpAddress>,
): readonly string[] {
  const needed = new Set([
    router.interface,
    ...(router.link === undefined ? [] : [router.link.name]),
    ...router.addresses.map((address) => address.interface),
    ...router.routing.flatMap(interfacesOf),
  ]);
  const faults = [...needed].flatMap((name) => {
    const found = interfaces.get(name);
    if (found === undefined) return [`interface ${name} is missing`];
    return found.up ? [] : [`interface ${name} is down`];
  });
  if (interfaces.has(router.interface) && primaryAddress(router, interfaces, virtual) === undefined) {
    faults.push(withoutSource(router));
  }
  return faults;
}

function withoutSource({ delivery, family, interface: name }: VirtualRouter): string {
  if (delivery.source !== undefined) return `address ${delivery.source} is not on this machine`;
  if (family === 4) return `interface ${name} has no IPv4 address`;
  const linkLocal = suits(delivery, "fe80::1" as IpAddress);
  return `interface ${name} has no IPv6 ${linkLocal ? "link-local " : ""}address`;
}

/**
 * The address that a router's adverts come from: the configured one, as soon as it is there; else its interface's first that
 * suits and is not `virtual`, one of those that any router of this machine may hold. The owner of an address (priority
 * 255) has no other (RFC 9568 §7.2).
 */
export function primaryAddress(
  router: VirtualRouter,
  interfaces: Interfaces,
  virtual: ReadonlySet<IpAddress>,
): IpAddress | undefined {
  const { source } = router.delivery;
  if (source !== undefined) return isHere(source, router, interfaces) ? source : undefined;
  // Looked for one by one: there may be hundreds of virtual ones behind it.
  const firstThat = (will: (address: IpAddress) => boolean): IpAddress | undefined =>
    interfaces
      .get(router.interface)
      ?.addresses.find((own) => isUsable(own) && suits(router.delivery, own.address) && will(own.address))
      ?.address;
  const first = firstThat((address) => !virtual.has(address));
  return first ?? (router.priority === 255 ? firstThat(() => true) : undefined);
}

/** True when a configured source is on this machine; a link-local one has to be on the interface itself, or on top of it. */
function isHere(
  source: IpAddress,
  { interface: name, link }: VirtualRouter,
  interfaces: Interfaces,
): boolean {
  const near = [interfaces.get(name), link && interfaces.get(link.name)];
  const places = isIpv6(source) && isLinkLocal(source) ? near : [...interfaces.values()];
  return places.some((place) => place?.addresses.some((own) => isUsable(own) && own.address === source));
}

function isUsable({ tentative }: InterfaceAddress): boolean {
  return tentative !== true;
}
