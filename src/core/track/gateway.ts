/**
 * A gateway that is asked again and again whether it is there: whom to ask, from which address, and in which way.
 *
 * It is asked from an address of the director's own, never a virtual one: the answer has to come back here, and a gateway
 * that was asked from a virtual address would learn where that lives.
 */

import { isDefault, type Nexthop, type Route } from "../routing/model.ts";
import { type Family, familyOf, type IpAddress, ipBytes, isIpv6 } from "../units/ip-address.ts";
import { isLinkLocal } from "../units/ipv6.ts";
import type { Mac } from "../units/mac.ts";
import type { Duration } from "../units/time.ts";
import type { Interface, Interfaces } from "../vrrp/surroundings.ts";
import type { Rhythm } from "./repeated-check.ts";

/** How a gateway is asked: by ARP (RFC 826), neighbour solicitation (RFC 4861 §7.2), or an echo (RFC 792, RFC 4443). */
export type GatewayMethod = "arp" | "ndp" | "icmp";

/** A gateway that instances track. */
export interface TrackedGateway extends Rhythm {
  readonly name: string;
  /** Undefined: wherever the kernel's default route over the interface leads now. */
  readonly address: IpAddress | undefined;
  readonly family: Family;
  readonly interface: string;
  /** Undefined: `arp` or `ndp` when it is on the interface's network, else `icmp`. */
  readonly method: GatewayMethod | undefined;
  /** No answer within that is a failure. */
  readonly timeout: Duration;
}

/** One way to ask a gateway, as things are now. */
export interface Inquiry {
  readonly method: GatewayMethod;
  readonly target: IpAddress;
  readonly source: IpAddress;
  readonly interfaceIndex: number;
  /** The interface's; `arp` and `ndp` need one. */
  readonly mac: Mac | undefined;
}

/**
 * How to ask it now, where `nextHop` is that of the default route; or why it cannot be asked, in a few words. An address
 * that is `virtual` is not asked from.
 */
export function inquiryOf(
  gateway: TrackedGateway,
  nextHop: IpAddress | undefined,
  interfaces: Interfaces,
  virtual: ReadonlySet<IpAddress>,
): Inquiry | string {
  const { interface: name } = gateway;
  const on = interfaces.get(name);
  if (on === undefined) return `interface ${name} is missing`;
  if (!on.up) return `interface ${name} is down`;
  const target = gateway.address ?? nextHop;
  if (target === undefined) return `there is no default route over ${name}`;
  const source = sourceFor(target, on, virtual);
  if (source === undefined) return `interface ${name} has no address of its own to ask from`;
  const near = gateway.address === undefined || isOnLink(target, on, virtual);
  const method = gateway.method ?? (near ? neighbourly(gateway.family) : "icmp");
  if (method !== "icmp" && on.mac === undefined) return `interface ${name} has no hardware address`;
  return { method, target, source, interfaceIndex: on.index, mac: on.mac };
}

/** The gateway of the default route over an interface that is used now; undefined when there is none. */
export function gatewayOver(
  routes: readonly Route[],
  family: Family,
  interfaceName: string,
): IpAddress | undefined {
  const isHere = ({ via, interface: on }: Nexthop): boolean =>
    on === interfaceName && via !== undefined && familyOf(via) === family;
  const [best] = routes
    .filter((route) => route.family === family && isDefault(route) && route.nexthops.some(isHere))
    .toSorted((one, other) => one.metric - other.metric);
  return best?.nexthops.find(isHere)?.via;
}

function neighbourly(family: Family): GatewayMethod {
  return family === 6 ? "ndp" : "arp";
}

/** The address on the target's network, or else the first of its scope. */
function sourceFor(target: IpAddress, on: Interface, virtual: ReadonlySet<IpAddress>): IpAddress | undefined {
  const own = ownOf(on, virtual).filter(
    ({ address }) => familyOf(address) === familyOf(target) && isLocal(address) === isLocal(target),
  );
  const near = own.find(({ address, prefixLength }) => sharesPrefix(address, target, prefixLength));
  return (near ?? own[0])?.address;
}

function isOnLink(target: IpAddress, on: Interface, virtual: ReadonlySet<IpAddress>): boolean {
  if (isLocal(target)) return true;
  return ownOf(on, virtual).some(({ address, prefixLength }) => sharesPrefix(address, target, prefixLength));
}

function ownOf({ addresses }: Interface, virtual: ReadonlySet<IpAddress>): Interface["addresses"] {
  return addresses.filter(({ address, tentative }) => tentative !== true && !virtual.has(address));
}

function isLocal(address: IpAddress): boolean {
  return isIpv6(address) && isLinkLocal(address);
}

function sharesPrefix(one: IpAddress, other: IpAddress, length: number): boolean {
  const [a, b] = [ipBytes(one), ipBytes(other)];
  if (a.length !== b.length) return false;
  return a.every((byte, index) => {
    const kept = Math.min(8, Math.max(0, length - 8 * index));
    return (byte ^ (b[index] ?? 0)) >>> (8 - kept) === 0;
  });
}
