/**
 * Handover: a master gives its addresses to the peer, peer first.
 *
 * ```
 *   master                                    backup
 *     | <---------------- request ------------- |   only when the backup wants to preempt
 *     | ----------------- offer --------------> |   repeated every 5 ms until it is answered
 *     |                                         |   claims and announces
 *     | <---------------- taken --------------- |
 *   lets go                                     |
 * ```
 *
 * Instances are handed over in units: a sync group, or one that is in none. Whoever asks waits 50 ms, or longer for a unit of
 * more than 10 addresses. A master that has had no answer by then goes on as if there were no peer: one that stops lets go,
 * one that was to be preempted stays. So both hold the addresses of a unit for no longer than that.
 *
 * A director of hundreds of instances gives them away as fast as the peer can claim them: no more than 10 addresses are on
 * their way at once, the other units wait for their turn. When the peer has not answered anything for as long as a question
 * is open, those that wait are given up, too.
 *
 * An offer is acted upon when all that had queued beside it has been heard: after a stall it may be an old one, and a later
 * round that asks for something else, or says nothing new, has withdrawn it. A master that gives its offer up says so at once.
 *
 * Each question has a number of the asker's; the answer has the same. A question that is repeated is not asked again of
 * anybody, and gets the answer that it had. An answer to a question that is not open any more is nothing.
 */

import { after, type Duration, earliest, type Instant, milliseconds, seconds, START } from "../units/time.ts";
import { type Message, messagesThatFit, type RefusalReason } from "../wire/heartbeat.ts";
import type { Peer } from "./peer.ts";
import { localInstance, type Roster } from "./roster.ts";

/** Both directors may hold an address by agreement for so long. */
const HANDOVER_OVERLAP = milliseconds(50);
/** To claim an address takes no longer, on a machine that is busy. */
const CLAIMED_WITHIN = milliseconds(5);
/** So many addresses may be on their way at once, unless one unit has more: they are claimed within the overlap. */
const ADDRESSES_AT_ONCE = 10;
/** A question is repeated so often. */
const REPEAT_EVERY = milliseconds(5);
/** While more comes than can be read an offer waits, but no longer than this: half of what it is open for. */
const FLOOD_PATIENCE = milliseconds(25);
/** Meanwhile it is looked at so often. */
const LOOK_EVERY = milliseconds(1);
/** An answer is remembered for so long after its question's time. */
const REMEMBERED_FOR = seconds(1);

/** What one question is about: instances that change hands together. */
interface Unit {
  readonly kind: "offer" | "request";
  /** An offer that the peer had asked for. */
  readonly onRequest: boolean;
  readonly instances: readonly number[];
}

/** A question of ours that is not answered yet. */
interface Asked extends Unit {
  readonly id: number;
  readonly askedAt: Instant;
  readonly giveUpAt: Instant;
}

/** A message that asks. */
type Question = Extract<Message, { kind: "offer" | "request" }>;

/** A question of the peer's. */
interface Inquiry {
  readonly kind: "offer" | "request";
  readonly id: number;
  readonly instances: readonly number[];
  /** Undefined while the instances are being claimed, or offered. */
  readonly answer: Message | undefined;
  readonly forgetAt: Instant;
  /** An offer that is not acted upon yet. */
  readonly pending?: Pending | undefined;
}

/** An offer that waits for all that had queued beside it. */
interface Pending {
  readonly since: Instant;
  /** When to see whether it still stands. */
  readonly lookAt: Instant;
  /** A flood since then says that there is more to be heard. */
  readonly lookedAt: Instant;
}

/** The handovers under way. */
export interface Handover {
  /** The number of our next question. */
  readonly nextId: number;
  /** What is still to be asked, in this order. */
  readonly waiting: readonly Unit[];
  /** All of them fit into one datagram. */
  readonly asked: readonly Asked[];
  /** When they are asked again. */
  readonly repeatAt: Instant;
  /** When one of our questions was last answered. */
  readonly answeredAt: Instant;
  readonly inquiries: readonly Inquiry[];
}

/** Nothing is under way. */
export const NO_HANDOVER: Handover = {
  nextId: 1,
  waiting: [],
  asked: [],
  repeatAt: START,
  answeredAt: START,
  inquiries: [],
};

/** Why a handover did not come about. */
type HandoverFailure =
  | RefusalReason
  /** The peer is not heard. */
  | "no-peer"
  /** The peer did not answer in time. */
  | "timeout"
  /** The peer was started anew meanwhile. */
  | "peer-restarted"
  /** More instances in one group than a datagram has room for. */
  | "too-many";

/** What the driver must do. */
export type HandoverEffect =
  /** An offer of these is out: no advert of the peer's for them is to be answered until `let-go` or `handover-failed`. */
  | { readonly type: "offering"; readonly instances: readonly number[]; readonly within: Duration }
  /** Claim and announce them, in no more than that time, then say `claimed` with this number, or `take-failed`. */
  | {
      readonly type: "take";
      readonly offer: number;
      readonly instances: readonly number[];
      readonly within: Duration;
    }
  /** The peer has them, `onRequest` because it asked for them: take the addresses off, without a word to anybody. */
  | { readonly type: "let-go"; readonly instances: readonly number[]; readonly onRequest: boolean }
  /** It did not come about; `kind` is what we had asked. */
  | {
      readonly type: "handover-failed";
      readonly kind: "offer" | "request";
      readonly instances: readonly number[];
      readonly reason: HandoverFailure;
    };

/** What becomes of the handovers, what is to be answered at once, what the driver does. */
export interface HandoverStep {
  readonly handover: Handover;
  readonly answers: readonly Message[];
  readonly effects: readonly HandoverEffect[];
  /** Questions are to go out now. */
  readonly ask: boolean;
}

/** Who hands over to whom. */
export interface Parties {
  readonly roster: Roster;
  readonly peer: Peer;
  readonly stopping: boolean;
}

/** How long a handover of these may take: both directors may hold their addresses for so long. */
export function handoverTime(instances: readonly number[], roster: Roster): Duration {
  return Math.max(HANDOVER_OVERLAP, addressesOf(instances, roster) * CLAIMED_WITHIN) as Duration;
}

/** We want to give these to the peer, or have them from it, with the rest of their sync groups. */
export function ask(
  handover: Handover,
  kind: "offer" | "request",
  wanted: readonly number[],
  now: Instant,
  parties: Parties,
): HandoverStep {
  const units = unitsOf(wanted, parties.roster).map((instances) => ({ kind, onRequest: false, instances }));
  return askMore(unchanged(withWaiting(handover, units)), now, parties);
}

/** What is not asked or waiting already waits for its turn. */
function withWaiting(handover: Handover, units: readonly Unit[]): Handover {
  const known = [...handover.asked, ...handover.waiting];
  const [offered, requested] = [instancesOf(known, "offer"), instancesOf(known, "request")];
  const isKnown = ({ kind, instances }: Unit): boolean =>
    instances.every((id) => (kind === "offer" ? offered : requested).has(id));
  return { ...handover, waiting: [...handover.waiting, ...units.filter((unit) => !isKnown(unit))] };
}

function instancesOf(units: readonly Unit[], kind: Unit["kind"]): ReadonlySet<number> {
  return new Set(units.flatMap((unit) => (unit.kind === kind ? unit.instances : [])));
}

/** Asks what waits, as far as there is room for it. */
function askMore(step: HandoverStep, now: Instant, parties: Parties): HandoverStep {
  const { handover } = step;
  const effects = [...step.effects];
  const asked = [...handover.asked];
  const waiting: Unit[] = [];
  const full = new Set<Unit["kind"]>();
  let { nextId } = handover;
  for (const unit of handover.waiting) {
    const { kind, instances } = unit;
    if (full.has(kind)) {
      waiting.push(unit);
      continue;
    }
    if (isSettled(unit, parties.roster)) continue;
    const reason = objection(unit, parties);
    if (reason !== undefined) effects.push(failed(unit, reason));
    else if (hasRoom(unit, { ...handover, asked }, parties.roster)) {
      const within = handoverTime(instances, parties.roster);
      asked.push({ ...unit, id: nextId, askedAt: now, giveUpAt: after(now, within) });
      nextId += 1;
      if (kind === "offer") effects.push({ type: "offering", instances, within });
    } else {
      full.add(kind);
      waiting.push(unit);
    }
  }
  const asks = asked.length > handover.asked.length;
  const repeatAt = asks ? after(now, REPEAT_EVERY) : handover.repeatAt;
  return {
    ...step,
    handover: { ...handover, nextId, waiting, asked, repeatAt },
    effects,
    ask: step.ask || asks,
  };
}

/** What was asked for has been had the usual way while it waited. */
function isSettled({ kind, onRequest, instances }: Unit, roster: Roster): boolean {
  const isOurs = (id: number): boolean => localInstance(roster, id)?.state === "master";
  return kind === "request" ? instances.every(isOurs) : onRequest && !instances.some(isOurs);
}

/** Who asks for something has to claim it, beside what it is claiming already. */
function hasRoom({ kind, instances }: Unit, { asked, inquiries }: Handover, roster: Roster): boolean {
  const same = asked.filter((other) => other.kind === kind);
  const taking = inquiries.filter((other) => other.kind === "offer" && other.answer === undefined);
  const others = kind === "request" ? [...same, ...taking] : same;
  const addresses = others.reduce((sum, other) => sum + addressesOf(other.instances, roster), 0);
  if (others.length > 0 && addresses + addressesOf(instances, roster) > ADDRESSES_AT_ONCE) return false;
  const all = [...asked, { kind, instances }].map((one) => ({ ...one, id: 0 }));
  return messagesThatFit(all) === all.length;
}

/** Each instance counts for something, whatever it has. */
function addressesOf(instances: readonly number[], roster: Roster): number {
  return instances.reduce((sum, id) => sum + Math.max(1, localInstance(roster, id)?.addresses ?? 1), 0);
}

/** Why it is no use to ask. */
function objection({ kind, instances }: Unit, { roster, peer }: Parties): HandoverFailure | undefined {
  if (peer.presence.name !== "alive") return "no-peer";
  if (messagesThatFit([{ kind, id: 0, instances }]) === 0) return "too-many";
  if (peer.stopping) return "stopping";
  for (const id of instances) {
    const ours = localInstance(roster, id)?.state;
    if (ours === undefined) return "unknown-instance";
    if (kind === "offer" && ours !== "master") return "not-master";
    const state = peer.instances.get(id)?.state;
    if (kind === "request" && state !== undefined && state !== "master") return "not-master";
    if (kind === "offer" && state === "fault") return "fault";
    if (kind === "offer" && state === "init") return "startup";
  }
  return undefined;
}

/**
 * The peer asks and answers, in one datagram. A round begins with all that it asks: what it had offered before, and we have not
 * begun to take, is not offered any more, unless this datagram is a later part of its round, which has answers or `changed`
 * entries alone.
 */
export function onMessages(
  handover: Handover,
  messages: readonly Message[],
  changed: number,
  now: Instant,
  parties: Parties,
): HandoverStep {
  const open = new Set(
    messages.filter(({ kind }) => kind === "offer" || kind === "request").map(({ id }) => id),
  );
  const isLaterPart = open.size === 0 && messages.length + changed > 0;
  let step = unchanged(isLaterPart ? handover : withdrawnBut(handover, open));
  for (const message of messages) {
    const next = onMessage(step.handover, message, now, parties);
    step = {
      handover: next.handover,
      answers: [...step.answers, ...next.answers],
      effects: [...step.effects, ...next.effects],
      ask: step.ask || next.ask,
    };
  }
  return askMore(step, now, parties);
}

function withdrawnBut(handover: Handover, open: ReadonlySet<number>): Handover {
  const isOpen = ({ id, pending }: Inquiry): boolean => pending === undefined || open.has(id);
  if (handover.inquiries.every(isOpen)) return handover;
  return { ...handover, inquiries: handover.inquiries.filter(isOpen) };
}

function onMessage(handover: Handover, message: Message, now: Instant, parties: Parties): HandoverStep {
  switch (message.kind) {
    case "taken":
    case "refused":
      return onAnswer(handover, message, now);
    case "offer":
      return onOffer(handover, message, now, parties);
    case "request":
      return onRequest(handover, message, now, parties);
  }
}

function onAnswer(
  handover: Handover,
  message: Extract<Message, { kind: "taken" | "refused" }>,
  now: Instant,
): HandoverStep {
  const question = handover.asked.find(({ id }) => id === message.id);
  if (question === undefined) return unchanged(handover);
  const { kind, instances, onRequest } = question;
  const without = {
    ...handover,
    asked: handover.asked.filter((other) => other !== question),
    answeredAt: now,
  };
  if (message.kind === "refused")
    return { ...unchanged(without), effects: [failed(question, message.reason)] };
  return kind === "offer"
    ? { ...unchanged(without), effects: [{ type: "let-go", instances, onRequest }] }
    : unchanged(handover);
}

function onOffer(handover: Handover, offer: Question, now: Instant, parties: Parties): HandoverStep {
  const known = handover.inquiries.find(({ id }) => id === offer.id);
  if (known !== undefined) return again(handover, known);
  // Both would let go of what each offers the other.
  const isOurs = handover.asked.some(
    ({ kind, instances }) => kind === "offer" && instances.some((id) => offer.instances.includes(id)),
  );
  const reason = isOurs ? "claim-failed" : cannotTake(offer.instances, parties);
  if (reason !== undefined) return refuse(handover, offer, reason, now, parties.roster);
  // What we had asked for, or were to, is being given to us.
  const isGiven = ({ kind, instances }: Unit): boolean =>
    kind === "request" && isWithin(instances, offer.instances);
  const taking = {
    ...inquiry(offer, undefined, now, parties.roster),
    pending: { since: now, lookAt: now, lookedAt: now },
  };
  return unchanged({
    ...handover,
    waiting: handover.waiting.filter((unit) => !isGiven(unit)),
    asked: handover.asked.filter((unit) => !isGiven(unit)),
    answeredAt: handover.asked.some(isGiven) ? now : handover.answeredAt,
    inquiries: [...handover.inquiries, taking],
  });
}

function cannotTake(instances: readonly number[], { roster, stopping }: Parties): RefusalReason | undefined {
  if (stopping) return "stopping";
  for (const id of instances) {
    const state = localInstance(roster, id)?.state;
    if (state === undefined) return "unknown-instance";
    if (state === "fault") return "fault";
    if (state === "init") return "startup";
  }
  return undefined;
}

/** A backup that outranks us gets an offer; its number is ours. */
function onRequest(handover: Handover, request: Question, now: Instant, parties: Parties): HandoverStep {
  const known = handover.inquiries.find(({ id }) => id === request.id);
  if (known !== undefined) return again(handover, known);
  const instances = unitsOf(request.instances, parties.roster).flat();
  const reason = cannotGive(instances, parties);
  if (reason !== undefined) return refuse(handover, request, reason, now, parties.roster);
  const heard = inquiry(request, undefined, now, parties.roster);
  const wanted = withWaiting(handover, [{ kind: "offer", onRequest: true, instances }]);
  return unchanged({ ...wanted, inquiries: [...handover.inquiries, heard] });
}

function cannotGive(
  instances: readonly number[],
  { roster, peer, stopping }: Parties,
): RefusalReason | undefined {
  if (stopping) return "stopping";
  for (const id of instances) {
    const [ours, theirs] = [localInstance(roster, id), peer.instances.get(id)];
    if (ours === undefined || theirs === undefined) return "unknown-instance";
    if (ours.state !== "master") return "not-master";
    if (theirs.state === "fault") return "fault";
    if (theirs.state === "init") return "startup";
    if (theirs.priority <= ours.priority) return "rank";
  }
  return undefined;
}

/** The driver has claimed and announced what it was to take, or could not. */
export function onTaken(
  handover: Handover,
  offers: readonly number[],
  outcome: "taken" | RefusalReason,
  now: Instant,
  parties: Parties,
): HandoverStep {
  const taken = new Set(offers);
  const answers: Message[] = [];
  const inquiries = handover.inquiries.map((taking) => {
    const { kind, id, instances } = taking;
    if (kind !== "offer" || taking.answer !== undefined || !taken.has(id)) return taking;
    const answer: Message =
      outcome === "taken"
        ? { kind: "taken", id, instances }
        : { kind: "refused", id, instances, reason: outcome };
    answers.push(answer);
    return { ...taking, answer, forgetAt: after(now, REMEMBERED_FOR) };
  });
  return askMore({ ...unchanged({ ...handover, inquiries }), answers }, now, parties);
}

/** Time has passed: offers are acted upon, questions repeated or given up, answers forgotten. */
export function onDeadline(
  before: Handover,
  floodedAt: Instant | undefined,
  now: Instant,
  parties: Parties,
): HandoverStep {
  const { handover, effects } = actUpon(before, floodedAt, now, parties.roster);
  const asked = handover.asked.filter(({ giveUpAt }) => giveUpAt > now);
  const late = handover.asked.filter(({ giveUpAt }) => giveUpAt <= now);
  // Who has answered nothing since then is not asked for more.
  const silent = new Set(
    late.filter(({ askedAt }) => handover.answeredAt <= askedAt).map(({ kind }) => kind),
  );
  const lost = [...late, ...handover.waiting.filter(({ kind }) => silent.has(kind))];
  const asks = late.length > 0 || (asked.length > 0 && handover.repeatAt <= now);
  const step: HandoverStep = {
    handover: {
      ...handover,
      waiting: handover.waiting.filter(({ kind }) => !silent.has(kind)),
      asked,
      repeatAt: asks ? after(now, REPEAT_EVERY) : handover.repeatAt,
      inquiries: handover.inquiries.filter(({ forgetAt }) => forgetAt > now),
    },
    answers: [],
    effects: [...effects, ...lost.map((unit) => failed(unit, "timeout"))],
    ask: asks,
  };
  return askMore(step, now, parties);
}

/** Offers that still stand once all has been heard are taken. */
function actUpon(
  handover: Handover,
  floodedAt: Instant | undefined,
  now: Instant,
  roster: Roster,
): Pick<HandoverStep, "handover" | "effects"> {
  const effects: HandoverEffect[] = [];
  const inquiries = handover.inquiries.map((offer) => {
    const { id, instances, pending } = offer;
    if (pending === undefined || now < pending.lookAt) return offer;
    const isMoreToHear = floodedAt !== undefined && floodedAt >= pending.lookedAt;
    if (isMoreToHear && now < after(pending.since, FLOOD_PATIENCE))
      return { ...offer, pending: { ...pending, lookAt: after(now, LOOK_EVERY), lookedAt: now } };
    effects.push({ type: "take", offer: id, instances, within: handoverTime(instances, roster) });
    return { ...offer, pending: undefined };
  });
  return { handover: { ...handover, inquiries }, effects };
}

/**
 * Nobody who was asked is there any more, as far as we can tell: whoever wakes and hears it after all is to hear that it is
 * void.
 */
export function onPeerGone(handover: Handover, reason: "no-peer" | "peer-restarted"): HandoverStep {
  return {
    ...unchanged({ ...handover, waiting: [], asked: [], inquiries: [] }),
    ask: handover.asked.length > 0,
    effects: [...handover.asked, ...handover.waiting].map((unit) => failed(unit, reason)),
  };
}

/** Our open questions, as each datagram carries them. */
export function questions({ asked }: Handover): readonly Message[] {
  return asked.map(({ kind, id, instances }) => ({ kind, id, instances }));
}

/** When the handovers want to see `onDeadline` next. */
export function handoverDeadline({ asked, repeatAt, inquiries }: Handover): Instant | undefined {
  return earliest(
    ...asked.flatMap(({ giveUpAt }) => [repeatAt, giveUpAt]),
    ...inquiries.map(({ forgetAt, pending }) => pending?.lookAt ?? forgetAt),
  );
}

/** What is asked again gets its answer again. */
function again(handover: Handover, { answer }: Inquiry): HandoverStep {
  return { ...unchanged(handover), answers: answer === undefined ? [] : [answer] };
}

function refuse(
  handover: Handover,
  question: Question,
  reason: RefusalReason,
  now: Instant,
  roster: Roster,
): HandoverStep {
  const { id, instances } = question;
  const answer: Message = { kind: "refused", id, instances, reason };
  const inquiries = [...handover.inquiries, inquiry(question, answer, now, roster)];
  return { ...unchanged({ ...handover, inquiries }), answers: [answer] };
}

function inquiry(
  { kind, id, instances }: Question,
  answer: Message | undefined,
  now: Instant,
  roster: Roster,
): Inquiry {
  const forgetAt = after(after(now, handoverTime(instances, roster)), REMEMBERED_FOR);
  return { kind, id, instances, answer, forgetAt };
}

function failed({ kind, instances }: Unit, reason: HandoverFailure): HandoverEffect {
  return { type: "handover-failed", kind, instances, reason };
}

/** These in units: with all members of a sync group that one of them is in. */
function unitsOf(wanted: readonly number[], roster: Roster): readonly (readonly number[])[] {
  const units = new Map<string | number, Set<number>>();
  for (const id of wanted) {
    const key = localInstance(roster, id)?.group ?? id;
    const unit = units.get(key);
    if (unit === undefined) units.set(key, new Set([id]));
    else unit.add(id);
  }
  for (const { id, group } of roster.entries) if (group !== undefined) units.get(group)?.add(id);
  return [...units.values()].map((unit) => [...unit]);
}

function isWithin(some: readonly number[], all: readonly number[]): boolean {
  return some.every((id) => all.includes(id));
}

function unchanged(handover: Handover): HandoverStep {
  return { handover, answers: [], effects: [], ask: false };
}
