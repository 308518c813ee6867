/**
 * The pair's own link as one state machine: datagrams and time in; datagrams out, and what they say of the peer.
 *
 * It has no socket and no clock. Its driver
 * - gives it each datagram as it came, with path and source address, and sends what it is told to send, in order;
 * - arms one timer at `nextDeadline`. A timer that fires late must not mistake the process's own lateness for the peer's
 *   silence: before each event that is no datagram the driver reads what has queued in the sockets, and gives it here first,
 *   with the same `now`;
 * - reads a bounded number of datagrams of a path at a time. When that was not enough to empty the socket it says `flooded`;
 * - says how our own instances stand whenever that has changed, once a turn of its loop: each time is a round of datagrams;
 * - forgets the peer's instances at `peer-silent` and `peer-restarted`: those that hold are told again.
 *
 * A handover in the driver's hands. The master says `hand-over` (or the peer has said `request`) and learns `offering`, of one
 * unit after the other; at `let-go` it takes the addresses off, if it has not yielded already; at `handover-failed` it does what
 * it would do without a peer. The backup claims and announces at `take`, if it can begin within the time that it is told, says
 * its instances' new states, and then `claimed`; else it says `take-failed`. All that was claimed in one turn of its loop it says
 * at once: each time is a round of datagrams.
 */

import { after, type Duration, earliest, type Instant, milliseconds } from "../units/time.ts";
import type { IpAddress } from "../units/ip-address.ts";
import {
  type Guard,
  type Heartbeat,
  type HeartbeatFault,
  type Message,
  openHeartbeat,
  type RefusalReason,
} from "../wire/heartbeat.ts";
import {
  ask,
  type Handover,
  type HandoverEffect,
  type HandoverStep,
  handoverDeadline,
  handoverTime,
  NO_HANDOVER,
  onDeadline as onHandoverDeadline,
  onMessages,
  onPeerGone,
  onTaken,
  type Parties,
  questions,
} from "./handover.ts";
import type { HeartbeatConfig, HeartbeatPath, LinkContext } from "./model.ts";
import { nameId } from "./name-id.ts";
import { flood, hear, judge, lastFlood, type Path, silentAt, unheardPath } from "./path.ts";
import {
  contradict,
  hearPeer,
  isLatest,
  judgeTrust,
  loseSight,
  onPathChange,
  type Own,
  type Peer,
  type PeerEffect,
  reborn,
  trustAt,
  UNHEARD_PEER,
} from "./peer.ts";
import { EMPTY_ROSTER, type LocalInstance, type Roster, update } from "./roster.ts";
import { composeEcho, composeRound, type Datagram } from "./round.ts";
import { isClaim, isRetired, onClaim, onProof, type Session, startSession } from "./session.ts";
import { agreementEnds, judgeSplits, type SplitEffect, type Splits } from "./split-brain.ts";
import { EMPTY_WINDOW, seenBefore, type Window, windowAfter, withSequence } from "./window.ts";

/** Claims of an unproven boot are answered so often on a path, whoever makes them. */
const CLAIMS_APART = milliseconds(10);

/** A path of ours, with the numbers that came on it. */
interface LinkPath extends Path {
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly window: Window;
  /** Not before this is another claim answered. */
  readonly claimQuietUntil: Instant;
}

/** Where the link stands; deadlines included. */
export interface LinkState {
  readonly session: Session;
  /** In the order of the configuration. */
  readonly paths: readonly LinkPath[];
  readonly peer: Peer;
  readonly handover: Handover;
  readonly roster: Roster;
  readonly splits: Splits;
  /** Until when an instance is being handed over, by id. */
  readonly agreed: ReadonlyMap<number, Instant>;
  /** The number of our latest datagram. */
  readonly sequence: number;
  readonly nextSendAt: Instant;
  readonly stopping: boolean;
}

/** What can happen to it. */
export type LinkEvent =
  | {
      readonly type: "datagram";
      /** The path whose socket it came in by. */
      readonly path: string;
      readonly source: IpAddress;
      readonly bytes: Uint8Array;
    }
  | { readonly type: "deadline" }
  /** All of our instances, as they stand now. */
  | { readonly type: "instances"; readonly instances: readonly LocalInstance[] }
  /** We are master of these and want the peer to have them, with the rest of their sync groups. */
  | { readonly type: "hand-over"; readonly instances: readonly number[] }
  /** We are backup, outrank the master, and want it to hand these over. */
  | { readonly type: "request"; readonly instances: readonly number[] }
  /** What `take` asked for is claimed and announced. */
  | { readonly type: "claimed"; readonly offers: readonly number[] }
  /** It could not be done. */
  | { readonly type: "take-failed"; readonly offers: readonly number[]; readonly reason: RefusalReason }
  /** Somebody took over by the link's word, and then heard an advert of the master. */
  | { readonly type: "contradicted" }
  /** More was queued on the path than was read. */
  | { readonly type: "flooded"; readonly path: string }
  /** The context has another configuration from now on. */
  | { readonly type: "reconfigured" }
  /** We are about to leave. The link goes on until its driver stops. */
  | { readonly type: "stop" };

/** What the driver must do, or may want to know. */
export type LinkEffect =
  | { readonly type: "send"; readonly path: string; readonly bytes: Uint8Array }
  /** A datagram was discarded: to be counted. */
  | { readonly type: "discard"; readonly path: string; readonly fault: HeartbeatFault }
  /** Nothing has come on the path since then, for too long. */
  | { readonly type: "path-lost"; readonly path: string; readonly since: Instant }
  /** Heard for the first time (`silentSince` undefined), or again. */
  | { readonly type: "path-back"; readonly path: string; readonly silentSince: Instant | undefined }
  /** The peer is in another life than before. */
  | { readonly type: "peer-restarted" }
  | PeerEffect
  | HandoverEffect
  | SplitEffect;

/** The next state, and what to do, in this order. */
export interface LinkStep {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

/** A link that has heard nothing; `boot` is random and not 0. Its first `deadline` is due at once. */
export function startLink(boot: bigint, config: HeartbeatConfig, now: Instant): LinkState {
  if (boot === 0n) throw new Error("a boot id is not 0");
  return {
    session: startSession(boot),
    paths: config.paths.map((path) => newPath(path, EMPTY_WINDOW, now)),
    peer: UNHEARD_PEER,
    handover: NO_HANDOVER,
    roster: EMPTY_ROSTER,
    splits: new Map(),
    agreed: new Map(),
    sequence: 0,
    nextSendAt: now,
    stopping: false,
  };
}

/** One event in; the next state and what the driver must do out. */
export function step(state: LinkState, event: LinkEvent, now: Instant, context: LinkContext): LinkStep {
  switch (event.type) {
    case "datagram":
      return onDatagram(state, event, now, context);
    case "deadline":
      return onDeadline(state, now, context);
    case "instances":
      return onInstances(state, event.instances, now, context);
    case "hand-over":
      return onAsk(state, "offer", event.instances, now, context);
    case "request":
      return onAsk(state, "request", event.instances, now, context);
    case "claimed":
      return onTakenOf(state, event.offers, "taken", now, context);
    case "take-failed":
      return onTakenOf(state, event.offers, event.reason, now, context);
    case "contradicted":
      return unchanged({ ...state, peer: contradict(state.peer, now) });
    case "flooded":
      return unchanged(withPath(state, event.path, (path) => ({ ...path, ...flood(path, now) })));
    case "reconfigured":
      return onReconfigured(state, now, context);
    case "stop":
      return sendRound({ ...state, stopping: true }, [], now, context);
  }
}

/** When the link wants to see a `deadline` event next. */
export function nextDeadline(state: LinkState, { config }: Pick<LinkContext, "config">): Instant {
  const deadlines = [
    ...state.paths.map((path) => silentAt(path, config.deadAfter)),
    handoverDeadline(state.handover),
    trustAt(state.peer),
  ];
  return earliest(state.nextSendAt, ...deadlines) ?? state.nextSendAt;
}

function onDatagram(
  state: LinkState,
  { path: name, source, bytes }: LinkEvent & { type: "datagram" },
  now: Instant,
  context: LinkContext,
): LinkStep {
  const path = state.paths.find((candidate) => candidate.name === name);
  const discard = (fault: HeartbeatFault): LinkStep => ({
    state,
    effects: [{ type: "discard", path: name, fault }],
  });
  if (path === undefined) return discard("wrong-path");
  if (source !== path.remote) return discard("wrong-address");
  const opened = openHeartbeat(bytes, guardOf(state, path, context));
  if (opened.ok) {
    return isRetired(state.session, opened.heartbeat.boot)
      ? discard("stale-boot")
      : onHeartbeat(state, path, opened.heartbeat, now, context);
  }
  if (opened.fault !== "stale-boot") return discard(opened.fault);
  const answered = onStaleBoot(state, path, opened.boot, now, context);
  return { state: answered.state, effects: [...discard("stale-boot").effects, ...answered.effects] };
}

function guardOf(state: LinkState, { name, window }: LinkPath, { config, hmac }: LinkContext): Guard {
  return {
    key: (id) => config.keys.find((candidate) => candidate.id === id)?.key,
    hmac,
    // Asked for only when the cheaper looks have found nothing.
    get path() {
      return nameId(name);
    },
    get node() {
      return nameId(config.peer);
    },
    boot: state.session.boot,
    seen: (boot, sequence) => (boot === state.session.peer ? seenBefore(window, sequence) : undefined),
  };
}

/** It shows no more than that somebody may have that boot: asked once, on this path alone, by an echo of it. */
function onStaleBoot(
  state: LinkState,
  path: LinkPath,
  boot: bigint,
  now: Instant,
  context: LinkContext,
): LinkStep {
  if (!isClaim(state.session, boot) || now < path.claimQuietUntil) return unchanged(state);
  const claimed = { ...state, session: onClaim(state.session, boot) };
  const quiet = withPath(claimed, path.name, (found) => ({
    ...found,
    claimQuietUntil: after(now, CLAIMS_APART),
  }));
  return sendEcho(quiet, path.name, boot, now, context);
}

/** A datagram of the peer's in its present life. */
function onHeartbeat(
  before: LinkState,
  path: LinkPath,
  heartbeat: Heartbeat,
  now: Instant,
  context: LinkContext,
): LinkStep {
  const effects: LinkEffect[] = [];
  let state = before;
  const isProof = heartbeat.boot !== before.session.peer;
  if (isProof) {
    const renewed = renew(before, heartbeat.boot, now);
    state = renewed.state;
    effects.push(...renewed.effects);
  }
  const latest = isLatest(state.peer, heartbeat.sequence);
  const heard = hearOn(state, path.name, heartbeat, now);
  effects.push(...heard.effects);
  const known = hearPeer(heard.state.peer, heartbeat, now, ownOf(context));
  state = { ...heard.state, peer: known.peer };
  effects.push(...known.effects);
  if (isProof) {
    // Its next datagram is the proof that it needs of us.
    const told = sendRound(state, [], now, context);
    state = told.state;
    effects.push(...told.effects);
  }
  // What was overtaken on another path says nothing that holds now.
  if (latest) {
    const { messages, roster } = heartbeat;
    const heeded = onMessages(state.handover, messages, roster.changed, now, parties(state));
    const answered = carryOn(state, heeded, now, context);
    state = answered.state;
    effects.push(...answered.effects);
  }
  const judged = lookForSplits(state, now);
  const isSplit = judged.effects.some(({ type }) => type === "split-brain");
  // The one that gives way says first that it was master: the other one could not know, and has to announce again.
  const told = isSplit ? sendRound(judged.state, [], now, context) : unchanged(judged.state);
  return { state: told.state, effects: [...effects, ...told.effects, ...judged.effects] };
}

/** Another life of the peer: what was numbered, said and agreed with the former one is over. */
function renew(state: LinkState, boot: bigint, now: Instant): LinkStep {
  const { peer } = state.session;
  const gone = onPeerGone(state.handover, "peer-restarted");
  return {
    state: {
      ...state,
      session: onProof(state.session, boot),
      peer: reborn(state.peer),
      handover: gone.handover,
      paths: state.paths.map((path) => ({ ...path, window: EMPTY_WINDOW, claimQuietUntil: now })),
    },
    effects: peer === undefined ? gone.effects : [{ type: "peer-restarted" }, ...gone.effects],
  };
}

function hearOn(state: LinkState, name: string, { interval, sequence }: Heartbeat, now: Instant): LinkStep {
  const effects: LinkEffect[] = [];
  let { peer } = state;
  const paths = state.paths.map((path) => {
    if (path.name !== name) return path;
    if (path.state.name !== "up") {
      const silentSince = path.state.name === "silent" ? path.state.since : undefined;
      effects.push({ type: "path-back", path: name, silentSince });
    }
    return { ...path, ...hear(path, interval, now), window: withSequence(path.window, sequence) };
  });
  if (effects.length > 0) ({ peer } = onPathChange(peer, paths, false, now));
  return { state: { ...state, paths, peer }, effects };
}

function onDeadline(before: LinkState, now: Instant, context: LinkContext): LinkStep {
  const effects: LinkEffect[] = [];
  let state = before;
  for (const judgement of [judgePaths, judgeHandover, judgeTrustOf]) {
    const judged = judgement(state, now, context);
    state = judged.state;
    effects.push(...judged.effects);
  }
  if (now >= state.nextSendAt) {
    const sent = sendRound(state, [], now, context);
    state = sent.state;
    effects.push(...sent.effects);
  }
  const judged = lookForSplits(state, now);
  return { state: judged.state, effects: [...effects, ...judged.effects] };
}

function judgePaths(state: LinkState, now: Instant, context: LinkContext): LinkStep {
  const { config } = context;
  const effects: LinkEffect[] = [];
  const paths = state.paths.map((path) => {
    const judged = judge(path, config.deadAfter, now);
    if (judged === path || judged.state.name !== "silent") return path;
    effects.push({ type: "path-lost", path: path.name, since: judged.state.since });
    return { ...path, ...judged };
  });
  if (effects.length === 0) return unchanged(state);
  const { peer, effects: told } = onPathChange(state.peer, paths, config.takeover, now);
  if (told.length === 0) return { state: { ...state, paths, peer }, effects };
  const gone = onPeerGone(state.handover, "no-peer");
  const next = carryOn({ ...state, paths, peer }, gone, now, context);
  return { state: next.state, effects: [...effects, ...told, ...next.effects] };
}

function judgeHandover(state: LinkState, now: Instant, context: LinkContext): LinkStep {
  const judged = onHandoverDeadline(state.handover, lastFlood(state.paths), now, parties(state));
  return carryOn(state, judged, now, context);
}

function judgeTrustOf(state: LinkState, now: Instant): LinkStep {
  const { peer, effects } = judgeTrust(state.peer, now);
  return { state: { ...state, peer }, effects };
}

/** The peer hears at once of what has changed. */
function onInstances(
  state: LinkState,
  instances: readonly LocalInstance[],
  now: Instant,
  context: LinkContext,
): LinkStep {
  const roster = update(state.roster, instances, now);
  if (roster === state.roster) return unchanged(state);
  const sent = sendRound({ ...state, roster }, [], now, context);
  const judged = lookForSplits(sent.state, now);
  return { state: judged.state, effects: [...sent.effects, ...judged.effects] };
}

function onAsk(
  state: LinkState,
  kind: "offer" | "request",
  instances: readonly number[],
  now: Instant,
  context: LinkContext,
): LinkStep {
  return carryOn(state, ask(state.handover, kind, instances, now, parties(state)), now, context);
}

function onTakenOf(
  state: LinkState,
  offers: readonly number[],
  outcome: "taken" | RefusalReason,
  now: Instant,
  context: LinkContext,
): LinkStep {
  return carryOn(state, onTaken(state.handover, offers, outcome, now, parties(state)), now, context);
}

/** Takes a step of the handovers into force: what is to be said goes out before anything is done. */
function carryOn(
  before: LinkState,
  { handover, answers, effects, ask: asks }: HandoverStep,
  now: Instant,
  context: LinkContext,
): LinkStep {
  const state = { ...before, handover, agreed: withAgreements(before, effects, now, context.config) };
  if (answers.length === 0 && !asks) return { state, effects };
  const sent = sendRound(state, answers, now, context);
  return { state: sent.state, effects: [...sent.effects, ...effects] };
}

/** What is offered or taken is held by both for a while. */
function withAgreements(
  { agreed, roster }: LinkState,
  effects: readonly HandoverEffect[],
  now: Instant,
  config: HeartbeatConfig,
): LinkState["agreed"] {
  const begun = effects.filter(({ type }) => type === "offering" || type === "take" || type === "let-go");
  if (begun.length === 0) return agreed;
  const left = [...agreed].filter(([, end]) => end > now);
  const added = begun.flatMap(({ instances }) => {
    const until = agreementEnds(handoverTime(instances, roster), config, now);
    return instances.map((id) => [id, until] as const);
  });
  return new Map([...left, ...added]);
}

/** A path that is as it was goes on; one that is new has nothing to say of the peer yet. */
function onReconfigured(before: LinkState, now: Instant, context: LinkContext): LinkStep {
  const paths = context.config.paths.map((path) => {
    const known = before.paths.find(
      ({ name, local, remote }) => name === path.name && local === path.local && remote === path.remote,
    );
    // What was heard on the others already has been there, on whatever path.
    return known ?? newPath(path, windowAfter(before.peer.sequence), now);
  });
  const isLost = before.peer.presence.name === "alive" && paths.every(({ state }) => state.name !== "up");
  const left = isLost ? outOfSight(before) : unchanged(before);
  const sent = sendRound({ ...left.state, paths }, [], now, context);
  return { state: sent.state, effects: [...left.effects, ...sent.effects] };
}

function outOfSight(state: LinkState): LinkStep {
  const { handover, effects } = onPeerGone(state.handover, "no-peer");
  return { state: { ...state, peer: loseSight(state.peer), handover }, effects };
}

/** All that is to be said, on every path; the next round is due an interval later. */
function sendRound(
  state: LinkState,
  answers: readonly Message[],
  now: Instant,
  context: LinkContext,
): LinkStep {
  const messages = [...questions(state.handover), ...answers];
  const { roster, sequence, datagrams } = composeRound(state, messages, now, context);
  const nextSendAt = nextRound(state.nextSendAt, context.config.interval, now);
  return { state: { ...state, roster, sequence, nextSendAt }, effects: datagrams.map(toSend) };
}

/** One datagram on one path, that echoes a boot which is not proven. */
function sendEcho(
  state: LinkState,
  path: string,
  echo: bigint,
  now: Instant,
  context: LinkContext,
): LinkStep {
  const { roster, sequence, datagrams } = composeEcho(state, path, echo, now, context);
  return { state: { ...state, roster, sequence }, effects: datagrams.map(toSend) };
}

function toSend(datagram: Datagram): LinkEffect {
  return { type: "send", ...datagram };
}

/** The cadence is kept, whatever is said between; after a stall a new one begins. */
function nextRound(due: Instant, interval: Duration, now: Instant): Instant {
  if (now < due) return Math.min(due, after(now, interval)) as Instant;
  const inCadence = after(due, interval);
  return inCadence > now ? inCadence : after(now, interval);
}

function lookForSplits(state: LinkState, now: Instant): LinkStep {
  const { splits, effects } = judgeSplits(state.splits, state, now);
  return { state: { ...state, splits }, effects };
}

function parties({ roster, peer, stopping }: LinkState): Parties {
  return { roster, peer, stopping };
}

function ownOf({ config, software }: LinkContext): Own {
  return { digest: config.digest, software };
}

function newPath({ name, local, remote }: HeartbeatPath, window: Window, now: Instant): LinkPath {
  return { ...unheardPath(name), local, remote, window, claimQuietUntil: now };
}

function withPath(state: LinkState, name: string, change: (path: LinkPath) => LinkPath): LinkState {
  return { ...state, paths: state.paths.map((path) => (path.name === name ? change(path) : path)) };
}

function unchanged(state: LinkState): LinkStep {
  return { state, effects: [] };
}
