/**
 * The echo of ICMP (RFC 792) and of ICMPv6 (RFC 4443 §4): a question that every host answers, with what it carries.
 *
 * ```
 *  0                   1                   2                   3
 * |     Type      |   Code = 0    |          Checksum             |
 * |           Identifier          |        Sequence Number        |
 * |   Data, which comes back as it is                             |
 * ```
 */

import { internetChecksum } from "../units/checksum.ts";
import { type IpAddress, isIpv6 } from "../units/ip-address.ts";
import { decodeIp } from "./ip-packet.ts";
import { ipv6PseudoHeader } from "./ipv6.ts";

/** linux/in.h, linux/in6.h */
export const IPPROTO_ICMP = 1;
export const IPPROTO_ICMPV6 = 58;

/** Types of message. */
export const ECHO_REPLY = 0;
const ECHO_REQUEST = 8;
export const ECHO_REPLY6 = 129;
const ECHO_REQUEST6 = 128;

const HEADER_LENGTH = 8;

/** An echo request. */
export interface EchoRequest {
  /** 0..65535 */
  readonly identifier: number;
  /** 0..65535 */
  readonly sequence: number;
  readonly cookie: Uint8Array;
}

/** A reply, with the addresses of the packet that it was in. */
export interface EchoReply {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** A message and the protocol that it is of. */
export interface IcmpMessage {
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** Writes an echo request from one address to another of its family. */
export function encodeEchoRequest(
  source: IpAddress,
  destination: IpAddress,
  { identifier, sequence, cookie }: EchoRequest,
): IcmpMessage {
  const payload = new Uint8Array(HEADER_LENGTH + cookie.length);
  const view = new DataView(payload.buffer);
  payload[0] = isIpv6(source) ? ECHO_REQUEST6 : ECHO_REQUEST;
  view.setUint16(4, identifier);
  view.setUint16(6, sequence);
  payload.set(cookie, HEADER_LENGTH);
  view.setUint16(2, internetChecksum(...before(source, destination, payload.length), payload));
  return { protocol: isIpv6(source) ? IPPROTO_ICMPV6 : IPPROTO_ICMP, payload };
}

/** Reads an IP packet; undefined when it is no whole and undamaged echo reply. */
export function decodeEchoReply(bytes: Uint8Array): EchoReply | undefined {
  const packet = decodeIp(bytes);
  if (packet === undefined || packet.payload.length < HEADER_LENGTH) return undefined;
  const { source, destination, protocol, payload } = packet;
  const [wanted, type] = isIpv6(source) ? [IPPROTO_ICMPV6, ECHO_REPLY6] : [IPPROTO_ICMP, ECHO_REPLY];
  if (protocol !== wanted || payload[0] !== type || payload[1] !== 0) return undefined;
  if (internetChecksum(...before(source, destination, payload.length), payload) !== 0) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return {
    source,
    destination,
    identifier: view.getUint16(4),
    sequence: view.getUint16(6),
    data: payload.subarray(HEADER_LENGTH),
  };
}

/** Over IPv6 the checksum covers the addresses, too. */
function before(source: IpAddress, destination: IpAddress, length: number): Uint8Array[] {
  if (!isIpv6(source) || !isIpv6(destination)) return [];
  return [ipv6PseudoHeader(source, destination, IPPROTO_ICMPV6, length)];
}
