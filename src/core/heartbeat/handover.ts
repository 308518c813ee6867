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
 * Whoever asks waits 50 ms. A master that has had no answer by then goes on as if there were no peer: one that stops lets go,
 * one that was to be preempted stays. So both hold the addresses for 50 ms at most.
 *
 * An offer is acted upon when all that had queued beside it has been heard: after a stall it may be an old one, and a later word
 * that asks for nothing has withdrawn it. A master that gives its offer up says so at once.
 *
 * Each question has a number of the asker's; the answer has the same. A question that is repeated is not asked again of
 * anybody, and gets the answer that it had. An answer to a question that is not open any more is nothing.
 */

import { after, earliest, type Instant, milliseconds, seconds } from "../units/time.ts";
import { type Message, messagesThatFit, type RefusalReason } from "../wire/heartbeat.ts";
import type { Peer } from "./peer.ts";
import { localInstance, type Roster } from "./roster.ts";

/** Both directors may hold an address by agreement for so long. */
export const HANDOVER_OVERLAP = milliseconds(50);
/** A question is repeated so often. */
const REPEAT_EVERY = milliseconds(5);
/** While more comes than can be read an offer waits, but no longer than this: half of what it is open for. */
const FLOOD_PATIENCE = milliseconds(25);
/** Meanwhile it is looked at so often. */
const LOOK_EVERY = milliseconds(1);
/** An answer is remembered for so long; its question is asked for 50 ms. */
const REMEMBERED_FOR = seconds(1);

/** A question of ours that is not answered yet. */
interface Asked {
  readonly kind: "offer" | "request";
  /** An offer that the peer had asked for. */
  readonly onRequest: boolean;
  readonly id: number;
  readonly instances: readonly number[];
  readonly repeatAt: Instant;
  readonly giveUpAt: Instant;
}

/** A question of the peer's. */
interface Inquiry {
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
  readonly asked: readonly Asked[];
  readonly inquiries: readonly Inquiry[];
}

/** Nothing is under way. */
export const NO_HANDOVER: Handover = { nextId: 1, asked: [], inquiries: [] };

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
  | { readonly type: "offering"; readonly instances: readonly number[] }
  /** Claim and announce them, then say `claimed` with this number, or `take-failed`. */
  | { readonly type: "take"; readonly offer: number; readonly instances: readonly number[] }
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

/** We want to give these to the peer, or have them from it. */
export function ask(
  handover: Handover,
  kind: "offer" | "request",
  wanted: readonly number[],
  now: Instant,
  parties: Parties,
  onRequest = false,
): HandoverStep {
  const instances = wholeGroups(wanted, parties.roster);
  const reason = objection(kind, instances, parties);
  if (reason !== undefined)
    return { ...unchanged(handover), effects: [{ type: "handover-failed", kind, instances, reason }] };
  const isAsked = handover.asked.some((other) => other.kind === kind && isWithin(instances, other.instances));
  if (isAsked) return unchanged(handover);
  const asked: Asked = {
    kind,
    onRequest,
    id: handover.nextId,
    instances,
    repeatAt: after(now, REPEAT_EVERY),
    giveUpAt: after(now, HANDOVER_OVERLAP),
  };
  return {
    handover: { ...handover, nextId: handover.nextId + 1, asked: [...handover.asked, asked] },
    answers: [],
    effects: kind === "offer" ? [{ type: "offering", instances }] : [],
    ask: true,
  };
}

/** Why it is no use to ask. */
function objection(
  kind: "offer" | "request",
  instances: readonly number[],
  { roster, peer }: Parties,
): HandoverFailure | undefined {
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

/** The peer asks or answers. */
export function onMessage(
  handover: Handover,
  message: Message,
  now: Instant,
  parties: Parties,
): HandoverStep {
  switch (message.kind) {
    case "taken":
    case "refused":
      return onAnswer(handover, message);
    case "offer":
      return onOffer(handover, message, now, parties);
    case "request":
      return onRequest(handover, message, now, parties);
  }
}

function onAnswer(
  handover: Handover,
  message: Extract<Message, { kind: "taken" | "refused" }>,
): HandoverStep {
  const question = handover.asked.find(({ id }) => id === message.id);
  if (question === undefined) return unchanged(handover);
  const { kind, instances, onRequest } = question;
  const without = { ...handover, asked: handover.asked.filter((other) => other !== question) };
  if (message.kind === "refused")
    return {
      ...unchanged(without),
      effects: [{ type: "handover-failed", kind, instances, reason: message.reason }],
    };
  return kind === "offer"
    ? { ...unchanged(without), effects: [{ type: "let-go", instances, onRequest }] }
    : unchanged(handover);
}

function onOffer(handover: Handover, offer: Message, now: Instant, parties: Parties): HandoverStep {
  const known = handover.inquiries.find(({ id }) => id === offer.id);
  if (known !== undefined) return again(handover, known);
  // Both would let go of what each offers the other.
  const isOurs = handover.asked.some(
    ({ kind, instances }) => kind === "offer" && instances.some((id) => offer.instances.includes(id)),
  );
  const reason = isOurs ? "claim-failed" : cannotTake(offer.instances, parties);
  if (reason !== undefined) return refuse(handover, offer, reason, now);
  // What we had asked for is being given to us.
  const asked = handover.asked.filter(
    ({ kind, instances }) => kind !== "request" || !isWithin(instances, offer.instances),
  );
  const pending = { since: now, lookAt: now, lookedAt: now };
  const taking = { ...inquiry(offer, undefined, now), pending };
  return unchanged({ ...handover, asked, inquiries: [...handover.inquiries, taking] });
}

/** The peer's latest word asks for nothing: what it had offered before, and we have not begun to take, it offers no more. */
export function onNothingAsked(handover: Handover): Handover {
  if (handover.inquiries.every(({ pending }) => pending === undefined)) return handover;
  return { ...handover, inquiries: handover.inquiries.filter(({ pending }) => pending === undefined) };
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
function onRequest(handover: Handover, request: Message, now: Instant, parties: Parties): HandoverStep {
  const known = handover.inquiries.find(({ id }) => id === request.id);
  if (known !== undefined) return again(handover, known);
  const instances = wholeGroups(request.instances, parties.roster);
  const reason = cannotGive(instances, parties);
  if (reason !== undefined) return refuse(handover, request, reason, now);
  const heard = { ...handover, inquiries: [...handover.inquiries, inquiry(request, undefined, now)] };
  return ask(heard, "offer", instances, now, parties, true);
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
  offer: number,
  outcome: "taken" | RefusalReason,
  now: Instant,
): HandoverStep {
  const taking = handover.inquiries.find(({ id, answer }) => id === offer && answer === undefined);
  if (taking === undefined) return unchanged(handover);
  const { id, instances } = taking;
  const answer: Message =
    outcome === "taken"
      ? { kind: "taken", id, instances }
      : { kind: "refused", id, instances, reason: outcome };
  const inquiries = handover.inquiries.map((other) =>
    other === taking ? { ...taking, answer, forgetAt: after(now, REMEMBERED_FOR) } : other,
  );
  return { ...unchanged({ ...handover, inquiries }), answers: [answer] };
}

/** Time has passed: offers are acted upon, questions repeated or given up, answers forgotten. */
export function onDeadline(before: Handover, floodedAt: Instant | undefined, now: Instant): HandoverStep {
  const { handover, effects } = actUpon(before, floodedAt, now);
  const due = handover.asked.some(({ repeatAt }) => repeatAt <= now);
  const given = handover.asked.filter(({ giveUpAt }) => giveUpAt <= now);
  const asked = handover.asked
    .filter(({ giveUpAt }) => giveUpAt > now)
    .map((question) =>
      question.repeatAt <= now ? { ...question, repeatAt: after(now, REPEAT_EVERY) } : question,
    );
  const inquiries = handover.inquiries.filter(({ forgetAt }) => forgetAt > now);
  return {
    handover: { ...handover, asked, inquiries },
    answers: [],
    effects: [...effects, ...given.map(({ kind, instances }) => failed(kind, instances, "timeout"))],
    ask: (due && asked.length > 0) || given.length > 0,
  };
}

/** Offers that still stand once all has been heard are taken. */
function actUpon(
  handover: Handover,
  floodedAt: Instant | undefined,
  now: Instant,
): Pick<HandoverStep, "handover" | "effects"> {
  const effects: HandoverEffect[] = [];
  const inquiries = handover.inquiries.map((offer) => {
    const { id, instances, pending } = offer;
    if (pending === undefined || now < pending.lookAt) return offer;
    const isMoreToHear = floodedAt !== undefined && floodedAt >= pending.lookedAt;
    if (isMoreToHear && now < after(pending.since, FLOOD_PATIENCE))
      return { ...offer, pending: { ...pending, lookAt: after(now, LOOK_EVERY), lookedAt: now } };
    effects.push({ type: "take", offer: id, instances });
    return { ...offer, pending: undefined };
  });
  return { handover: { ...handover, inquiries }, effects };
}

/** Nobody who was asked is there any more. */
export function onPeerGone(handover: Handover, reason: "no-peer" | "peer-restarted"): HandoverStep {
  return {
    ...unchanged({ ...handover, asked: [], inquiries: [] }),
    effects: handover.asked.map(({ kind, instances }) => failed(kind, instances, reason)),
  };
}

/** Our open questions, as each datagram carries them. */
export function questions({ asked }: Handover): readonly Message[] {
  return asked.map(({ kind, id, instances }) => ({ kind, id, instances }));
}

/** When the handovers want to see `onDeadline` next. */
export function handoverDeadline({ asked, inquiries }: Handover): Instant | undefined {
  return earliest(
    ...asked.flatMap(({ repeatAt, giveUpAt }) => [repeatAt, giveUpAt]),
    ...inquiries.map(({ forgetAt, pending }) => pending?.lookAt ?? forgetAt),
  );
}

/** What is asked again gets its answer again. */
function again(handover: Handover, { answer }: Inquiry): HandoverStep {
  return { ...unchanged(handover), answers: answer === undefined ? [] : [answer] };
}

function refuse(handover: Handover, question: Message, reason: RefusalReason, now: Instant): HandoverStep {
  const { id, instances } = question;
  const answer: Message = { kind: "refused", id, instances, reason };
  const inquiries = [...handover.inquiries, inquiry(question, answer, now)];
  return { ...unchanged({ ...handover, inquiries }), answers: [answer] };
}

function inquiry({ id, instances }: Message, answer: Message | undefined, now: Instant): Inquiry {
  return { id, instances, answer, forgetAt: after(now, REMEMBERED_FOR) };
}

function failed(
  kind: "offer" | "request",
  instances: readonly number[],
  reason: HandoverFailure,
): HandoverEffect {
  return { type: "handover-failed", kind, instances, reason };
}

/** These, and all members of the sync groups that they are in. */
function wholeGroups(wanted: readonly number[], { entries }: Roster): readonly number[] {
  const groups = new Set(
    entries.filter(({ id, group }) => group !== undefined && wanted.includes(id)).map(({ group }) => group),
  );
  const companions = entries.filter(({ group }) => group !== undefined && groups.has(group));
  return [...new Set([...wanted, ...companions.map(({ id }) => id)])];
}

function isWithin(some: readonly number[], all: readonly number[]): boolean {
  return some.every((id) => all.includes(id));
}

function unchanged(handover: Handover): HandoverStep {
  return { handover, answers: [], effects: [], ask: false };
}
