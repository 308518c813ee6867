/**
 * IPv6 addresses, as canonical text (RFC 5952): the same address is always the same text, so that text can be compared,
 * be a map's key, and stand in a log line. The sixteen bytes are made where a packet is.
 */

import { ipv4At, ipv4Bytes, parseIpv4 } from "./ipv4.ts";

/** An IPv6 address in the form of RFC 5952, such as `2001:db8::1`, without a zone. */
export type Ipv6 = string & { readonly __kind: "ipv6" };

/** An address has so many 16-bit groups. */
const GROUPS = 8;

/** The address that a text spells in any of the forms of RFC 4291 §2.2; undefined when it is none. */
export function parseIpv6(text: string): Ipv6 | undefined {
  const [head = "", tail, ...more] = text.split("::");
  const before = readGroups(head, tail === undefined);
  if (before === undefined || more.length > 0) return undefined;
  if (tail === undefined) return before.length === GROUPS ? spell(before) : undefined;
  const behind = readGroups(tail, true);
  if (behind === undefined) return undefined;
  const missing = GROUPS - before.length - behind.length;
  return missing < 1 ? undefined : spell([...before, ...Array<number>(missing).fill(0), ...behind]);
}

/** The address's sixteen bytes, in network order. */
export function ipv6Bytes(address: Ipv6): Uint8Array {
  const bytes = new Uint8Array(2 * GROUPS);
  const [head = "", tail = ""] = address.split("::");
  const before = readGroups(head, true) ?? [];
  const behind = readGroups(tail, true) ?? [];
  const view = new DataView(bytes.buffer);
  for (const [index, group] of before.entries()) view.setUint16(2 * index, group);
  for (const [index, group] of behind.toReversed().entries()) view.setUint16(14 - 2 * index, group);
  return bytes;
}

/** The address that starts at `offset` in `bytes`; there must be sixteen bytes. */
export function ipv6At(bytes: Uint8Array, offset: number): Ipv6 {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 2 * GROUPS);
  return spell(Array.from({ length: GROUPS }, (_, index) => view.getUint16(2 * index)));
}

/** True for fe80::/10: an address that is good on one link only (RFC 4291 §2.5.6). */
export function isLinkLocal(address: Ipv6): boolean {
  return (firstGroup(address) & 0xffc0) === 0xfe80;
}

/** True for ff00::/8 (RFC 4291 §2.7). */
export function isMulticastIpv6(address: Ipv6): boolean {
  return firstGroup(address) >>> 8 === 0xff;
}

/** True for an address that one host can own: not unspecified, loopback, multicast, or an IPv4 address in disguise. */
export function isUnicastIpv6(address: Ipv6): boolean {
  return address !== "::" && address !== "::1" && !isMulticastIpv6(address) && !address.startsWith("::ffff:");
}

function firstGroup(address: Ipv6): number {
  return Number.parseInt(address.split(":")[0] || "0", 16);
}

/** The groups of a part without `::`; the `last` part may end in dotted form. */
function readGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const words = text.split(":");
  const dotted = last ? parseIpv4(words.at(-1) ?? "") : undefined;
  const hexadecimal = dotted === undefined ? words : words.slice(0, -1);
  if (!hexadecimal.every((word) => /^[0-9A-Fa-f]{1,4}$/.test(word))) return undefined;
  const groups = hexadecimal.map((word) => Number.parseInt(word, 16));
  if (dotted === undefined) return groups;
  const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(dotted);
  return [...groups, (a << 8) | b, (c << 8) | d];
}

/** RFC 5952 §4: lower case, no leading zeros, the first of the longest runs of two or more zero groups as `::`. */
function spell(groups: readonly number[]): Ipv6 {
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) {
    // §5: what is known to hold an IPv4 address shows it.
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${ipv4At(Uint8Array.of(high >> 8, high & 0xff, low >> 8, low & 0xff), 0)}` as Ipv6;
  }
  const words = groups.map((group) => group.toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return words.join(":") as Ipv6;
  return `${words.slice(0, start).join(":")}::${words.slice(start + length).join(":")}` as Ipv6;
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  }
  return longest;
}
