/**
 * A second opinion on heartbeats, written from docs/protocol/heartbeat.md and sharing no line with the shipped decoder: what a
 * datagram says, and which ones count.
 */

import type { HeartbeatConfig } from "../../src/core/heartbeat/model.ts";
import { type Duration, microseconds } from "../../src/core/units/time.ts";
import { seal } from "./seal.ts";
import { digits } from "./validity.ts";

/** A datagram taken apart; nothing has been verified but that it is whole. */
export interface Said {
  readonly boot: bigint;
  readonly echo: bigint;
  readonly sequence: number;
  readonly interval: Duration;
  readonly stopping: boolean;
  /** What is said of each of the sender's instances, by the number of its name. */
  readonly entries: ReadonlyMap<number, Word>;
}

/** A word of a director's on one virtual router. */
export interface Word {
  readonly state: string;
  readonly priority: number;
  /** The digits of the address that its adverts come from; none when it is not known. */
  readonly primary: string;
}

const HEADER = 68;
const ENTRY = 28;
const CODE = 32;
const MOST = 1232;
const STATES = ["init", "backup", "master", "fault"];

/** FNV-1a over the letters of a name. */
export function numberOf(name: string): number {
  let hash = 2_166_136_261;
  for (const letter of name) hash = Math.imul(hash ^ letter.charCodeAt(0), 16_777_619);
  return hash >>> 0;
}

/** What it says; the sender's whole list, for the simulator's fit into each. */
export function takeApart(bytes: Uint8Array): Said {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<number, Word>();
  for (let at = HEADER, left = view.getUint16(60); left > 0; at += ENTRY, left -= 1) {
    const state = STATES[view.getUint8(at + 4)] ?? "unknown";
    const primary = digits(bytes.subarray(at + 12, at + 28)).replace(/^0{32}$|^0{20}f{4}/, "");
    entries.set(view.getUint32(at), { state, priority: view.getUint8(at + 5), primary });
  }
  return {
    boot: view.getBigUint64(16),
    echo: view.getBigUint64(24),
    sequence: view.getUint16(34) * 2 ** 32 + view.getUint32(36),
    interval: microseconds(view.getUint32(40)),
    stopping: (view.getUint8(6) & 1) === 1,
    entries,
  };
}

/** True when it was made by somebody who has one of our keys, as our peer on that path would make it. */
export function isGenuine(bytes: Uint8Array, path: string, { peer, keys }: HeartbeatConfig): boolean {
  if (bytes.length < HEADER + CODE || bytes.length > MOST) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== 0x524c564f || view.getUint8(4) !== 1) return false;
  if (view.getUint32(8) !== numberOf(path) || view.getUint32(12) !== numberOf(peer)) return false;
  const key = keys.find(({ id }) => id === view.getUint8(5));
  if (key === undefined) return false;
  const code = seal(key.key, bytes.subarray(0, -CODE));
  return code.every((byte, index) => byte === bytes[bytes.length - CODE + index]);
}
