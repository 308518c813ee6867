/**
 * Routes and policy rules (ip-route(8), ip-rule(8)) as the core thinks of them: with every default filled in that the
 * kernel would fill in, so that what is wanted and what is found can be compared.
 */

import type { Family, IpAddress } from "../units/ip-address.ts";

/** A network: all zero bits behind the prefix. */
export interface Prefix {
  readonly address: IpAddress;
  /** 0..32, or 0..128 for IPv6 */
  readonly prefixLength: number;
}

/** What becomes of a packet that a route matches: it is sent on, or dropped, or refused with an ICMP message. */
export type RouteType = "unicast" | "blackhole" | "unreachable" | "prohibit";

/** How far away a destination is: behind a gateway, on a link, this machine. IPv6 does not tell them apart. */
export type RouteScope = "global" | "link" | "host";

/** One way to a destination; at least one of `via` and `interface` is there. */
export interface Nexthop {
  /** The gateway; without one the destination is on the link. */
  readonly via?: IpAddress | undefined;
  /** Undefined: the kernel chooses the interface that the gateway is on. */
  readonly interface?: string | undefined;
  /** 1..256: its share where there are several. */
  readonly weight: number;
  /** The gateway is on the link although no route says so. */
  readonly onlink: boolean;
}

/** A route. The kernel has one for each destination, table and metric. */
export interface Route {
  readonly kind: "route";
  readonly family: Family;
  readonly to: Prefix;
  /** 1..4294967295; 254 is the main one. */
  readonly table: number;
  /** The lower one is preferred; IPv6 says 1024 for none. */
  readonly metric: number;
  readonly type: RouteType;
  readonly scope: RouteScope;
  /** The source address of this machine's own packets on this route. */
  readonly src?: IpAddress | undefined;
  readonly mtu?: number | undefined;
  /** Several: the traffic is shared among them. None unless the type is unicast. */
  readonly nexthops: readonly Nexthop[];
  /** False is keepalived's `no_track`: that its interface is down is no fault of the router's. */
  readonly tracked: boolean;
}

/** A policy rule: which table is looked up for which packets. */
export interface RoutingRule {
  readonly kind: "rule";
  readonly family: Family;
  /** 1..4294967295; rules are asked in this order. */
  readonly priority: number;
  /** The rule holds for all packets but those that match. */
  readonly not: boolean;
  readonly from?: Prefix | undefined;
  readonly to?: Prefix | undefined;
  readonly iif?: string | undefined;
  readonly oif?: string | undefined;
  readonly fwmark?: { readonly mark: number; readonly mask: number } | undefined;
  readonly action: "lookup" | "blackhole" | "unreachable" | "prohibit";
  /** The table of `lookup`; 0 otherwise. */
  readonly table: number;
  /** A route of so short a prefix, or a shorter one, is passed over. */
  readonly suppressPrefixLength?: number | undefined;
}

/** Either. */
export type RoutingEntry = Route | RoutingRule;

/**
 * What our routes and rules carry as the protocol that made them (rtm_protocol, FRA_PROTOCOL): VRRP's number, which
 * nobody else has in rt_protos. keepalived's is 18.
 */
export const ROUTE_PROTOCOL = 112;

/** linux/rtnetlink.h: RT_TABLE_MAIN */
export const MAIN_TABLE = 254;

/** What IPv6 takes for no metric: IP6_RT_PRIO_USER of linux/ipv6_route.h. */
export const IPV6_METRIC = 1024;

/** True for a default route of the main table. */
export function isDefault({ to, table }: Route): boolean {
  return to.prefixLength === 0 && table === MAIN_TABLE;
}

/** The interfaces that a router cannot do without because of a route. */
export function interfacesOf(entry: RoutingEntry): readonly string[] {
  if (entry.kind === "rule" || !entry.tracked) return [];
  return entry.nexthops.flatMap((nexthop) => nexthop.interface ?? []);
}
