/**
 * The state machine of a BFD session (RFC 5880 §6.2, §6.8), in asynchronous mode: both sides send all the time, and either
 * finds the other gone that has been silent for its detection time.
 *
 * We do not ask for demand mode, answer no echo and use no authentication; a neighbour in demand mode is sent nothing
 * periodic. What a session says of the path is not quite its state: see `path`.
 */

import { after, type Duration, earliest, type Instant, microseconds } from "../units/time.ts";
import type { BfdStateName, ControlPacket } from "../wire/bfd.ts";
import { DIAGNOSTIC } from "./diagnostic.ts";
import type { BfdSession } from "./model.ts";
import { detectAt, farewellTime, type Intervals, intervalsOf, isMute, jitter, sendAt } from "./timing.ts";

/** What the neighbour last said of itself. */
interface Remote {
  /** 0: not known. */
  readonly discriminator: number;
  readonly state: BfdStateName;
  readonly diagnostic: number;
  readonly minTx: Duration;
  readonly minRx: Duration;
  readonly multiplier: number;
  readonly demand: boolean;
}

/** Where a session stands. */
export interface BfdState {
  readonly name: BfdStateName;
  /** Why it is down (RFC 5880 §4.1); 0 while it is up. */
  readonly diagnostic: number;
  /** Ours: 1..2^32-1. */
  readonly discriminator: number;
  readonly remote: Remote;
  /** The neighbour's last packet; undefined: none within the detection time. */
  readonly heardAt: Instant | undefined;
  /** The last packet of the rhythm; undefined: none yet. */
  readonly sentAt: Instant | undefined;
  /** The part of the interval after which the next one follows. */
  readonly jitter: number;
  /** What the neighbour is told. */
  readonly offered: Intervals;
  /** What we go by: a slower rhythm of ours, or a shorter patience, only once the neighbour knows of it (§6.8.3). */
  readonly inForce: Intervals;
  /** Whether the neighbour is being asked to confirm what it is told (§6.5); `again`: it has changed meanwhile. */
  readonly poll: "none" | "under-way" | "again";
  /**
   * Whether packets come through; undefined: not known yet. A neighbour that leaves in good order (AdminDown) says nothing
   * of the path, and what was known last holds (RFC 5882 §4.2).
   */
  readonly path: boolean | undefined;
  /** When a path of which nothing is known counts as down. */
  readonly settleAt: Instant | undefined;
  /** When a session that leaves is gone for good. */
  readonly leaveAt: Instant | undefined;
}

/** What a session hears of. */
export type BfdEvent =
  | { readonly type: "packet"; readonly packet: ControlPacket }
  | { readonly type: "deadline" }
  | { readonly type: "reconfigured"; readonly before: BfdSession }
  /** It leaves: by the operator's will, not for the path's sake (§6.8.16). */
  | { readonly type: "disabled" };

/** What is to be done. */
export type BfdEffect =
  | { readonly type: "send"; readonly packet: Omit<ControlPacket, "authenticated"> }
  | { readonly type: "changed"; readonly from: BfdStateName; readonly to: BfdStateName };

/** The next state, and what is to be done, in this order. */
export interface BfdStep {
  readonly state: BfdState;
  readonly effects: readonly BfdEffect[];
}

/** What a step needs besides: the session as configured, and a random number in 0..1. */
export interface BfdContext {
  readonly session: BfdSession;
  readonly random: number;
}

/** So many idle intervals without a word from the neighbour, and the path counts as down. */
const SETTLING = 3;

/** What is known of a neighbour that has not been heard (§6.8.1). */
const UNKNOWN: Remote = {
  discriminator: 0,
  state: "down",
  diagnostic: DIAGNOSTIC.none,
  minTx: microseconds(0),
  minRx: microseconds(1),
  multiplier: 1,
  demand: false,
};

/** A session that begins; its first packet is due at once. */
export function startBfd(session: BfdSession, discriminator: number, now: Instant): BfdState {
  const intervals = intervalsOf(session, "down");
  return {
    name: "down",
    diagnostic: DIAGNOSTIC.none,
    discriminator,
    remote: UNKNOWN,
    heardAt: undefined,
    sentAt: undefined,
    jitter: 1,
    offered: intervals,
    inForce: intervals,
    poll: "none",
    path: undefined,
    settleAt: after(now, microseconds(SETTLING * session.idleTx)),
    leaveAt: undefined,
  };
}

/** A discriminator that is not taken, by a source of random numbers in 0..1. */
export function chooseDiscriminator(taken: ReadonlySet<number>, random: () => number): number {
  for (;;) {
    const candidate = Math.floor(random() * 2 ** 32);
    if (candidate !== 0 && !taken.has(candidate)) return candidate;
  }
}

/** When it has to be looked after next; undefined: not before something happens. */
export function nextBfdDeadline(state: BfdState, session: BfdSession): Instant | undefined {
  return earliest(sendAt(state, session), detectAt(state), state.settleAt, state.leaveAt);
}

/** True once a session that leaves need not be kept: the neighbour knows, or there is none that could. */
export function hasLeft({ name, remote, leaveAt }: BfdState, now: Instant): boolean {
  if (name !== "admin-down") return false;
  const knows = remote.state === "down" || remote.state === "admin-down";
  return knows || remote.discriminator === 0 || leaveAt === undefined || now >= leaveAt;
}

/** One event in, the next state and what to do. */
export function stepBfd(state: BfdState, event: BfdEvent, now: Instant, context: BfdContext): BfdStep {
  switch (event.type) {
    case "packet":
      return onPacket(state, event.packet, now, context);
    case "deadline":
      return onDeadline(state, now, context);
    case "reconfigured":
      return onReconfigured(state, event.before, now, context);
    case "disabled":
      return onDisabled(state, now, context);
  }
}

/** RFC 5880 §6.8.6, from where the packet is known to be for this session. */
function onPacket(state: BfdState, packet: ControlPacket, now: Instant, context: BfdContext): BfdStep {
  const heard = { ...state, remote: remoteOf(packet), heardAt: now };
  const told = packet.final ? onFinal(heard) : heard;
  if (told.name === "admin-down") return { state: told, effects: [] };
  const name = nextName(told.name, packet.state);
  const next: BfdStep =
    name === told.name
      ? { state: told, effects: [] }
      : enter(told, name, pathAfter(told, name), now, context);
  if (!packet.poll) return next;
  const answer = send(next.state, context.session, true);
  return { state: next.state, effects: [...next.effects, answer] };
}

function remoteOf(packet: ControlPacket): Remote {
  return {
    discriminator: packet.myDiscriminator,
    state: packet.state,
    diagnostic: packet.diagnostic,
    minTx: packet.desiredMinTx,
    minRx: packet.requiredMinRx,
    multiplier: packet.multiplier,
    demand: packet.demand,
  };
}

/** The neighbour has confirmed what it was told; what was told it since has to be confirmed on its own. */
function onFinal(state: BfdState): BfdState {
  if (state.poll === "under-way") return { ...state, poll: "none", inForce: state.offered };
  return state.poll === "again" ? { ...state, poll: "under-way" } : state;
}

/** The table of RFC 5880 §6.8.6: ours, what the neighbour says, ours after that. */
function nextName(ours: BfdStateName, theirs: BfdStateName): BfdStateName {
  if (theirs === "admin-down") return "down";
  if (ours === "down") {
    if (theirs === "down") return "init";
    return theirs === "init" ? "up" : "down";
  }
  if (ours === "init") return theirs === "init" || theirs === "up" ? "up" : "init";
  return theirs === "down" ? "down" : "up";
}

/** A neighbour that hears us no more speaks of the path; one that was switched off does not. */
function pathAfter({ path, remote }: BfdState, name: BfdStateName): boolean | undefined {
  if (name === "up") return true;
  return name === "down" && remote.state === "down" ? false : path;
}

function onDeadline(state: BfdState, now: Instant, context: BfdContext): BfdStep {
  const silentAt = detectAt(state);
  const heard: BfdStep =
    silentAt !== undefined && now >= silentAt
      ? onSilence(state, now, context)
      : { state: settled(state, now), effects: [] };
  const due = sendAt(heard.state, context.session);
  if (due === undefined || now < due) return heard;
  const packet = send(heard.state, context.session, false);
  return { state: sent(heard.state, now, context), effects: [...heard.effects, packet] };
}

/** The detection time has passed without a packet (RFC 5880 §6.8.4). */
function onSilence(state: BfdState, now: Instant, context: BfdContext): BfdStep {
  const forgotten = { ...state, remote: UNKNOWN, heardAt: undefined };
  if (state.name !== "init" && state.name !== "up") return { state: settled(forgotten, now), effects: [] };
  return enter(forgotten, "down", false, now, context);
}

/** A neighbour that is switched off may be so for long, and the path be good. */
function settled(state: BfdState, now: Instant): BfdState {
  if (state.settleAt === undefined || now < state.settleAt) return state;
  const path = state.remote.state === "admin-down" ? undefined : false;
  return { ...state, path, settleAt: undefined };
}

function onReconfigured(state: BfdState, before: BfdSession, now: Instant, context: BfdContext): BfdStep {
  const { session } = context;
  const next = retimed(state, session);
  const isNews = next.poll !== state.poll || before.multiplier !== session.multiplier;
  if (!isNews || isMute(session.passive, next.remote.discriminator)) return { state: next, effects: [] };
  return { state: sent(next, now, context), effects: [send(next, session, false)] };
}

function onDisabled(state: BfdState, now: Instant, context: BfdContext): BfdStep {
  if (state.name === "admin-down") return { state, effects: [] };
  const leaveAt = after(now, farewellTime(context.session, state));
  return enter({ ...state, leaveAt }, "admin-down", state.path, now, context);
}

/** Into another state, of which the neighbour is told at once. */
function enter(
  state: BfdState,
  name: BfdStateName,
  path: boolean | undefined,
  now: Instant,
  context: BfdContext,
): BfdStep {
  const { session } = context;
  const diagnostic = diagnosticOf(state, name);
  const settleAt = path === undefined ? state.settleAt : undefined;
  const next = retimed({ ...state, name, diagnostic, path, settleAt }, session);
  const changed: BfdEffect = { type: "changed", from: state.name, to: name };
  if (isMute(session.passive, next.remote.discriminator)) return { state: next, effects: [changed] };
  return { state: sent(next, now, context), effects: [send(next, session, false), changed] };
}

function diagnosticOf({ remote, diagnostic }: BfdState, name: BfdStateName): number {
  if (name === "admin-down") return DIAGNOSTIC.adminDown;
  if (name === "up") return DIAGNOSTIC.none;
  if (name !== "down") return diagnostic;
  return remote.discriminator === 0 ? DIAGNOSTIC.expired : DIAGNOSTIC.neighborDown;
}

/** The intervals as they have to be in this state: where both are up, a change is confirmed before it costs anyone (§6.8.3). */
function retimed(state: BfdState, session: BfdSession): BfdState {
  const offered = intervalsOf(session, state.name);
  if (state.name !== "up") return { ...state, offered, inForce: offered, poll: "none" };
  if (offered.tx === state.offered.tx && offered.rx === state.offered.rx) return state;
  const inForce = {
    tx: microseconds(Math.min(state.inForce.tx, offered.tx)),
    rx: microseconds(Math.max(state.inForce.rx, offered.rx)),
  };
  return { ...state, offered, inForce, poll: state.poll === "none" ? "under-way" : "again" };
}

function sent(state: BfdState, now: Instant, { session, random }: BfdContext): BfdState {
  return { ...state, sentAt: now, jitter: jitter(session.multiplier, random) };
}

function send(state: BfdState, { multiplier }: BfdSession, final: boolean): BfdEffect {
  const packet = {
    diagnostic: state.diagnostic,
    state: state.name,
    poll: !final && state.poll !== "none",
    final,
    controlPlaneIndependent: false,
    demand: false,
    multiplier,
    myDiscriminator: state.discriminator,
    yourDiscriminator: state.remote.discriminator,
    desiredMinTx: state.offered.tx,
    requiredMinRx: state.offered.rx,
    requiredMinEchoRx: microseconds(0),
  };
  return { type: "send", packet };
}
