/** Addresses of either family. The text tells which: only IPv6 has a colon. */

import { type Ipv4, ipv4At, ipv4Bytes, parseIpv4 } from "./ipv4.ts";
import { type Ipv6, ipv6At, ipv6Bytes, parseIpv6 } from "./ipv6.ts";

/** An address, in canonical text. */
export type IpAddress = Ipv4 | Ipv6;

/** The version of the Internet Protocol that an address belongs to. */
export type Family = 4 | 6;

/** The address that a text spells; undefined when it is none. */
export function parseIpAddress(text: string): IpAddress | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

/** True for an IPv6 address. */
export function isIpv6(address: IpAddress): address is Ipv6 {
  return address.includes(":");
}

/** The family of an address. */
export function familyOf(address: IpAddress): Family {
  return isIpv6(address) ? 6 : 4;
}

/** The address's four or sixteen bytes, in network order. */
export function ipBytes(address: IpAddress): Uint8Array {
  return isIpv6(address) ? ipv6Bytes(address) : ipv4Bytes(address);
}

/** The address of that family that starts at `offset` in `bytes`, which must hold all of it. */
export function ipAt(family: Family, bytes: Uint8Array, offset: number): IpAddress {
  return family === 6 ? ipv6At(bytes, offset) : ipv4At(bytes, offset);
}

/** The number of bytes of an address of that family. */
export function ipLength(family: Family): 4 | 16 {
  return family === 6 ? 16 : 4;
}

/**
 * Below zero when `one` is the lower, above when it is the higher: RFC 9568 §6.4.3 compares addresses as unsigned integers
 * "in network byte order". Both are of one family; else the IPv6 address is the higher.
 */
export function compareIp(one: IpAddress, other: IpAddress): number {
  const [a, b] = [ipBytes(one), ipBytes(other)];
  if (a.length !== b.length) return a.length - b.length;
  const index = a.findIndex((byte, at) => byte !== b[at]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
