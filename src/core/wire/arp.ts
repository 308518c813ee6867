/**
 * Gratuitous ARP for IPv4 over Ethernet (RFC 826, RFC 5227 §3): a whole frame, broadcast, that tells every neighbour and
 * every switch where an address lives now.
 *
 * Two forms exist because receivers differ: some update their table on a request, some only on a reply. In both the
 * sender's and the target's protocol address are the announced one, and the target hardware address is the announced one
 * too (RFC 9568 §8.1.2 with erratum 7949).
 */

import { type Ipv4, ipv4Bytes } from "../units/ipv4.ts";
import { BROADCAST_MAC, type Mac } from "../units/mac.ts";

/** ETH_P_ARP (linux/if_ether.h). */
export const ETHERTYPE_ARP = 0x0806;

/** Which of the two forms: the operation field of the packet. */
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

/** An Ethernet frame that announces `address` at `mac`. 42 bytes; the kernel or the card pads it. */
export function encodeGratuitousArp(
  operation: typeof ARP_REQUEST | typeof ARP_REPLY,
  address: Ipv4,
  mac: Mac,
): Uint8Array {
  const protocolAddress = ipv4Bytes(address);
  return Uint8Array.of(
    ...BROADCAST_MAC, // Ethernet: destination
    ...mac, //            source
    ETHERTYPE_ARP >>> 8,
    ETHERTYPE_ARP & 0xff,
    ...[0, 1], // hardware type: Ethernet
    ...[0x08, 0x00], // protocol type: IPv4
    ...[6, 4], // address lengths
    ...[0, operation],
    ...mac, // sender
    ...protocolAddress,
    ...mac, // target
    ...protocolAddress,
  );
}
