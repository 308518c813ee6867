/**
 * VRRP adverts: version 2 over IPv4 (RFC 3768 §5.1), version 3 over IPv4 and IPv6 (RFC 9568 §5.1).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |Version| Type  | Virtual Rtr ID|   Priority    | Count IP Addrs|
 * |   Auth Type   |   Adver Int   |          Checksum             |  version 2: seconds
 * |(rsvd) | Max Advertise Interval|          Checksum             |  version 3: centiseconds
 * |               IPv4 or IPv6 Address (1..n)                     |
 * |                  Authentication Data (8 bytes)                |  version 2 only
 * ```
 *
 * The checksum covers the whole message. In version 3 over IPv4 two readings are on the wire: RFC 9568 §5.2.8 takes the
 * message alone, while RFC 5798 §5.2.8 was widely read to put a pseudo-header before it. Either is accepted; which one is
 * sent is configuration. Over IPv6 there is one reading: with the pseudo-header of RFC 8200 §8.1.
 *
 * Decoding judges the message by itself. What the receiver knows beyond it (time to live, which virtual routers exist)
 * is judged in `core/vrrp/admission.ts`.
 */

import { internetChecksum } from "../units/checksum.ts";
import {
  familyOf,
  type IpAddress,
  ipAt,
  ipBytes,
  ipLength,
  isIpv6,
  type Family,
} from "../units/ip-address.ts";
import type { Ipv4 } from "../units/ipv4.ts";
import type { Ipv6 } from "../units/ipv6.ts";
import { centiseconds, type Duration, seconds } from "../units/time.ts";
import { ipv6PseudoHeader } from "./ipv6.ts";

/** IP protocol number of VRRP (RFC 9568 §5.1.1.4). */
export const IPPROTO_VRRP = 112;
/** Where adverts go over IPv4 (RFC 9568 §5.1.1.2). */
export const VRRP_GROUP = "224.0.0.18" as Ipv4;
/** Where they go over IPv6 (RFC 9568 §5.1.2.2). */
export const VRRP_GROUP6 = "ff02::12" as Ipv6;
/** A packet from farther away than this link has another TTL, or hop limit (RFC 9568 §5.1.1.3, §5.1.2.3). */
export const VRRP_TTL = 255;

const HEADER_LENGTH = 8;
const AUTHENTICATION_LENGTH = 8;
const TYPE_ADVERTISEMENT = 1;

/** What an advert says. */
export interface Advert {
  readonly version: 2 | 3;
  /** 1..255 */
  readonly vrid: number;
  /** 0 (the master lets go) ..255 (the address owner). */
  readonly priority: number;
  readonly advertInterval: Duration;
  readonly addresses: readonly IpAddress[];
}

/** How a version 3 checksum is made: with a pseudo-header before the message, or, over IPv4, over the message alone. */
export type ChecksumForm = "message" | "pseudo-header";

/** Why a message is no advert. */
export type DecodeFault =
  | "length"
  | "version"
  | "type"
  | "address-count"
  | "auth-type"
  | "interval"
  | "checksum";

/** An advert, and the form of its checksum; or why there is none, with the VRID where one could be read. */
export type DecodedAdvert =
  | { readonly ok: true; readonly advert: Advert; readonly checksum: ChecksumForm }
  | { readonly ok: false; readonly fault: DecodeFault; readonly vrid: number | undefined };

/** Reads an advert that came from `source` to `destination`, both of one family. Never throws, whatever the bytes. */
export function decodeAdvert(bytes: Uint8Array, source: IpAddress, destination: IpAddress): DecodedAdvert {
  const vrid = bytes[1];
  const refuse = (fault: DecodeFault): DecodedAdvert => ({ ok: false, fault, vrid });
  if (bytes.length < HEADER_LENGTH) return refuse("length");

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(0) >>> 4;
  const count = view.getUint8(3);
  const family = familyOf(source);
  // Version 2 is older than VRRP over IPv6.
  if (version !== 3 && (version !== 2 || family === 6)) return refuse("version");
  if ((view.getUint8(0) & 0x0f) !== TYPE_ADVERTISEMENT) return refuse("type");
  if (count === 0) return refuse("address-count");
  if (bytes.length !== messageLength(version, family, count)) return refuse("length");

  const checksum = checksumForm(version, bytes, source, destination);
  if (checksum === undefined) return refuse("checksum");
  if (version === 2 && view.getUint8(4) !== 0) return refuse("auth-type");
  const advertInterval = version === 2 ? seconds(view.getUint8(5)) : centiseconds(view.getUint16(4) & 0x0fff);
  if (advertInterval === 0) return refuse("interval");

  const addresses = Array.from({ length: count }, (_, index) =>
    ipAt(family, bytes, HEADER_LENGTH + ipLength(family) * index),
  );
  const advert = {
    version,
    vrid: view.getUint8(1),
    priority: view.getUint8(2),
    advertInterval,
    addresses,
  } as const;
  return { ok: true, advert, checksum };
}

/** Writes an advert; all addresses are of one family. `form` matters to version 3 over IPv4 alone. */
export function encodeAdvert(
  advert: Advert,
  source: IpAddress,
  destination: IpAddress,
  form: ChecksumForm,
): Uint8Array {
  const family = familyOf(source);
  const bytes = new Uint8Array(messageLength(advert.version, family, advert.addresses.length));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (advert.version << 4) | TYPE_ADVERTISEMENT);
  view.setUint8(1, advert.vrid);
  view.setUint8(2, advert.priority);
  view.setUint8(3, advert.addresses.length);
  if (advert.version === 2) view.setUint8(5, advert.advertInterval / seconds(1));
  else view.setUint16(4, advert.advertInterval / centiseconds(1));
  for (const [index, address] of advert.addresses.entries()) {
    bytes.set(ipBytes(address), HEADER_LENGTH + ipLength(family) * index);
  }
  const withPseudoHeader = family === 6 || (advert.version === 3 && form === "pseudo-header");
  const before = withPseudoHeader ? [pseudoHeader(source, destination, bytes.length)] : [];
  view.setUint16(6, internetChecksum(...before, bytes));
  return bytes;
}

function messageLength(version: 2 | 3, family: Family, count: number): number {
  return HEADER_LENGTH + ipLength(family) * count + (version === 2 ? AUTHENTICATION_LENGTH : 0);
}

function checksumForm(
  version: 2 | 3,
  bytes: Uint8Array,
  source: IpAddress,
  destination: IpAddress,
): ChecksumForm | undefined {
  if (!isIpv6(source) && internetChecksum(bytes) === 0) return "message";
  if (version === 2) return undefined;
  return internetChecksum(pseudoHeader(source, destination, bytes.length), bytes) === 0
    ? "pseudo-header"
    : undefined;
}

/** Over IPv4 source, destination, zero, protocol, length: RFC 793 §3.1's, as RFC 5798 §5.2.8 was read. */
function pseudoHeader(source: IpAddress, destination: IpAddress, length: number): Uint8Array {
  if (isIpv6(source) && isIpv6(destination))
    return ipv6PseudoHeader(source, destination, IPPROTO_VRRP, length);
  return Uint8Array.of(
    ...ipBytes(source),
    ...ipBytes(destination),
    0,
    IPPROTO_VRRP,
    length >>> 8,
    length & 0xff,
  );
}
