/**
 * BFD control packets (RFC 5880 §4.1), the payload of UDP port 3784 (RFC 5881) or 4784 (RFC 5883).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
 * |                       My Discriminator                        |
 * |                      Your Discriminator                       |
 * |                    Desired Min TX Interval                    |  microseconds, as the other two
 * |                   Required Min RX Interval                    |
 * |                 Required Min Echo RX Interval                 |
 * ```
 *
 * Decoding judges the packet by itself, in the order of RFC 5880 §6.8.6. Which session it is for, and whether that wants
 * it, is judged in `core/bfd/admission.ts`.
 */

import { type Duration, microseconds } from "../units/time.ts";

/** Where control packets go over one hop (RFC 5881 §4). */
export const BFD_PORT = 3_784;
/** Where they go over several (RFC 5883 §5). */
export const BFD_MULTIHOP_PORT = 4_784;
/** What they are sent with over one hop, and have to arrive with (RFC 5881 §5). */
export const BFD_TTL = 255;

const VERSION = 1;
const LENGTH = 24;
/** With an authentication section, which is at least a type and a length. */
const AUTHENTICATED_LENGTH_MIN = 26;

/** The states of a session, each at its number on the wire. */
export const BFD_STATES = ["admin-down", "down", "init", "up"] as const;

/** The state of a session (RFC 5880 §6.2). */
export type BfdStateName = (typeof BFD_STATES)[number];

/** What a packet says. */
export interface ControlPacket {
  /** Why the sender's session last left Up, or was not let there; 0..31 (RFC 5880 §4.1). */
  readonly diagnostic: number;
  readonly state: BfdStateName;
  /** The sender wants to be answered with a Final. */
  readonly poll: boolean;
  /** The answer to a Poll. */
  readonly final: boolean;
  /** The sender's BFD would outlive its control plane. */
  readonly controlPlaneIndependent: boolean;
  /** There is an authentication section, which is not read. */
  readonly authenticated: boolean;
  /** The sender wishes to be sent nothing periodic while both are Up. */
  readonly demand: boolean;
  /** 1..255 */
  readonly multiplier: number;
  /** The sender's own; 1..2^32-1. */
  readonly myDiscriminator: number;
  /** The receiver's, as far as the sender knows; 0: it does not. */
  readonly yourDiscriminator: number;
  readonly desiredMinTx: Duration;
  /** 0: nothing periodic is to be sent. */
  readonly requiredMinRx: Duration;
  /** 0: no echo is answered. */
  readonly requiredMinEchoRx: Duration;
}

/** Why bytes are no control packet, in the order in which it is looked for (RFC 5880 §6.8.6). */
export type BfdDecodeFault = "version" | "length" | "multiplier" | "multipoint" | "my-discriminator";

/** A control packet, or why there is none. */
export type DecodedControl =
  | { readonly ok: true; readonly packet: ControlPacket }
  | { readonly ok: false; readonly fault: BfdDecodeFault };

/** Reads a control packet from a datagram's payload. Never throws, whatever the bytes. */
export function decodeControl(bytes: Uint8Array): DecodedControl {
  const refuse = (fault: BfdDecodeFault): DecodedControl => ({ ok: false, fault });
  const [first = 0, second = 0, multiplier = 0, length = 0] = bytes;
  const authenticated = (second & 0x04) !== 0;
  if (bytes.length > 0 && first >>> 5 !== VERSION) return refuse("version");
  if (length < (authenticated ? AUTHENTICATED_LENGTH_MIN : LENGTH)) return refuse("length");
  if (length > bytes.length) return refuse("length");
  if (multiplier === 0) return refuse("multiplier");
  if ((second & 0x01) !== 0) return refuse("multipoint");
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const myDiscriminator = view.getUint32(4);
  if (myDiscriminator === 0) return refuse("my-discriminator");
  const packet: ControlPacket = {
    diagnostic: first & 0x1f,
    state: BFD_STATES[second >>> 6] ?? "down",
    poll: (second & 0x20) !== 0,
    final: (second & 0x10) !== 0,
    controlPlaneIndependent: (second & 0x08) !== 0,
    authenticated,
    demand: (second & 0x02) !== 0,
    multiplier,
    myDiscriminator,
    yourDiscriminator: view.getUint32(8),
    desiredMinTx: microseconds(view.getUint32(12)),
    requiredMinRx: microseconds(view.getUint32(16)),
    requiredMinEchoRx: microseconds(view.getUint32(20)),
  };
  return { ok: true, packet };
}

/** Writes a control packet, without an authentication section. */
export function encodeControl(packet: Omit<ControlPacket, "authenticated">): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  const view = new DataView(bytes.buffer);
  const flags = [packet.poll, packet.final, packet.controlPlaneIndependent, false, packet.demand, false];
  view.setUint8(0, (VERSION << 5) | packet.diagnostic);
  view.setUint8(
    1,
    flags.reduce((bits, flag) => (bits << 1) | Number(flag), BFD_STATES.indexOf(packet.state)),
  );
  view.setUint8(2, packet.multiplier);
  view.setUint8(3, LENGTH);
  view.setUint32(4, packet.myDiscriminator);
  view.setUint32(8, packet.yourDiscriminator);
  view.setUint32(12, packet.desiredMinTx);
  view.setUint32(16, packet.requiredMinRx);
  view.setUint32(20, packet.requiredMinEchoRx);
  return bytes;
}
