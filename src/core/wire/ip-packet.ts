/** Packets of either family: the version in their first four bits says which (RFC 791 §3.1, RFC 8200 §3). */

import type { IpAddress } from "../units/ip-address.ts";
import { isIpv6 } from "../units/ip-address.ts";
import { decodeIpv4, encodeIpv4 } from "./ipv4.ts";
import { decodeIpv6, encodeIpv6 } from "./ipv6.ts";

/** What a packet says of itself, and what it carries. Source and destination are of one family. */
export interface IpPacket {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** Time to live, or hop limit. */
  readonly ttl: number;
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** Reads a packet; undefined when it is not a whole one. */
export function decodeIp(bytes: Uint8Array): IpPacket | undefined {
  return decodeIpv4(bytes) ?? decodeIpv6(bytes);
}

/** Writes a packet. Throws a RangeError when source and destination are of two families. */
export function encodeIp(packet: IpPacket): Uint8Array {
  const { source, destination } = packet;
  if (isIpv6(source) && isIpv6(destination)) return encodeIpv6({ ...packet, source, destination });
  if (!isIpv6(source) && !isIpv6(destination)) return encodeIpv4({ ...packet, source, destination });
  throw new RangeError(`no packet can go from ${source} to ${destination}`);
}
