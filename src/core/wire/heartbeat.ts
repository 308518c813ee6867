/**
 * Heartbeats: the datagrams of the pair's own link, over UDP on every path. `docs/protocol/heartbeat.md` is the protocol.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |                        Magic, "RLVO"                          |   0
 * |  Version (1)  |    Key Id     |     Flags     |   Messages    |   4
 * |                             Path                              |   8
 * |                             Node                              |  12
 * |                           Boot Id                             |  16
 * |                                                               |
 * |                             Echo                              |  24
 * |                                                               |
 * |        Instances in all       |                               |  32
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+   Sequence Number (48 bits)   |
 * |                                                               |  36
 * |                    Interval (microseconds)                    |  40
 * |    Major      |     Minor     |            Patch              |  44
 * |                   Digest of the Configuration                 |  48
 * |                                                               |
 * |         First Entry           |        Changed Entries        |  56
 * |           Entries             |           Reserved            |  60
 * |                            Edition                            |  64
 * |                       Entries, 28 bytes each                  |  68
 * |                       Messages, 8 bytes and more each         |
 * |                   HMAC-SHA256 over all before it              |  32 bytes
 *
 * an entry:
 * |                          Instance                             |
 * |     State     |   Priority    |   Advert Interval (10 ms)     |
 * |               Time in this State (milliseconds)               |
 * |                  Primary Address (16 bytes)                   |
 *
 * a message:
 * |     Kind      |    Reason     |           Instances           |
 * |                              Id                               |
 * |                       Instance (0..n)                         |
 * ```
 *
 * Opening one judges the bytes by what does not depend on who else has spoken; the cheapest look comes first, so that what is
 * forged costs little, and the code comes before anything that is said is believed. Sessions and windows are in
 * `core/heartbeat/session.ts`, and come in here as a question.
 */

import { equalInConstantTime } from "../units/constant-time.ts";
import { type IpAddress, ipAt, ipBytes, isIpv6 } from "../units/ip-address.ts";
import { centiseconds, type Duration, microseconds, milliseconds } from "../units/time.ts";

/** HMAC-SHA256 under a key of 32 bytes; 32 bytes. */
export type Hmac = (key: Uint8Array, bytes: Uint8Array) => Uint8Array;

/** The largest datagram: IPv6's least MTU of 1,280 bytes (RFC 8200 §5) less IP and UDP headers; never fragmented. */
export const HEARTBEAT_LENGTH_MAX = 1_232;

const MAGIC = 0x524c564f;
const FORMAT = 1;
const HEADER_LENGTH = 68;
const ENTRY_LENGTH = 28;
const MESSAGE_LENGTH = 8;
const CODE_LENGTH = 32;
const FLAG_STOPPING = 0x01;
const TWO_TO_32 = 2 ** 32;
const AGE_MAX = TWO_TO_32 - 1;
/** What is before an IPv4 address in the place of an IPv6 one (RFC 4291 §2.5.5.2). */
const IPV4_MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/** A pace that no director has: such a datagram was not made by one. */
const [INTERVAL_MIN, INTERVAL_MAX] = [1_000, 60_000_000];

const STATES = ["init", "backup", "master", "fault"] as const;
const KINDS = ["offer", "request", "taken", "refused"] as const;
const REASONS = [
  "unknown-instance",
  "startup",
  "fault",
  "stopping",
  "not-master",
  "rank",
  "claim-failed",
] as const;

/** The states that an instance can be in. */
export type InstanceState = (typeof STATES)[number];

/** Why an offer or a request is refused. */
export type RefusalReason = (typeof REASONS)[number];

/** What is said of one instance. */
export interface InstanceEntry {
  /** `nameId` of its name. */
  readonly id: number;
  readonly state: InstanceState;
  /** The effective priority, 0..255. */
  readonly priority: number;
  /** Up to 655.35 s, in steps of 10 ms. */
  readonly advertInterval: Duration;
  /** How long it has been in this state; whole milliseconds, at most 2^32 - 1. */
  readonly age: Duration;
  /** Where its adverts come from; undefined when it has no such address. */
  readonly primary: IpAddress | undefined;
}

/** A part of a handover: a question, or the answer to one. `id` is the asker's number for it. */
export type Message = { readonly id: number; readonly instances: readonly number[] } & (
  | { readonly kind: "offer" | "request" }
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly reason: RefusalReason }
);

/** The part of a sender's list of instances that a datagram carries. */
export interface RosterPart {
  /** How many instances the sender has. */
  readonly total: number;
  /** Another one whenever the sender has other instances than before. */
  readonly edition: number;
  /** So many entries at the front are there because they have just changed. */
  readonly changed: number;
  /** The place in the sender's list that the other entries begin at. */
  readonly first: number;
  readonly entries: readonly InstanceEntry[];
}

/** What a heartbeat says. */
export interface Heartbeat {
  /** Which key it is signed with, 0..255. */
  readonly keyId: number;
  /** `nameId` of the path that it travels on. */
  readonly path: number;
  /** `nameId` of the sender. */
  readonly node: number;
  /** Random in each life of the sender; never 0. */
  readonly boot: bigint;
  /** The boot id that the sender has heard of the receiver; 0 when none. */
  readonly echo: bigint;
  /** Below 2^48; rises with each datagram of a boot, and is the same on all paths for the same content. */
  readonly sequence: number;
  /** So often the sender speaks. */
  readonly interval: Duration;
  /** The sender's release, as `releaseTold` has it. */
  readonly software: string;
  /** The sender's configuration, 16 hexadecimal digits. */
  readonly digest: string;
  /** The sender is about to leave. */
  readonly stopping: boolean;
  readonly roster: RosterPart;
  readonly messages: readonly Message[];
}

/** Why a datagram does not count. */
export type HeartbeatFault =
  /** Not from the peer's address on this path. */
  | "wrong-address"
  | "truncated"
  | "bad-magic"
  | "future-version"
  | "unknown-key"
  | "wrong-path"
  | "wrong-node"
  /** Its number was there before. */
  | "replayed"
  /** Its number is below the window. */
  | "too-old"
  /** The code is wrong. */
  | "wrong-key"
  /** Made by somebody who has the key, and not as this page has it. */
  | "malformed"
  /** It echoes another boot id than ours: it says no more than that the sender may have that boot id. */
  | "stale-boot";

/** What a receiver holds a datagram against. */
export interface Guard {
  /** The key of that id. */
  key(id: number): Uint8Array | undefined;
  readonly hmac: Hmac;
  readonly path: number;
  /** The peer's. */
  readonly node: number;
  /** Our own. */
  readonly boot: bigint;
  /** Whether this number of this boot was there before, or cannot be told from one that was. */
  seen(boot: bigint, sequence: number): "replayed" | "too-old" | undefined;
}

/** A heartbeat that counts, or why it does not. */
export type OpenedHeartbeat =
  | { readonly ok: true; readonly heartbeat: Heartbeat }
  | { readonly ok: false; readonly fault: Exclude<HeartbeatFault, "stale-boot"> }
  | { readonly ok: false; readonly fault: "stale-boot"; readonly boot: bigint };

/** Opens a datagram. Never throws, whatever the bytes. */
export function openHeartbeat(bytes: Uint8Array, guard: Guard): OpenedHeartbeat {
  const refuse = (fault: Exclude<HeartbeatFault, "stale-boot">): OpenedHeartbeat => ({ ok: false, fault });
  if (bytes.length < HEADER_LENGTH + CODE_LENGTH) return refuse("truncated");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC) return refuse("bad-magic");
  if (view.getUint8(4) !== FORMAT) return refuse("future-version");
  const key = guard.key(view.getUint8(5));
  if (key === undefined) return refuse("unknown-key");
  if (view.getUint32(8) !== guard.path) return refuse("wrong-path");
  if (view.getUint32(12) !== guard.node) return refuse("wrong-node");
  if (bytes.length > HEARTBEAT_LENGTH_MAX) return refuse("malformed");

  const [boot, echo] = [view.getBigUint64(16), view.getBigUint64(24)];
  const isOurs = echo === guard.boot;
  // Not believed yet; but what would be refused for it in any case needs no code computed.
  const seen = isOurs ? guard.seen(boot, sequenceOf(view)) : undefined;
  if (seen !== undefined) return refuse(seen);

  const end = bytes.length - CODE_LENGTH;
  if (!equalInConstantTime(guard.hmac(key, bytes.subarray(0, end)), bytes.subarray(end)))
    return refuse("wrong-key");
  const heartbeat = boot === 0n ? undefined : readHeartbeat(view, end);
  if (heartbeat === undefined) return refuse("malformed");
  return isOurs ? { ok: true, heartbeat } : { ok: false, fault: "stale-boot", boot };
}

/** Writes a heartbeat, at most 1,232 bytes of it, and signs it. */
export function sealHeartbeat(heartbeat: Heartbeat, key: Uint8Array, hmac: Hmac): Uint8Array {
  const { roster, messages } = heartbeat;
  const end = HEADER_LENGTH + roster.entries.length * ENTRY_LENGTH + lengthOf(messages);
  const bytes = new Uint8Array(end + CODE_LENGTH);
  if (bytes.length > HEARTBEAT_LENGTH_MAX) throw new Error(`a heartbeat of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer);
  writeHeader(view, heartbeat);
  let offset = HEADER_LENGTH;
  for (const entry of roster.entries) offset = writeEntry(view, offset, entry);
  for (const message of messages) offset = writeMessage(view, offset, message);
  bytes.set(hmac(key, bytes.subarray(0, end)), end);
  return bytes;
}

/** How many of these messages, from the first on, one datagram has room for. */
export function messagesThatFit(messages: readonly Message[]): number {
  let [count, length] = [0, 0];
  for (const message of messages) {
    length += lengthOf([message]);
    if (HEADER_LENGTH + length + CODE_LENGTH > HEARTBEAT_LENGTH_MAX || count === 255) break;
    count += 1;
  }
  return count;
}

/** How many entries a datagram has room for beside these messages. */
export function entriesThatFit(messages: readonly Message[]): number {
  const room = HEARTBEAT_LENGTH_MAX - HEADER_LENGTH - CODE_LENGTH - lengthOf(messages);
  return Math.floor(room / ENTRY_LENGTH);
}

function lengthOf(messages: readonly Message[]): number {
  return messages.reduce((length, { instances }) => length + MESSAGE_LENGTH + 4 * instances.length, 0);
}

/** What is told of a release: `1.2.3` of `1.2.3-rc.1+build`. */
export function releaseTold(software: string): string {
  const [major = 0, minor = 0, patch = 0] = software.split(/[.+-]/).map(Number);
  return `${major & 0xff}.${minor & 0xff}.${patch & 0xffff}`;
}

function sequenceOf(view: DataView): number {
  return view.getUint16(34) * TWO_TO_32 + view.getUint32(36);
}

function writeHeader(view: DataView, heartbeat: Heartbeat): void {
  const { roster, messages, sequence } = heartbeat;
  view.setUint32(0, MAGIC);
  view.setUint8(4, FORMAT);
  view.setUint8(5, heartbeat.keyId);
  view.setUint8(6, heartbeat.stopping ? FLAG_STOPPING : 0);
  view.setUint8(7, messages.length);
  view.setUint32(8, heartbeat.path);
  view.setUint32(12, heartbeat.node);
  view.setBigUint64(16, heartbeat.boot);
  view.setBigUint64(24, heartbeat.echo);
  view.setUint16(32, roster.total);
  view.setUint16(34, Math.floor(sequence / TWO_TO_32));
  view.setUint32(36, sequence % TWO_TO_32);
  view.setUint32(40, heartbeat.interval);
  const [major = 0, minor = 0, patch = 0] = releaseTold(heartbeat.software).split(".").map(Number);
  view.setUint8(44, major);
  view.setUint8(45, minor);
  view.setUint16(46, patch);
  view.setBigUint64(48, BigInt(`0x${heartbeat.digest}`));
  view.setUint16(56, roster.first);
  view.setUint16(58, roster.changed);
  view.setUint16(60, roster.entries.length);
  view.setUint32(64, roster.edition);
}

function writeEntry(view: DataView, offset: number, entry: InstanceEntry): number {
  view.setUint32(offset, entry.id);
  view.setUint8(offset + 4, STATES.indexOf(entry.state));
  view.setUint8(offset + 5, entry.priority);
  view.setUint16(offset + 6, entry.advertInterval / centiseconds(1));
  view.setUint32(offset + 8, Math.min(AGE_MAX, Math.floor(entry.age / milliseconds(1))));
  writePrimary(view, offset + 12, entry.primary);
  return offset + ENTRY_LENGTH;
}

function writePrimary(view: DataView, offset: number, primary: IpAddress | undefined): void {
  if (primary === undefined) return;
  const own = ipBytes(primary);
  const bytes = isIpv6(primary) ? own : [...IPV4_MAPPED, ...own];
  new Uint8Array(view.buffer, view.byteOffset + offset, bytes.length).set(bytes);
}

function writeMessage(view: DataView, offset: number, message: Message): number {
  const { instances } = message;
  view.setUint8(offset, KINDS.indexOf(message.kind));
  view.setUint8(offset + 1, message.kind === "refused" ? REASONS.indexOf(message.reason) : 0);
  view.setUint16(offset + 2, instances.length);
  view.setUint32(offset + 4, message.id);
  for (const [index, id] of instances.entries()) view.setUint32(offset + MESSAGE_LENGTH + 4 * index, id);
  return offset + MESSAGE_LENGTH + 4 * instances.length;
}

/** What the bytes before `end` say; undefined when it does not fill them exactly. */
function readHeartbeat(view: DataView, end: number): Heartbeat | undefined {
  const interval = view.getUint32(40);
  const count = view.getUint16(60);
  const [total, changed] = [view.getUint16(32), view.getUint16(58)];
  if (interval < INTERVAL_MIN || interval > INTERVAL_MAX) return undefined;
  if (HEADER_LENGTH + count * ENTRY_LENGTH > end || count > total || changed > count) return undefined;
  const entries: InstanceEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = readEntry(view, HEADER_LENGTH + index * ENTRY_LENGTH);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  const messages = readMessages(view, HEADER_LENGTH + count * ENTRY_LENGTH, end);
  if (messages === undefined) return undefined;
  return {
    keyId: view.getUint8(5),
    path: view.getUint32(8),
    node: view.getUint32(12),
    boot: view.getBigUint64(16),
    echo: view.getBigUint64(24),
    sequence: sequenceOf(view),
    interval: microseconds(interval),
    software: `${view.getUint8(44)}.${view.getUint8(45)}.${view.getUint16(46)}`,
    digest: view.getBigUint64(48).toString(16).padStart(16, "0"),
    stopping: (view.getUint8(6) & FLAG_STOPPING) !== 0,
    roster: { total, edition: view.getUint32(64), changed, first: view.getUint16(56), entries },
    messages,
  };
}

function readEntry(view: DataView, offset: number): InstanceEntry | undefined {
  const state = STATES[view.getUint8(offset + 4)];
  if (state === undefined) return undefined;
  return {
    id: view.getUint32(offset),
    state,
    priority: view.getUint8(offset + 5),
    advertInterval: centiseconds(view.getUint16(offset + 6)),
    age: milliseconds(view.getUint32(offset + 8)),
    primary: readPrimary(view, offset + 12),
  };
}

function readPrimary(view: DataView, offset: number): IpAddress | undefined {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, 16);
  if (bytes.every((byte) => byte === 0)) return undefined;
  const isMapped = IPV4_MAPPED.every((byte, index) => byte === bytes[index]);
  return isMapped ? ipAt(4, bytes, IPV4_MAPPED.length) : ipAt(6, bytes, 0);
}

function readMessages(view: DataView, start: number, end: number): Message[] | undefined {
  const messages: Message[] = [];
  let offset = start;
  for (let left = view.getUint8(7); left > 0; left -= 1) {
    if (offset + MESSAGE_LENGTH > end) return undefined;
    const count = view.getUint16(offset + 2);
    const next = offset + MESSAGE_LENGTH + 4 * count;
    const message = next > end ? undefined : readMessage(view, offset, count);
    if (message === undefined) return undefined;
    messages.push(message);
    offset = next;
  }
  return offset === end ? messages : undefined;
}

function readMessage(view: DataView, offset: number, count: number): Message | undefined {
  const kind = KINDS[view.getUint8(offset)];
  const reason = REASONS[view.getUint8(offset + 1)];
  const id = view.getUint32(offset + 4);
  const instances = Array.from({ length: count }, (_, index) =>
    view.getUint32(offset + MESSAGE_LENGTH + 4 * index),
  );
  if (kind === undefined) return undefined;
  if (kind !== "refused") return { kind, id, instances };
  return reason === undefined ? undefined : { kind, reason, id, instances };
}
