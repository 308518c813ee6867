/**
 * What the other director of the pair says by the pair's own link (`core/heartbeat`), to a virtual router.
 *
 * - While it says that it is master, this one does not take over, whatever is not heard any more on the segment: silence
 *   on one path is not death.
 * - When it lets go, or misses something, this one need not wait. When every path falls silent, it does not wait either;
 *   but it asks on the segment first: a master that lives answers at once, and is left alone then, whoever is the better
 *   one. One that would not answer is not asked, and VRRP's own wait goes on.
 * - When both say that they are master, the lesser one gives way, and the other announces again.
 * - A handover is agreed upon: the taker claims and announces the addresses while the giver still has them, and says
 *   nothing more on the segment; then the giver lets go. Neither listens to adverts meanwhile: those of the giver are from
 *   before it, and the taker may have the lower priority.
 *
 * The address owner (priority 255) does as it does without a peer.
 */

import { compareIp, type IpAddress } from "../units/ip-address.ts";
import { after, type Duration, type Instant, milliseconds, seconds } from "../units/time.ts";
import { giveWay } from "./contention.ts";
import { type Context, type Event, type Step, unchanged } from "./event.ts";
import type { VirtualRouter } from "./model.ts";
import type { State, TransitionCause } from "./state.ts";
import { LEAST, OWNER } from "./priority.ts";
import { announce, becomeMaster, clear, publish } from "./transition.ts";
import { NEVER, waitingFor, waitingOn } from "./waiting.ts";

/** What the peer last said of this virtual router. */
export interface PeerWord {
  readonly state: State["name"];
  /** Its effective priority. */
  readonly priority: number;
  /** Where its adverts come from; undefined when it can send none. */
  readonly primary: IpAddress | undefined;
}

/**
 * A backup that asked for a handover takes the addresses the usual way when so long nothing has come of it. Hundreds of
 * instances wait for their turn meanwhile.
 */
const ASKED_FOR = seconds(1);

/**
 * A silent master that is asked on the segment has so long to answer, at most. One that would give way to us has more time:
 * where the other one's answer is late, two hold the addresses for a moment, and no more comes of it.
 */
const ANSWER_WITHIN = { greater: milliseconds(10), lesser: milliseconds(50) } as const;

/** A backup's wait is over while the peer says that it is master. */
export function onDueBesidePeer(
  state: State & { name: "backup" },
  peer: PeerWord,
  now: Instant,
  context: Context,
): Step {
  if (state.expecting !== "preempted-lower-priority") {
    const waiting = { ...state, expecting: "master-down" } as const;
    return { state: waitingOn(waiting, now, context.router), effects: [{ type: "held-back-by-peer" }] };
  }
  if (state.askedHandover === true || peer.priority === OWNER)
    return becomeMaster(state, state.expecting, state.master, now, context);
  const asking = { ...state, masterDownAt: after(now, ASKED_FOR), askedHandover: true } as const;
  return { state: asking, effects: [{ type: "request-handover" }] };
}

/** The peer says something new of this router, or can be heard again. `before` is what it said until now. */
export function onPeer(state: State, before: PeerWord | undefined, now: Instant, context: Context): Step {
  const { peer } = context;
  if (peer === undefined) return unchanged(state);
  const letsGo = before?.state === "master" && peer.state !== "master" ? before : undefined;
  switch (state.name) {
    case "init":
    case "fault":
      return unchanged(state);
    case "backup":
      if (letsGo !== undefined) return onPeerLetsGo(state, letsGo, peer, now, context);
      return unchanged(before !== undefined && peer.priority < before.priority ? undeferring(state) : state);
    case "master":
      if (isDeaf(state, now)) return unchanged(state);
      if (letsGo !== undefined) return { state, effects: [announce(context.router)] };
      return peer.state === "master" ? onPeerIsMaster(state, peer, now, context) : unchanged(state);
  }
}

function onPeerLetsGo(
  state: State & { name: "backup" },
  before: PeerWord,
  peer: PeerWord,
  now: Instant,
  context: Context,
): Step {
  // On the segment somebody else is master, who is none of the pair. With its interface the peer may have lost its address.
  const theirs = [before.primary, peer.primary].filter((primary) => primary !== undefined);
  const isThird = state.master !== undefined && theirs.length > 0 && !theirs.includes(state.master);
  const isNext = peer.state !== "backup" || rank(peer, context) === "lesser";
  if (isThird || !isNext) return unchanged(state);
  return becomeMaster(state, "peer-let-go", peer.state, now, context);
}

/** What was handed to the peer is left to it for as long as it is as good as it was. */
function undeferring(state: State & { name: "backup" }): State {
  return state.preemptAt === NEVER ? { ...state, preemptAt: undefined } : state;
}

function onPeerIsMaster(
  state: State & { name: "master" },
  peer: PeerWord,
  now: Instant,
  context: Context,
): Step {
  const { router } = context;
  if (rank(peer, context) !== "greater") return unchanged(state);
  const next = waitingFor(peer.primary, router.advertInterval, now, router);
  const cause: TransitionCause =
    peer.priority > router.priority ? "higher-priority" : "equal-priority-higher-address";
  // With a last word: the peer may not hear us by the link, and is to announce again.
  return giveWay(state, next, cause, peer.primary, router);
}

/**
 * Every path to the peer has fallen silent; `last` is what it said. It is asked on the segment, and answers within `grace` or less: a
 * master whose heartbeats alone are lost keeps what it has, also from one who outranks it and does not preempt it.
 */
export function onPeerSilent(
  state: State,
  last: PeerWord,
  grace: Duration,
  now: Instant,
  context: Context,
): Step {
  if (state.name !== "backup" || last.state !== "master" || !wouldAnswer(last, context))
    return unchanged(state);
  const asking = {
    ...state,
    masterDownAt: after(now, Math.min(grace, ANSWER_WITHIN[rank(last, context)]) as Duration),
    expecting: "peer-silent",
    master: last.primary ?? state.master,
  } as const;
  return { state: asking, effects: [{ type: "ask" }] };
}

/** The question is an advert of the least priority: a master of that priority might give way to it instead. */
function wouldAnswer({ priority, primary }: PeerWord, { router, primary: own }: Context): boolean {
  if (!router.contention.answer) return false;
  if (priority === OWNER) return router.ownerHeeds === undefined;
  return priority > LEAST || isHigher(primary, own);
}

/** A silence that was none on another router is none here: who is being asked need not answer. */
export function onPeerLives(state: State, now: Instant, { router }: Context): Step {
  if (state.name !== "backup" || state.expecting !== "peer-silent") return unchanged(state);
  const { preemptAt } = state;
  return unchanged({ ...waitingFor(state.master, state.advertInterval, now, router), preemptAt });
}

/** A backup takes the addresses over from a master that still has them. */
export function onTake(
  state: State,
  { from, within }: Event & { type: "take" },
  now: Instant,
  context: Context,
): Step {
  if (state.name !== "backup") return unchanged(state);
  const { state: taken, effects } = becomeMaster(state, "handover", from, now, context);
  return { state: { ...taken, deafUntil: after(now, within) }, effects };
}

/** A master is about to hand over: until it is told how that ended it neither speaks nor listens on the segment. */
export function onGive(state: State, within: Duration, now: Instant): Step {
  if (state.name !== "master") return unchanged(state);
  return unchanged({ ...state, deafUntil: after(now, within), mute: true });
}

/**
 * The handover is over. If the peer has the addresses, they go here; and a peer of lower priority is not preempted: it has
 * them because somebody wanted that; unless it had asked for them when it was the better one.
 */
export function onGiven(
  state: State,
  { to, onRequest }: Event & { type: "given" },
  now: Instant,
  { router, peer }: Context,
): Step {
  if (state.name !== "master") return unchanged(state);
  if (to === undefined) return resume(state, now, router);
  const isWanted = onRequest !== true && peer !== undefined && peer.priority < router.priority;
  const next = {
    ...waitingFor(peer?.primary, router.advertInterval, now, router),
    preemptAt: isWanted ? NEVER : undefined,
  };
  return { state: next, effects: [...clear(router), publish(state, next, "handover", to)] };
}

/**
 * A master whose handover has come to nothing. It says so on the segment at once: the peer may have taken the addresses, and
 * its answer may be lost. And it announces again: what it had to announce meanwhile was left out, and the peer may have
 * begun to.
 */
export function resume(
  state: State & { name: "master" },
  now: Instant,
  router: VirtualRouter,
): Step & { readonly state: { name: "master" } } {
  if (state.mute !== true) return { state, effects: [] };
  const nextAdvertAt = after(now, router.advertInterval);
  return {
    state: { ...state, mute: false, deafUntil: undefined, nextAdvertAt },
    effects: [{ type: "send-advert" }, announce(router)],
  };
}

/** True while adverts do not count: the addresses are changing hands. */
export function isDeaf({ deafUntil }: State & { name: "master" }, now: Instant): boolean {
  return deafUntil !== undefined && now < deafUntil;
}

/**
 * A taker hears an advert that does not count. Whoever sent it may be master still, or again, and may have announced: when we
 * listen again, it is answered as any other is.
 */
export function overheard(state: State & { name: "master" }, { contention }: VirtualRouter): State {
  const { deafUntil } = state;
  if (state.mute === true || deafUntil === undefined) return state;
  const { nextAdvertAt } = state;
  return {
    ...state,
    nextAdvertAt: contention.answer && deafUntil < nextAdvertAt ? deafUntil : nextAdvertAt,
    reassertAt: contention.announceRepeat === 0 ? state.reassertAt : deafUntil,
  };
}

/** How the peer stands to this router where both are master. */
function rank({ priority, primary }: PeerWord, { router, primary: own }: Context): "greater" | "lesser" {
  const isGreater = priority === router.priority ? isHigher(primary, own) : priority > router.priority;
  return isGreater ? "greater" : "lesser";
}

/** Who has no address to send adverts from loses a tie. */
function isHigher(one: IpAddress | undefined, other: IpAddress | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return compareIp(one, other) > 0;
}
