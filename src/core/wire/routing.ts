/**
 * Routes and rules on the wire to the kernel: the bodies of rtnetlink's RTM_*ROUTE and RTM_*RULE (linux/rtnetlink.h,
 * linux/fib_rules.h). Both begin with twelve bytes that are much alike, and go on with attributes.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---------------+---------------+---------------+
 * |    family     |  to, length   | from, length  |      tos      |
 * +---------------+---------------+---------------+---------------+
 * |     table     | protocol, 0   |   scope, 0    | type, action  |
 * +---------------+---------------+---------------+---------------+
 * |   flags                                                       |
 * ```
 *
 * A table beyond 255 stands in an attribute alone. Interfaces have numbers here and names everywhere else; who calls
 * knows both.
 */

import { type Family, familyOf, type IpAddress, ipAt, ipBytes, ipLength } from "../units/ip-address.ts";
import type { Nexthop, Prefix, Route, RouteScope, RouteType, RoutingRule } from "../routing/model.ts";
import {
  attribute,
  type Attributes,
  decodeAttributes,
  joined,
  nested,
  readNested,
  readText,
  readU32,
  text,
  u32,
} from "./netlink.ts";

/** linux/rtnetlink.h: message types. */
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

/** Attributes of a route. */
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_VIA = 18;
const RTAX_MTU = 2;

/** Attributes of a rule. */
const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_SUPPRESS_PREFIXLEN = 14;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_OIFNAME = 17;
const FRA_PROTOCOL = 21;

const AF_INET = 2;
const AF_INET6 = 10;
const HEADER_LENGTH = 12;
const NEXTHOP_LENGTH = 8;
/** RT_SCOPE_NOWHERE: of any scope, in a request to delete. */
const ANY_SCOPE = 255;
const RTNH_F_ONLINK = 4;
const FIB_RULE_INVERT = 2;
/** A route of the cache, not of a table: RTM_F_CLONED. */
const CLONED = 0x200;
const LITTLE_ENDIAN = true;

const TYPES: Readonly<Record<RouteType, number>> = { unicast: 1, blackhole: 6, unreachable: 7, prohibit: 8 };
const SCOPES: Readonly<Record<RouteScope, number>> = { global: 0, link: 253, host: 254 };
const ACTIONS: Readonly<Record<RoutingRule["action"], number>> = {
  lookup: 1,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};

/** An interface's number by its name; throws where there is none. */
export type IndexOf = (name: string) => number;
/** An interface's name by its number. */
export type NameOf = (index: number) => string | undefined;

/** A route or a rule, and which protocol's it is (rtm_protocol, FRA_PROTOCOL). */
export interface Made<Entry> {
  readonly entry: Entry;
  readonly protocol: number;
}

/** A route to add or to replace. */
export function encodeRoute({ entry: route, protocol }: Made<Route>, indexOf: IndexOf): Uint8Array {
  const { family, to, table, nexthops } = route;
  const [only, ...more] = nexthops;
  const single = only !== undefined && more.length === 0 ? only : undefined;
  return joined([
    header({
      family,
      toLength: to.prefixLength,
      table,
      protocol,
      scope: SCOPES[route.scope],
      type: TYPES[route.type],
      flags: single === undefined ? 0 : nexthopFlags(single),
    }),
    ...destination(route),
    ...(route.src === undefined ? [] : [attribute(RTA_PREFSRC, ipBytes(route.src))]),
    ...(route.mtu === undefined ? [] : [nested(RTA_METRICS, u32(RTAX_MTU, route.mtu))]),
    ...(single === undefined ? [] : nexthopAttributes(single, family)),
    ...(single?.interface === undefined ? [] : [u32(RTA_OIF, indexOf(single.interface))]),
    ...(more.length === 0 ? [] : [attribute(RTA_MULTIPATH, multipath(nexthops, family, indexOf))]),
  ]);
}

/** Names a route to delete. One of another protocol's is not meant. */
export function encodeRouteId({ entry: route, protocol }: Made<Route>): Uint8Array {
  const { family, to, table } = route;
  const top = header({
    family,
    toLength: to.prefixLength,
    table,
    protocol,
    scope: ANY_SCOPE,
    type: 0,
    flags: 0,
  });
  return joined([top, ...destination(route)]);
}

/** Asks for a family's routes: those of a protocol, or those of a table. 0 is all. Older kernels give more. */
export function encodeRouteQuery(family: Family, protocol: number, table: number): Uint8Array {
  const top = header({ family, toLength: 0, table, protocol, scope: 0, type: 0, flags: 0 });
  return joined([top, ...(table === 0 ? [] : [u32(RTA_TABLE, table)])]);
}

/** The route that a message is about; undefined when it is of a kind that we never make. */
export function decodeRoute(bytes: Uint8Array, nameOf: NameOf): Made<Route> | undefined {
  const message = readMessage(bytes);
  if (message === undefined || (message.flags & CLONED) !== 0) return undefined;
  const { family, fromLength, tos, values } = message;
  if (fromLength !== 0 || tos !== 0) return undefined;
  const type = keyOf(TYPES, message.type);
  const scope = keyOf(SCOPES, message.scope);
  const to = readPrefix(family, message.toLength, values.get(RTA_DST));
  if (type === undefined || scope === undefined || to === undefined) return undefined;
  const source = readAddress(family, values.get(RTA_PREFSRC));
  const metrics = readNested(values.get(RTA_METRICS));
  return {
    protocol: message.protocol,
    entry: {
      kind: "route",
      family,
      to,
      table: readU32(values.get(RTA_TABLE)) ?? message.table,
      metric: readU32(values.get(RTA_PRIORITY)) ?? 0,
      type,
      scope,
      src: source,
      mtu: readU32(metrics?.get(RTAX_MTU)),
      nexthops: type === "unicast" ? readNexthops(message, nameOf) : [],
      tracked: false,
    },
  };
}

/** A rule to add or to delete. */
export function encodeRule({ entry: rule, protocol }: Made<RoutingRule>): Uint8Array {
  const { family, from, to, iif, oif, fwmark, suppressPrefixLength: suppressed } = rule;
  return joined([
    header({
      family,
      toLength: to?.prefixLength ?? 0,
      fromLength: from?.prefixLength ?? 0,
      table: rule.table,
      protocol: 0,
      scope: 0,
      type: ACTIONS[rule.action],
      flags: rule.not ? FIB_RULE_INVERT : 0,
    }),
    u32(FRA_PRIORITY, rule.priority),
    attribute(FRA_PROTOCOL, Uint8Array.of(protocol)),
    ...(rule.table === 0 ? [] : [u32(FRA_TABLE, rule.table)]),
    ...(to === undefined || to.prefixLength === 0 ? [] : [attribute(FRA_DST, ipBytes(to.address))]),
    ...(from === undefined || from.prefixLength === 0 ? [] : [attribute(FRA_SRC, ipBytes(from.address))]),
    ...(iif === undefined ? [] : [text(FRA_IIFNAME, iif)]),
    ...(oif === undefined ? [] : [text(FRA_OIFNAME, oif)]),
    ...(fwmark === undefined ? [] : [u32(FRA_FWMARK, fwmark.mark), u32(FRA_FWMASK, fwmark.mask)]),
    ...(suppressed === undefined ? [] : [u32(FRA_SUPPRESS_PREFIXLEN, suppressed)]),
  ]);
}

/** Asks for a family's rules. */
export function encodeRuleQuery(family: Family): Uint8Array {
  return header({ family, toLength: 0, table: 0, protocol: 0, scope: 0, type: 0, flags: 0 });
}

/** The rule that a message is about; undefined when it is of a kind that we never make. */
export function decodeRule(bytes: Uint8Array): Made<RoutingRule> | undefined {
  const message = readMessage(bytes);
  if (message === undefined) return undefined;
  const { family, values, toLength, fromLength } = message;
  const action = keyOf(ACTIONS, message.type);
  const [protocol = 0] = values.get(FRA_PROTOCOL) ?? [];
  if (action === undefined) return undefined;
  const mark = readU32(values.get(FRA_FWMARK));
  const mask = readU32(values.get(FRA_FWMASK));
  const suppressed = readU32(values.get(FRA_SUPPRESS_PREFIXLEN));
  return {
    protocol,
    entry: {
      kind: "rule",
      family,
      priority: readU32(values.get(FRA_PRIORITY)) ?? 0,
      not: (message.flags & FIB_RULE_INVERT) !== 0,
      from: fromLength === 0 ? undefined : readPrefix(family, fromLength, values.get(FRA_SRC)),
      to: toLength === 0 ? undefined : readPrefix(family, toLength, values.get(FRA_DST)),
      iif: readText(values.get(FRA_IIFNAME)),
      oif: readText(values.get(FRA_OIFNAME)),
      fwmark: mark === undefined && mask === undefined ? undefined : { mark: mark ?? 0, mask: mask ?? 0 },
      action,
      table: action === "lookup" ? (readU32(values.get(FRA_TABLE)) ?? message.table) : 0,
      // The kernel says -1 where nothing is suppressed.
      suppressPrefixLength: suppressed === 0xffff_ffff ? undefined : suppressed,
    },
  };
}

interface Header {
  readonly family: Family;
  readonly toLength: number;
  readonly fromLength?: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
}

function header(fields: Header): Uint8Array {
  const { family, toLength, fromLength = 0, table, protocol, scope, type } = fields;
  const domain = family === 6 ? AF_INET6 : AF_INET;
  const bytes = new Uint8Array(HEADER_LENGTH);
  bytes.set([domain, toLength, fromLength, 0, table < 256 ? table : 0, protocol, scope, type]);
  new DataView(bytes.buffer).setUint32(8, fields.flags, LITTLE_ENDIAN);
  return bytes;
}

interface Message extends Header {
  readonly fromLength: number;
  readonly tos: number;
  readonly values: Attributes;
}

function readMessage(bytes: Uint8Array): Message | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const values = decodeAttributes(bytes.subarray(HEADER_LENGTH));
  const [domain, toLength = 0, fromLength = 0, tos = 0, table = 0, protocol = 0, scope = 0, type = 0] = bytes;
  if (values === undefined || (domain !== AF_INET && domain !== AF_INET6)) return undefined;
  const flags = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, LITTLE_ENDIAN);
  const family = domain === AF_INET6 ? 6 : 4;
  return { family, toLength, fromLength, tos, table, protocol, scope, type, flags, values };
}

function destination({ to, table, metric }: Route): readonly Uint8Array[] {
  return [
    u32(RTA_TABLE, table),
    ...(to.prefixLength === 0 ? [] : [attribute(RTA_DST, ipBytes(to.address))]),
    ...(metric === 0 ? [] : [u32(RTA_PRIORITY, metric)]),
  ];
}

function nexthopFlags({ onlink }: Nexthop): number {
  return onlink ? RTNH_F_ONLINK : 0;
}

/** A gateway of the other family is told together with its family. */
function nexthopAttributes({ via }: Nexthop, family: Family): readonly Uint8Array[] {
  if (via === undefined) return [];
  if (familyOf(via) === family) return [attribute(RTA_GATEWAY, ipBytes(via))];
  const domain = Uint8Array.of(familyOf(via) === 6 ? AF_INET6 : AF_INET, 0);
  return [attribute(RTA_VIA, joined([domain, ipBytes(via)]))];
}

/** `struct rtnexthop`: length, flags, weight less one, interface; then its attributes. */
function multipath(nexthops: readonly Nexthop[], family: Family, indexOf: IndexOf): Uint8Array {
  return joined(
    nexthops.map((nexthop) => {
      const attributes = nexthopAttributes(nexthop, family);
      const top = new Uint8Array(NEXTHOP_LENGTH);
      const view = new DataView(top.buffer);
      const length = attributes.reduce((sum, { length: own }) => sum + own, NEXTHOP_LENGTH);
      view.setUint16(0, length, LITTLE_ENDIAN);
      top[2] = nexthopFlags(nexthop);
      top[3] = nexthop.weight - 1;
      view.setInt32(4, nexthop.interface === undefined ? 0 : indexOf(nexthop.interface), LITTLE_ENDIAN);
      return joined([top, ...attributes]);
    }),
  );
}

function readNexthops({ family, flags, values }: Message, nameOf: NameOf): readonly Nexthop[] {
  const several = values.get(RTA_MULTIPATH);
  if (several !== undefined) return readMultipath(family, several, nameOf);
  const index = readU32(values.get(RTA_OIF)) ?? 0;
  return [readNexthop(family, values, index, flags, 1, nameOf)];
}

function readMultipath(family: Family, bytes: Uint8Array, nameOf: NameOf): readonly Nexthop[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const nexthops: Nexthop[] = [];
  let offset = 0;
  while (offset + NEXTHOP_LENGTH <= bytes.length) {
    const length = view.getUint16(offset, LITTLE_ENDIAN);
    if (length < NEXTHOP_LENGTH || offset + length > bytes.length) break;
    const values = decodeAttributes(bytes.subarray(offset + NEXTHOP_LENGTH, offset + length)) ?? new Map();
    const [flags, hops] = [view.getUint8(offset + 2), view.getUint8(offset + 3)];
    const index = view.getInt32(offset + 4, LITTLE_ENDIAN);
    nexthops.push(readNexthop(family, values, index, flags, hops + 1, nameOf));
    offset += Math.ceil(length / 4) * 4;
  }
  return nexthops;
}

function readNexthop(
  family: Family,
  values: Attributes,
  index: number,
  flags: number,
  weight: number,
  nameOf: NameOf,
): Nexthop {
  const other = values.get(RTA_VIA);
  const via =
    other === undefined
      ? readAddress(family, values.get(RTA_GATEWAY))
      : readAddress(other[0] === AF_INET6 ? 6 : 4, other.subarray(2));
  return { via, interface: nameOf(index), weight, onlink: (flags & RTNH_F_ONLINK) !== 0 };
}

function readPrefix(family: Family, prefixLength: number, value: Uint8Array | undefined): Prefix | undefined {
  const bytes = value ?? new Uint8Array(ipLength(family));
  return bytes.length === ipLength(family) ? { address: ipAt(family, bytes, 0), prefixLength } : undefined;
}

function readAddress(family: Family, value: Uint8Array | undefined): IpAddress | undefined {
  return value?.length === ipLength(family) ? ipAt(family, value, 0) : undefined;
}

function keyOf<Key extends string>(numbers: Readonly<Record<Key, number>>, number: number): Key | undefined {
  return (Object.keys(numbers) as Key[]).find((key) => numbers[key] === number);
}
