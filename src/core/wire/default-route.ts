/**
 * Default routes in what rtnetlink tells (linux/rtnetlink.h, struct rtmsg and its attributes):
 *
 * ```
 * |    family     |   dst_len     |   src_len     |      tos      |
 * |    table      |   protocol    |    scope      |     type      |
 * |                           flags                               |
 * ```
 */

import { type Family, type IpAddress, ipAt, ipLength } from "../units/ip-address.ts";
import { type Attributes, decodeAttributes, readU32 } from "./netlink.ts";

/** Types of message. */
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

const HEADER_LENGTH = 12;
const AF_INET = 2;
const AF_INET6 = 10;
const RT_TABLE_MAIN = 254;
const RTN_UNICAST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
/** struct rtnexthop: length, flags, hops, interface; then attributes. */
const NEXTHOP_LENGTH = 8;

/** One way that a default route leads. */
export interface DefaultRoute {
  readonly family: Family;
  readonly gateway: IpAddress;
  readonly interfaceIndex: number;
  /** The lowest is used. */
  readonly metric: number;
}

/** True when a message about a route, by its body, is about a default route. */
export function isAboutDefault(body: Uint8Array): boolean {
  return body.length >= HEADER_LENGTH && body[1] === 0;
}

/** The ways of a default route of the main table; none when the message's body is about anything else. */
export function defaultRoutes(body: Uint8Array): readonly DefaultRoute[] {
  const [domain, length, sourceLength] = body;
  if (!isAboutDefault(body) || length !== 0 || sourceLength !== 0 || body[7] !== RTN_UNICAST) return [];
  if (domain !== AF_INET && domain !== AF_INET6) return [];
  const attributes = decodeAttributes(body.subarray(HEADER_LENGTH));
  if (attributes === undefined || (readU32(attributes.get(RTA_TABLE)) ?? body[4]) !== RT_TABLE_MAIN)
    return [];
  const family = domain === AF_INET6 ? 6 : 4;
  const metric = readU32(attributes.get(RTA_PRIORITY)) ?? 0;
  const way = (interfaceIndex: number | undefined, from: Attributes): DefaultRoute[] => {
    const bytes = from.get(RTA_GATEWAY);
    if (interfaceIndex === undefined || bytes?.length !== ipLength(family)) return [];
    return [{ family, gateway: ipAt(family, bytes, 0), interfaceIndex, metric }];
  };
  const several = attributes.get(RTA_MULTIPATH);
  return several === undefined
    ? way(readU32(attributes.get(RTA_OIF)), attributes)
    : nexthops(several).flatMap(([index, own]) => way(index, own));
}

function nexthops(bytes: Uint8Array): [number, Attributes][] {
  const found: [number, Attributes][] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = 0; offset + NEXTHOP_LENGTH <= bytes.length; ) {
    const length = view.getUint16(offset, true);
    if (length < NEXTHOP_LENGTH || offset + length > bytes.length) break;
    const own = decodeAttributes(bytes.subarray(offset + NEXTHOP_LENGTH, offset + length));
    if (own !== undefined) found.push([view.getInt32(offset + 4, true), own]);
    offset += Math.ceil(length / 4) * 4;
  }
  return found;
}

/** The gateway of the default route over an interface that is used now; undefined when there is none. */
export function gatewayOver(
  routes: readonly DefaultRoute[],
  family: Family,
  interfaceIndex: number,
): IpAddress | undefined {
  const [best] = routes
    .filter((route) => route.family === family && route.interfaceIndex === interfaceIndex)
    .toSorted((one, other) => one.metric - other.metric);
  return best?.gateway;
}
