/**
 * Neighbour discovery of IPv6 over Ethernet (RFC 4861): the question who has an address, what answers it, and the
 * unsolicited advertisement.
 *
 * The unsolicited neighbour advertisement of IPv6 over Ethernet (RFC 4861 §4.4, §7.2.6): what gratuitous ARP is to IPv4. A
 * whole frame to all nodes of the link that tells where an address lives now.
 *
 * ```
 *  0                   1                   2                   3
 * |  Type = 136   |    Code = 0   |          Checksum             |
 * |R|S|O|                     Reserved                            |
 * |                     Target Address (16 bytes)                 |
 * |    Type = 2   |   Length = 1  |  Target Link-Layer Address    |
 * ```
 *
 * R=1, S=0, O=1 (RFC 9568 §6.4.2): the sender is a router, nobody asked, and what a neighbour has remembered is to be
 * overridden. The source is the announced address: the sender holds it, and it says nothing about any other.
 */

import { internetChecksum } from "../units/checksum.ts";
import { type Ipv6, ipv6At, ipv6Bytes } from "../units/ipv6.ts";
import type { Mac } from "../units/mac.ts";
import { type IcmpMessage, IPPROTO_ICMPV6 } from "./icmp.ts";
import { decodeIpv6, encodeIpv6, ipv6PseudoHeader } from "./ipv6.ts";

/** ETH_P_IPV6 (linux/if_ether.h). */
export const ETHERTYPE_IPV6 = 0x86dd;

/** Where the frame goes: the group of all nodes, on Ethernet (RFC 2464 §7). */
export const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1) as Mac;
const ALL_NODES = "ff02::1" as Ipv6;

/** A neighbour takes no message from beyond the link (RFC 4861 §7.1.2). */
const HOP_LIMIT = 255;
const NEIGHBOUR_SOLICITATION = 135;
/** The type of a neighbour advertisement. */
export const NEIGHBOUR_ADVERTISEMENT = 136;
const ROUTER = 0x80;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;
const SOURCE_LINK_LAYER_ADDRESS = 1;
const TARGET_LINK_LAYER_ADDRESS = 2;
/** Without options. */
const MESSAGE_LENGTH = 24;

/** An Ethernet frame that announces `address` at `mac`: 86 bytes. */
export function encodeUnsolicitedAdvertisement(address: Ipv6, mac: Mac): Uint8Array {
  const payload = Uint8Array.of(
    ...[NEIGHBOUR_ADVERTISEMENT, 0, 0, 0],
    ...[ROUTER | OVERRIDE, 0, 0, 0],
    ...ipv6Bytes(address),
    ...[TARGET_LINK_LAYER_ADDRESS, 1], // length in units of 8 bytes
    ...mac,
  );
  const before = ipv6PseudoHeader(address, ALL_NODES, IPPROTO_ICMPV6, payload.length);
  new DataView(payload.buffer).setUint16(2, internetChecksum(before, payload));
  const packet = encodeIpv6({
    source: address,
    destination: ALL_NODES,
    ttl: HOP_LIMIT,
    protocol: IPPROTO_ICMPV6,
    payload,
  });
  return Uint8Array.of(...ALL_NODES_MAC, ...mac, ETHERTYPE_IPV6 >>> 8, ETHERTYPE_IPV6 & 0xff, ...packet);
}

/** The group that whoever has the address listens to (RFC 4291 §2.7.1). */
export function solicitedNode(target: Ipv6): Ipv6 {
  const bytes = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...ipv6Bytes(target).subarray(13));
  return ipv6At(bytes, 0);
}

/** A neighbour solicitation (RFC 4861 §4.3) to the target's group, from `source` at `mac`. */
export function encodeNeighbourSolicitation(target: Ipv6, source: Ipv6, mac: Mac): IcmpMessage {
  const payload = Uint8Array.of(
    ...[NEIGHBOUR_SOLICITATION, 0, 0, 0],
    ...[0, 0, 0, 0],
    ...ipv6Bytes(target),
    ...[SOURCE_LINK_LAYER_ADDRESS, 1],
    ...mac,
  );
  const before = ipv6PseudoHeader(source, solicitedNode(target), IPPROTO_ICMPV6, payload.length);
  new DataView(payload.buffer).setUint16(2, internetChecksum(before, payload));
  return { protocol: IPPROTO_ICMPV6, payload };
}

/** A neighbour advertisement, with what is known of the packet that it was in. */
export interface NeighbourAdvertisement {
  readonly destination: Ipv6;
  readonly hopLimit: number;
  readonly target: Ipv6;
  /** Somebody asked for it. */
  readonly solicited: boolean;
}

/** Reads an IPv6 packet; undefined when it is no whole and undamaged neighbour advertisement. */
export function decodeNeighbourAdvertisement(bytes: Uint8Array): NeighbourAdvertisement | undefined {
  const packet = decodeIpv6(bytes);
  if (packet?.protocol !== IPPROTO_ICMPV6 || packet.payload.length < MESSAGE_LENGTH) return undefined;
  const { source, destination, ttl: hopLimit, payload } = packet;
  if (payload[0] !== NEIGHBOUR_ADVERTISEMENT || payload[1] !== 0) return undefined;
  const before = ipv6PseudoHeader(source, destination, IPPROTO_ICMPV6, payload.length);
  if (internetChecksum(before, payload) !== 0) return undefined;
  const solicited = ((payload[4] ?? 0) & SOLICITED) !== 0;
  return { destination, hopLimit, target: ipv6At(payload, 8), solicited };
}
