/**
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
import { type Ipv6, ipv6Bytes } from "../units/ipv6.ts";
import type { Mac } from "../units/mac.ts";
import { encodeIpv6, ipv6PseudoHeader } from "./ipv6.ts";

/** ETH_P_IPV6 (linux/if_ether.h). */
export const ETHERTYPE_IPV6 = 0x86dd;

/** Where the frame goes: the group of all nodes, on Ethernet (RFC 2464 §7). */
export const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1) as Mac;
const ALL_NODES = "ff02::1" as Ipv6;

const IPPROTO_ICMPV6 = 58;
/** A neighbour takes no message from beyond the link (RFC 4861 §7.1.2). */
const HOP_LIMIT = 255;
const NEIGHBOUR_ADVERTISEMENT = 136;
const ROUTER = 0x80;
const OVERRIDE = 0x20;
const TARGET_LINK_LAYER_ADDRESS = 2;

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
