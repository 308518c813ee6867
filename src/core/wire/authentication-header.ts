/**
 * The IP authentication header (RFC 2402 §2) around a VRRP message, as RFC 2338 §5.3.6.3 had it and keepalived sends it:
 * HMAC-MD5-96 (RFC 2403) over the whole packet.
 *
 * ```
 *  0                   1                   2                   3
 * | Next Header   |  Payload Len  |          RESERVED             |
 * |                 Security Parameters Index (SPI)               |
 * |                    Sequence Number Field                      |
 * |              Authentication Data (ICV), 12 bytes              |
 * ```
 *
 * What the network may change is zero while the ICV is computed: type of service, flags, fragment offset and header
 * checksum. RFC 2402 §3.3.3.1.1.1 has the time to live among them; keepalived computes it in, and since a packet counts
 * only with a TTL of 255, so do we.
 */

import { decodeIpv4 } from "./ipv4.ts";
import { IPPROTO_VRRP } from "./vrrp.ts";

/** IP protocol number of the authentication header (RFC 2402 §2). */
export const IPPROTO_AH = 51;

/** HMAC-MD5 under a key; 16 bytes. */
export type Mac = (key: Uint8Array, bytes: Uint8Array) => Uint8Array;

/** Header with an ICV of 96 bits. */
const HEADER_LENGTH = 24;
/** Its length in words of 32 bits, less two. */
const PAYLOAD_LENGTH = 4;
const ICV_OFFSET = 12;
const ICV_LENGTH = 12;

/** What the header says. */
export interface AuthenticationHeader {
  readonly sequence: number;
  readonly icv: Uint8Array;
  /** The VRRP message. */
  readonly message: Uint8Array;
}

/** Reads the header at the start of an IP packet's payload; undefined when it is none, or carries no VRRP. */
export function decodeAuthenticationHeader(payload: Uint8Array): AuthenticationHeader | undefined {
  if (payload.length < HEADER_LENGTH) return undefined;
  if (payload[0] !== IPPROTO_VRRP || payload[1] !== PAYLOAD_LENGTH) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return {
    sequence: view.getUint32(8),
    icv: payload.subarray(ICV_OFFSET, ICV_OFFSET + ICV_LENGTH),
    message: payload.subarray(HEADER_LENGTH),
  };
}

/** True for a packet whose authentication header protects something else than VRRP. */
export function protectsOther(packet: Uint8Array): boolean {
  const decoded = decodeIpv4(packet);
  return decoded?.protocol === IPPROTO_AH && decoded.payload[0] !== IPPROTO_VRRP;
}

/** Puts the header between the IP header, of 20 bytes, and the message of a VRRP packet. */
export function insertAuthenticationHeader(
  packet: Uint8Array,
  sequence: number,
  key: Uint8Array,
  mac: Mac,
): Uint8Array {
  const bytes = new Uint8Array(packet.length + HEADER_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes.set(packet.subarray(0, 20));
  bytes.set(packet.subarray(20), 20 + HEADER_LENGTH);
  view.setUint16(2, bytes.length);
  // The ICV covers the identification, which the kernel chooses where it finds 0 (raw(7)).
  view.setUint16(4, sequence & 0xffff || 1);
  bytes[9] = IPPROTO_AH;
  bytes.set([IPPROTO_VRRP, PAYLOAD_LENGTH], 20);
  // The SPI is the sender's address.
  bytes.set(packet.subarray(12, 16), 24);
  view.setUint32(28, sequence);
  bytes.set(integrityValue(bytes, key, mac), 20 + ICV_OFFSET);
  return bytes;
}

/** The ICV that belongs into a packet, IP header included and without options. */
export function integrityValue(packet: Uint8Array, key: Uint8Array, mac: Mac): Uint8Array {
  const covered = packet.slice();
  covered[1] = 0;
  covered.fill(0, 6, 8);
  covered.fill(0, 10, 12);
  covered.fill(0, 20 + ICV_OFFSET, 20 + ICV_OFFSET + ICV_LENGTH);
  return mac(key, covered).subarray(0, ICV_LENGTH);
}
