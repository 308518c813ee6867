/** A master that hears another one: it gives way, or makes itself heard (RFC 9568 §6.4.3). */

import { compareIp, type IpAddress } from "../units/ip-address.ts";
import { after, centiseconds, type Duration, type Instant, ZERO } from "../units/time.ts";
import type { Advert } from "../wire/vrrp.ts";
import { type Context, type Effect, type Step, unchanged } from "./event.ts";
import type { VirtualRouter } from "./model.ts";
import type { State, TransitionCause } from "./state.ts";
import { announce, publish } from "./transition.ts";
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
  const { router } = context;
  const winner = strongerThanUs(advert, source, context);
  if (winner !== undefined) {
    const next = waitingFor(source, advert.advertInterval, now, router);
    return giveWay(state, next, winner, source, router);
  }
  return onLesserMaster(state, advert.priority, now, router);
}

/** Also the answer to a priority of 0, always: whoever lets go may have confused the switches. */
function onLesserMaster(
  state: State & { name: "master" },
  priority: number,
  now: Instant,
  router: VirtualRouter,
): Step {
  const { answer, announceDelay, announceRepeat } = router.contention;
  const announces = announceRepeat > 0;
  // Put off, not dropped: the lesser one may have announced since our last burst.
  const putOff = state.reassertAt ?? latest(state.contentionQuietUntil, state.answerQuietUntil);
  const later = announces ? putOff : state.reassertAt;
  // What has queued during a stall gets one answer, not one each, and a flood does not make us flood.
  if (now < state.answerQuietUntil) return unchanged({ ...state, reassertAt: later });
  const effects: Effect[] = [];
  let next = { ...state, reassertAt: later };
  if (answer || priority === 0) {
    effects.push({ type: "send-advert" });
    const answerQuietUntil = after(now, ANSWERS_APART);
    next = { ...next, answerQuietUntil, nextAdvertAt: after(now, router.advertInterval) };
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
  { addresses, contention }: VirtualRouter,
): Step {
  const effects: Effect[] = [{ type: "remove-addresses", addresses }];
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
