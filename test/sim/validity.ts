/**
 * A second opinion on which packets count, written from the RFCs alone (RFC 9568 §5, §7.1; RFC 3768 §5.3, §7.1; RFC 2338
 * §5.3.6; RFC 2402) and sharing no line with the shipped decoder: the simulator's word against the code's.
 */

import { createHmac } from "node:crypto";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";

/** A packet taken apart; nothing has been verified but its lengths. */
export interface Parts {
  readonly ttl: number;
  /** As hexadecimal digits. */
  readonly source: string;
  readonly message: Uint8Array;
  /** Of the authentication header, where there is one. */
  readonly sequence: number | undefined;
}

/** What a receiver knows besides the packet. */
export interface Receiver {
  /** Those that listen where it arrived. */
  readonly routers: readonly VirtualRouter[];
  /** The receiver's own address there. */
  readonly own: IpAddress | undefined;
  /** The highest sequence number that was accepted from a source. */
  lastSequence(router: VirtualRouter, source: string): number;
}

const VRRP = 112;
const AH = 51;

let last: { readonly packet: Uint8Array; readonly parts: Parts | undefined } | undefined;

/** Takes a packet apart, over either family; undefined when it is no whole packet with VRRP in it. */
export function dissect(packet: Uint8Array): Parts | undefined {
  // Several rules, and then every receiver, look at the same one.
  if (last?.packet !== packet) last = { packet, parts: partsOf(packet) };
  return last.parts;
}

function partsOf(packet: Uint8Array): Parts | undefined {
  const at = (index: number) => packet[index] ?? 0;
  const isIpv6 = at(0) >> 4 === 6;
  if (!isIpv6 && at(0) >> 4 !== 4) return undefined;
  const start = isIpv6 ? 40 : (at(0) & 15) * 4;
  const end = isIpv6 ? 40 + at(4) * 256 + at(5) : at(2) * 256 + at(3);
  if (packet.length < (isIpv6 ? 40 : 20) || start < 20 || end < start || end > packet.length)
    return undefined;
  const protocol = at(isIpv6 ? 6 : 9);
  const ttl = at(isIpv6 ? 7 : 8);
  const source = digits(packet.subarray(isIpv6 ? 8 : 12, isIpv6 ? 24 : 16));
  if (protocol === VRRP) return { ttl, source, message: packet.subarray(start, end), sequence: undefined };
  if (isIpv6 || protocol !== AH || end < start + 24 || at(start) !== VRRP || at(start + 1) !== 4)
    return undefined;
  const sequence =
    at(start + 8) * 2 ** 24 + at(start + 9) * 2 ** 16 + at(start + 10) * 2 ** 8 + at(start + 11);
  return { ttl, source, message: packet.subarray(start + 24, end), sequence };
}

/** The router that a packet counts for; undefined when it counts for none. */
export function recipient(packet: Uint8Array, receiver: Receiver): VirtualRouter | undefined {
  const { routers, own } = receiver;
  const parts = dissect(packet);
  if (parts === undefined) return undefined;
  const { ttl, source, message, sequence } = parts;
  const at = (index: number) => message[index] ?? 0;
  const router = routers.find(({ vrid }) => vrid === at(1));
  if (router === undefined) return undefined;
  // RFC 9568 §7.1, where it is asked for.
  if (router.priority === 255 && router.ownerHeeds !== undefined && at(2) !== 255) return undefined;
  if (own !== undefined && source === digitsOf(own)) return undefined;
  if (!isNear(router, source, ttl)) return undefined;

  const version = at(0) >> 4;
  const count = at(3);
  const each = packet.length > 0 && (packet[0] ?? 0) >> 4 === 6 ? 16 : 4;
  if (version !== router.version || (at(0) & 15) !== 1 || count === 0) return undefined;
  if (version === 2 && each === 16) return undefined;
  if (message.length !== 8 + each * count + (version === 2 ? 8 : 0)) return undefined;
  if (!isWhole(packet, message, version, each)) return undefined;

  const interval = version === 2 ? at(5) * 100 : (at(4) & 15) * 256 + at(5);
  if (interval === 0) return undefined;
  if (version === 2 && interval * 10_000 !== router.advertInterval) return undefined;
  if (!isAuthentic(packet, parts, router)) return undefined;
  if (sequence !== undefined && sequence <= receiver.lastSequence(router, source)) return undefined;
  return router;
}

/** From this link, or from a peer as far away as it is configured to be. */
function isNear({ delivery }: VirtualRouter, source: string, ttl: number): boolean {
  if (delivery.type === "multicast") return ttl === 255;
  const peer = delivery.peers.find(({ address }) => digitsOf(address) === source);
  if (peer === undefined) return !delivery.checkSource && ttl === 255;
  return ttl >= peer.minTtl && ttl <= peer.maxTtl;
}

/** The checksum: of the message alone, or of message and pseudo-header; over IPv6 always the latter. */
function isWhole(packet: Uint8Array, message: Uint8Array, version: number, each: number): boolean {
  let sum = 0;
  for (let index = 0; index < message.length; index += 2) sum += word(message, index);
  if (each === 4 && addsUp(sum)) return true;
  if (version === 2) return false;
  const addresses = each === 4 ? packet.subarray(12, 20) : packet.subarray(8, 40);
  for (let index = 0; index < addresses.length; index += 2) sum += word(addresses, index);
  return addsUp(sum + VRRP + message.length);
}

/** In one's complement arithmetic, the sum of correct data and its checksum is all ones. */
function addsUp(sum: number): boolean {
  return sum > 0 && sum % 0xffff === 0;
}

function isAuthentic(packet: Uint8Array, { message, sequence }: Parts, router: VirtualRouter): boolean {
  const { authentication, version } = router;
  if (version === 3) return sequence === undefined;
  if (authentication === undefined) return message[4] === 0 && sequence === undefined;
  const { type, key } = authentication;
  if (message[4] !== (type === "pass" ? 1 : 2) || (type === "ah") !== (sequence !== undefined)) return false;
  if (type === "pass") return digits(message.subarray(-8)) === digits(key).padEnd(16, "0");
  const covered = packet.slice(0, 44 + message.length);
  for (const index of [1, 6, 7, 10, 11, ...Array.from({ length: 12 }, (_, offset) => 32 + offset)])
    covered[index] = 0;
  const code = createHmac("md5", key).update(covered).digest();
  return digits(code.subarray(0, 12)) === digits(packet.subarray(32, 44));
}

function word(bytes: Uint8Array, index: number): number {
  return (bytes[index] ?? 0) * 256 + (bytes[index + 1] ?? 0);
}

const KNOWN = new Map<IpAddress, string>();

/** An address as hexadecimal digits. */
export function digitsOf(address: IpAddress): string {
  let known = KNOWN.get(address);
  if (known === undefined) KNOWN.set(address, (known = spelled(address)));
  return known;
}

function spelled(address: IpAddress): string {
  if (!address.includes(":")) return digits(Uint8Array.from(address.split("."), Number));
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => group.padStart(4, "0"));
  const [before, behind] = [groups(head), groups(tail)];
  return [...before, ...Array<string>(8 - before.length - behind.length).fill("0000"), ...behind].join("");
}

/** Bytes as hexadecimal digits. */
export function digits(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
