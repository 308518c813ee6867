/**
 * The IPv4 header (RFC 791 §3.1) as far as VRRP needs it: raw sockets deliver it with every packet, and we write our own
 * so that source, TTL and precedence are ours to say.
 *
 * ```
 *  0                   1                   2                   3
 * |Version|  IHL  |Type of Service|          Total Length         |
 * |         Identification        |Flags|      Fragment Offset    |
 * |  Time to Live |    Protocol   |         Header Checksum       |
 * |                       Source Address                          |
 * |                    Destination Address                        |
 * ```
 */

import { internetChecksum } from "../units/checksum.ts";
import { type Ipv4, ipv4At, ipv4Bytes } from "../units/ipv4.ts";

const HEADER_LENGTH = 20;
/** Precedence "internetwork control", as routing protocols use it (RFC 791 §3.1). */
const TOS_INTERNETWORK_CONTROL = 0xc0;

/** What an IPv4 packet says of itself, and what it carries. */
export interface Ipv4Packet {
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly ttl: number;
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** Reads a packet; undefined when it is not a whole IPv4 packet. Link-layer padding behind it is left out. */
export function decodeIpv4(bytes: Uint8Array): Ipv4Packet | undefined {
  if (bytes.length < HEADER_LENGTH || (bytes[0] ?? 0) >>> 4 !== 4) return undefined;
  const headerLength = ((bytes[0] ?? 0) & 0x0f) * 4;
  const totalLength = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (headerLength < HEADER_LENGTH || totalLength < headerLength || bytes.length < totalLength)
    return undefined;
  return {
    source: ipv4At(bytes, 12),
    destination: ipv4At(bytes, 16),
    ttl: bytes[8] ?? 0,
    protocol: bytes[9] ?? 0,
    payload: bytes.subarray(headerLength, totalLength),
  };
}

/** Writes a packet for a socket with IP_HDRINCL: the kernel fills in identification and header checksum (raw(7)). */
export function encodeIpv4(packet: Ipv4Packet): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + packet.payload.length);
  bytes[0] = 0x45;
  bytes[1] = TOS_INTERNETWORK_CONTROL;
  new DataView(bytes.buffer).setUint16(2, bytes.length);
  bytes[8] = packet.ttl;
  bytes[9] = packet.protocol;
  bytes.set(ipv4Bytes(packet.source), 12);
  bytes.set(ipv4Bytes(packet.destination), 16);
  bytes.set(packet.payload, HEADER_LENGTH);
  return bytes;
}

/** The packet with its header's checksum, for a packet socket, where the kernel fills nothing in (RFC 791 §3.1). */
export function withHeaderChecksum(packet: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(packet);
  const view = new DataView(bytes.buffer);
  view.setUint16(10, 0);
  view.setUint16(10, internetChecksum(bytes.subarray(0, ((bytes[0] ?? 0) & 0x0f) * 4)));
  return bytes;
}
