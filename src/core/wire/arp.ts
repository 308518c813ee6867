/**
 * ARP for IPv4 over Ethernet (RFC 826): the question who has an address, what answers it, and gratuitous ARP.
 *
 * Gratuitous ARP (RFC 5227 §3): a whole frame, broadcast, that tells every neighbour and
 * every switch where an address lives now.
 *
 * Two forms exist because receivers differ: some update their table on a request, some only on a reply. In both the
 * sender's and the target's protocol address are the announced one, and the target hardware address is the announced one
 * too (RFC 9568 §8.1.2 with erratum 7949).
 */

import { type Ipv4, ipv4At, ipv4Bytes } from "../units/ipv4.ts";
import { BROADCAST_MAC, type Mac, macFrom } from "../units/mac.ts";

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
  return frame({ operation, sender: address, senderMac: mac, target: address, targetMac: mac });
}

/** An Ethernet frame that asks everybody who has `target`; the answer goes to `source` at `mac`. */
export function encodeArpRequest(target: Ipv4, source: Ipv4, mac: Mac): Uint8Array {
  return frame({ operation: ARP_REQUEST, sender: source, senderMac: mac, target, targetMac: NOBODY });
}

/** What an ARP packet says. */
export interface ArpPacket {
  readonly operation: number;
  readonly sender: Ipv4;
  readonly senderMac: Mac;
  readonly target: Ipv4;
  readonly targetMac: Mac;
}

/** Reads an Ethernet frame; undefined when it is no ARP for IPv4 over Ethernet. */
export function decodeArp(bytes: Uint8Array): ArpPacket | undefined {
  if (bytes.length < FRAME_LENGTH) return undefined;
  if (!KIND.every((byte, index) => bytes[KIND_OFFSET + index] === byte)) return undefined;
  const [senderMac, targetMac] = [macFrom(bytes.subarray(22, 28)), macFrom(bytes.subarray(32, 38))];
  if (senderMac === undefined || targetMac === undefined) return undefined;
  return {
    operation: ((bytes[20] ?? 0) << 8) | (bytes[21] ?? 0),
    sender: ipv4At(bytes, 28),
    senderMac,
    target: ipv4At(bytes, 38),
    targetMac,
  };
}

const FRAME_LENGTH = 42;
const KIND_OFFSET = 12;
/** EtherType, hardware type Ethernet, protocol type IPv4, the lengths of their addresses. */
const KIND = [ETHERTYPE_ARP >>> 8, ETHERTYPE_ARP & 0xff, 0, 1, 0x08, 0x00, 6, 4] as const;
/** In a request nobody's hardware address is known. */
const NOBODY = new Uint8Array(6) as Mac;

function frame({ operation, sender, senderMac, target, targetMac }: ArpPacket): Uint8Array {
  return Uint8Array.of(
    ...BROADCAST_MAC, // Ethernet: destination
    ...senderMac, //      source
    ...KIND,
    ...[0, operation],
    ...senderMac,
    ...ipv4Bytes(sender),
    ...targetMac,
    ...ipv4Bytes(target),
  );
}
