/**
 * Authentication of version 2 over IPv4 as RFC 2338 §5.3.6 had it, for peers that still ask for it. RFC 3768 took it out for
 * good reasons: `pass` is a password in the clear, `ah` an MD5 code. Both keep out a mistaken neighbour; neither keeps out
 * one who means harm.
 *
 * It stands around the message: a packet is sealed when it is ready, and opened before it is read as any other. What does not
 * open is discarded by cause, and touches nothing.
 */

import { internetChecksum } from "../units/checksum.ts";
import { equalInConstantTime } from "../units/constant-time.ts";
import { type IpAddress, isIpv6 } from "../units/ip-address.ts";
import {
  decodeAuthenticationHeader,
  insertAuthenticationHeader,
  integrityValue,
  IPPROTO_AH,
  type Mac,
} from "../wire/authentication-header.ts";
import type { IpPacket } from "../wire/ip-packet.ts";
import { IPPROTO_VRRP } from "../wire/vrrp.ts";
import type { Authentication } from "./model.ts";

/** Why a packet did not open. */
export type AuthenticationFault =
  /** Another kind of authentication than ours. */
  | "auth-type"
  /** The password, or the code, is wrong. */
  | "auth-fail"
  /** Its sequence number was there before. */
  | "auth-replay";

/** What opening needs besides the packet. */
export interface Guard {
  readonly mac: Mac;
  /** The highest sequence number that a source has used with this virtual router; 0 when none. */
  lastSequence(vrid: number, source: IpAddress): number;
}

/** The message that a packet carried, as if it had no authentication; or why it is discarded. */
export type Opened =
  | { readonly ok: true; readonly message: Uint8Array; readonly sequence: number | undefined }
  | { readonly ok: false; readonly fault: AuthenticationFault };

/** Values of the message's authentication type (RFC 2338 §5.3.6). */
const AUTH_TYPES = { pass: 1, ah: 2 } as const;
const AUTH_TYPE_OFFSET = 4;
const CHECKSUM_OFFSET = 6;
/** RFC 2338 §5.3.10: eight bytes, at the end of the message. */
const DATA_LENGTH = 8;
const MESSAGE_LENGTH_MIN = 8 + DATA_LENGTH;
const IP_HEADER_LENGTH = 20;

/** A finished packet, IP header of 20 bytes included, with authentication. */
export function seal(
  packet: Uint8Array,
  { type, key }: Authentication,
  sequence: number,
  mac: Mac,
): Uint8Array {
  const sealed = packet.slice();
  const data = new Uint8Array(DATA_LENGTH);
  if (type === "pass") data.set(key);
  write(sealed.subarray(IP_HEADER_LENGTH), AUTH_TYPES[type], data);
  return type === "pass" ? sealed : insertAuthenticationHeader(sealed, sequence, key, mac);
}

/** The VRRP message in a packet, over IPv4 maybe behind an authentication header; undefined when there is none. */
export function messageWithin({ protocol, payload, source }: IpPacket): Uint8Array | undefined {
  if (protocol === IPPROTO_VRRP) return payload;
  return protocol === IPPROTO_AH && !isIpv6(source)
    ? decodeAuthenticationHeader(payload)?.message
    : undefined;
}

/**
 * Opens a packet (`bytes`, IP header included) for a virtual router with this authentication, or with none. What is no
 * message of version 2, or is damaged, is handed on as it is, for the decoder to say so.
 */
export function open(
  bytes: Uint8Array,
  packet: IpPacket,
  authentication: Authentication | undefined,
  guard: Guard | undefined,
): Opened {
  const header = packet.protocol === IPPROTO_AH ? decodeAuthenticationHeader(packet.payload) : undefined;
  const message = header?.message ?? packet.payload;
  const asItIs: Opened = { ok: true, message, sequence: undefined };
  if (authentication === undefined) return header === undefined ? asItIs : refuse("auth-type");
  if (message.length < MESSAGE_LENGTH_MIN || (message[0] ?? 0) >>> 4 !== 2 || internetChecksum(message) !== 0)
    return asItIs;
  if (message[AUTH_TYPE_OFFSET] !== AUTH_TYPES[authentication.type]) return refuse("auth-type");
  if (authentication.type === "pass") {
    if (header !== undefined) return refuse("auth-type");
    const expected = new Uint8Array(DATA_LENGTH);
    expected.set(authentication.key);
    return equalInConstantTime(message.subarray(-DATA_LENGTH), expected)
      ? plain(message, undefined)
      : refuse("auth-fail");
  }
  if (header === undefined || guard === undefined) return refuse("auth-type");
  const { sequence, icv } = header;
  const whole = bytes.subarray(0, IP_HEADER_LENGTH + packet.payload.length);
  if (!equalInConstantTime(icv, integrityValue(whole, authentication.key, guard.mac)))
    return refuse("auth-fail");
  if (sequence <= guard.lastSequence(message[1] ?? 0, packet.source)) return refuse("auth-replay");
  return plain(message, sequence);
}

function refuse(fault: AuthenticationFault): Opened {
  return { ok: false, fault };
}

/** The message as it would be without authentication. */
function plain(message: Uint8Array, sequence: number | undefined): Opened {
  const copy = message.slice();
  write(copy, 0, new Uint8Array(DATA_LENGTH));
  return { ok: true, message: copy, sequence };
}

/** The checksum covers the authentication data, too (RFC 2338 §5.3.8). */
function write(message: Uint8Array, type: number, data: Uint8Array): void {
  message[AUTH_TYPE_OFFSET] = type;
  message.set(data, message.length - DATA_LENGTH);
  message.fill(0, CHECKSUM_OFFSET, CHECKSUM_OFFSET + 2);
  new DataView(message.buffer, message.byteOffset).setUint16(CHECKSUM_OFFSET, internetChecksum(message));
}
