/**
 * A master that hears another one: it gives way, or makes itself heard (RFC 9568 §6.4.3).
 *
 * Two owners of the same addresses, both with priority 255, are a mistake in somebody's configuration, and both of them
 * master for as long as neither listens. The one of the lower address gives way at once, as between any two equals. The
 * other one leaves it the time for that, and then gives way itself: to a router that does not listen to anybody, as RFC
 * 5798 §7.1 had owners do, one holder that is not the right one is to be preferred to two.
 */

import { compareIp, type IpAddress } from "../units/ip-address.ts";
import { after, centiseconds, type Duration, type Instant, microseconds, ZERO } from "../units/time.ts";
import type { Advert } from "../wire/vrrp.ts";
import { type Context, type Effect, type Step, unchanged } from "./event.ts";
import type { VirtualRouter } from "./model.ts";
import { OWNER } from "./priority.ts";
import type { Contest, State, TransitionCause } from "./state.ts";
import { announce, clear, publish } from "./transition.ts";
import { waitingFor } from "./waiting.ts";

/** A master answers a lesser one at once, but not more often than the fastest master would speak. */
const ANSWERS_APART = centiseconds(1);

/** RFC 9568 §6.4.3. */
export function onAdvertAsMaster(
  state: State & { name: "master" },
  advert: Advert,
  source: IpAddress,
  now: Instant,
  context: Context,
): Step {
  const isReplaced = isWordOfReplaced(state, source, now);
  const heard = isReplaced ? { ...state, replaced: undefined } : state;
  // Who lets go, or is heard by the link again anyway, gives the lie to nothing.
  const isLie = isReplaced && advert.priority > 0 && context.peer === undefined;
  const { state: next, effects } = onOtherMaster(heard, advert, source, now, context);
  return {
    state: next,
    effects: [...(isLie ? [{ type: "silence-contradicted" } as const] : []), ...effects],
  };
}

/** The master that was taken for dead speaks. */
function isWordOfReplaced(
  { replaced }: State & { name: "master" },
  source: IpAddress,
  now: Instant,
): boolean {
  if (replaced === undefined || now >= replaced.until) return false;
  return replaced.master === undefined || replaced.master === source;
}

function onOtherMaster(
  state: State & { name: "master" },
  advert: Advert,
  source: IpAddress,
  now: Instant,
  context: Context,
): Step {
  const { router } = context;
  const winner = reasonToYield(state, advert, source, now, context);
  if (winner !== undefined) {
    const next = waitingFor(source, advert.advertInterval, now, router);
    return giveWay(state, next, winner, source, router);
  }
  const resisting = contested(state, advert, source, now, router);
  const met = onLesserMaster(resisting, advert.priority, source, now, router);
  if (advert.priority === 0) return met;
  const remark = { type: "lesser-master", source, priority: advert.priority } as const;
  return { ...met, effects: [remark, ...met.effects] };
}

function reasonToYield(
  state: State & { name: "master" },
  advert: Advert,
  source: IpAddress,
  now: Instant,
  context: Context,
): TransitionCause | undefined {
  const stronger = strongerThanUs(advert, source, context);
  if (!areBothOwners(advert, context.router)) return stronger;
  const hasLost = stronger !== undefined || isIgnored(state, advert, source, now, context.router);
  return hasLost ? "duplicate-owner" : undefined;
}

/** The other owner had its time, was told once more, and speaks still. */
function isIgnored(
  { contest }: State & { name: "master" },
  advert: Advert,
  source: IpAddress,
  now: Instant,
  router: VirtualRouter,
): boolean {
  if (contest?.by !== source || isOver(contest, advert, now, router)) return false;
  return contest.warned && now >= contest.until;
}

/**
 * Another owner begins to be heard, or is heard still when its time is up. That may have been the last word of one that
 * has given way late, or what has queued while we stood still: so it is answered once more before it counts. Of several
 * owners it is one at a time.
 */
function contested(
  state: State & { name: "master" },
  advert: Advert,
  source: IpAddress,
  now: Instant,
  router: VirtualRouter,
): State & { name: "master" } {
  const { contest } = state;
  if (!areBothOwners(advert, router)) return state;
  if (contest === undefined || isOver(contest, advert, now, router))
    return {
      ...state,
      contest: { by: source, until: after(now, timeToGiveWay(advert, router)), warned: false },
    };
  if (contest.by !== source || now < contest.until) return state;
  return { ...state, contest: { by: source, until: after(now, router.advertInterval), warned: true } };
}

/** It was not heard any more when its time was up. */
function isOver({ until }: Contest, advert: Advert, now: Instant, router: VirtualRouter): boolean {
  return now >= after(until, timeToGiveWay(advert, router));
}

/** It has heard an advert of ours by then, and has had more than an interval of its own to fall silent. */
function timeToGiveWay(advert: Advert, { advertInterval }: VirtualRouter): Duration {
  return microseconds(advertInterval + 1.2 * Math.max(advertInterval, advert.advertInterval));
}

function areBothOwners(advert: Advert, router: VirtualRouter): boolean {
  return advert.priority === OWNER && router.priority === OWNER;
}

/** Also the answer to a priority of 0, always: whoever lets go may have confused the switches. */
function onLesserMaster(
  state: State & { name: "master" },
  priority: number,
  source: IpAddress,
  now: Instant,
  router: VirtualRouter,
): Step {
  const { answer, announceDelay, announceRepeat } = router.contention;
  const answers = answer || priority === 0;
  const announces = announceRepeat > 0;
  // Put off, not dropped: the lesser one may have announced since our last burst.
  const putOff = state.reassertAt ?? latest(state.contentionQuietUntil, state.answerQuietUntil);
  const reassertAt = announces ? putOff : state.reassertAt;
  // What has queued during a stall gets one answer, not one each, and a flood does not make us flood.
  if (now < state.answerQuietUntil) {
    const next = { ...state, reassertAt };
    // Another one may not have heard that answer.
    return unchanged(answers && source !== state.answered ? answeredLater(next, source) : next);
  }
  const effects: Effect[] = [];
  let next = { ...state, reassertAt };
  if (answers) {
    effects.push({ type: "send-advert" });
    const answerQuietUntil = after(now, ANSWERS_APART);
    const nextAdvertAt = after(now, router.advertInterval);
    next = { ...next, answerQuietUntil, answered: source, nextAdvertAt };
  }
  if (announces && now >= state.contentionQuietUntil) {
    effects.push(announce(router, announceRepeat));
    next = {
      ...next,
      reassertAt: announceDelay === ZERO ? undefined : after(now, announceDelay),
      contentionQuietUntil: after(now, router.advertInterval),
    };
  }
  return { state: next, effects };
}

/** The next advert, as soon as it may be, is for that one. */
function answeredLater(state: State & { name: "master" }, source: IpAddress): State {
  const { answerQuietUntil, nextAdvertAt } = state;
  return {
    ...state,
    answered: source,
    nextAdvertAt: answerQuietUntil < nextAdvertAt ? answerQuietUntil : nextAdvertAt,
  };
}

/**
 * From master to backup because another is master: the addresses go first. The winner then hears that there were two, and
 * announces again (§6.4.3: it answers a lesser one); for backups that hear it too the last word carries the winner's
 * interval. Priority 0 would tell those that nobody is master.
 */
export function giveWay(
  state: State,
  next: State & { name: "backup" },
  cause: TransitionCause,
  detail: string | undefined,
  router: VirtualRouter,
): Step {
  const { contention } = router;
  const effects = clear(router);
  if (contention.lastWord) effects.push({ type: "concede", advertInterval: next.advertInterval });
  return { state: next, effects: [...effects, publish(state, next, cause, detail)] };
}

function latest(one: Instant, other: Instant): Instant {
  return one > other ? one : other;
}

function strongerThanUs(
  advert: Advert,
  source: IpAddress,
  { router, primary }: Context,
): TransitionCause | undefined {
  if (advert.priority > router.priority) return "higher-priority";
  if (advert.priority < router.priority || primary === undefined) return undefined;
  return compareIp(source, primary) > 0 ? "equal-priority-higher-address" : undefined;
}
