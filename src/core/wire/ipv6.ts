/**
 * The IPv6 header (RFC 8200 §3) and the pseudo-header of upper-layer checksums (§8.1). As for IPv4 we write the header
 * ourselves, so that source, hop limit and traffic class are ours to say. Extension headers are the kernel's business: it
 * takes them off before a raw socket sees the packet.
 *
 * ```
 *  0                   1                   2                   3
 * |Version| Traffic Class |           Flow Label                  |
 * |         Payload Length        |  Next Header  |   Hop Limit   |
 * |                  Source Address (16 bytes)                    |
 * |               Destination Address (16 bytes)                  |
 * ```
 */

import { type Ipv6, ipv6At, ipv6Bytes } from "../units/ipv6.ts";

const HEADER_LENGTH = 40;
/** DSCP CS6, "network control", as routing protocols use it (RFC 2474 §4.2.2.2). */
const TRAFFIC_CLASS_NETWORK_CONTROL = 0xc0;

/** What an IPv6 packet says of itself, and what it carries. */
export interface Ipv6Packet {
  readonly source: Ipv6;
  readonly destination: Ipv6;
  /** The hop limit, under IPv4's name. */
  readonly ttl: number;
  /** The next header. */
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** Reads a packet; undefined when it is not a whole IPv6 packet. Link-layer padding behind it is left out. */
export function decodeIpv6(bytes: Uint8Array): Ipv6Packet | undefined {
  if (bytes.length < HEADER_LENGTH || (bytes[0] ?? 0) >>> 4 !== 6) return undefined;
  const end = HEADER_LENGTH + (((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0));
  if (bytes.length < end) return undefined;
  return {
    source: ipv6At(bytes, 8),
    destination: ipv6At(bytes, 24),
    ttl: bytes[7] ?? 0,
    protocol: bytes[6] ?? 0,
    payload: bytes.subarray(HEADER_LENGTH, end),
  };
}

/** Writes a packet. */
export function encodeIpv6(packet: Ipv6Packet): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + packet.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, (6 << 12) | (TRAFFIC_CLASS_NETWORK_CONTROL << 4));
  view.setUint16(4, packet.payload.length);
  bytes[6] = packet.protocol;
  bytes[7] = packet.ttl;
  bytes.set(ipv6Bytes(packet.source), 8);
  bytes.set(ipv6Bytes(packet.destination), 24);
  bytes.set(packet.payload, HEADER_LENGTH);
  return bytes;
}

/** What the checksum of an upper-layer message of `length` bytes covers before the message itself (RFC 8200 §8.1). */
export function ipv6PseudoHeader(
  source: Ipv6,
  destination: Ipv6,
  protocol: number,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(40);
  bytes.set(ipv6Bytes(source));
  bytes.set(ipv6Bytes(destination), 16);
  new DataView(bytes.buffer).setUint32(32, length);
  bytes[39] = protocol;
  return bytes;
}
