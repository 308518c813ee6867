/** A backup's wait: when it begins anew, when it is cut short, and how it follows a change (RFC 9568 §6.4.2). */

import type { IpAddress } from "../units/ip-address.ts";
import { after, type Duration, type Instant } from "../units/time.ts";
import type { Advert } from "../wire/vrrp.ts";
import { type Step, unchanged } from "./event.ts";
import type { VirtualRouter } from "./model.ts";
import { asItStands } from "./priority.ts";
import type { State } from "./state.ts";
import { masterDownInterval, skewTime } from "./timing.ts";

/** When a lesser master is preempted that was given the addresses. */
export const NEVER = Number.MAX_SAFE_INTEGER as Instant;

/** RFC 9568 §6.4.2. */
export function onAdvertAsBackup(
  state: State & { name: "backup" },
  advert: Advert,
  source: IpAddress,
  now: Instant,
  router: VirtualRouter,
): Step {
  if (advert.priority === 0) {
    const masterDownAt = after(now, skewTime(router.version, router.priority, state.advertInterval));
    return unchanged({
      ...state,
      masterDownAt,
      expecting: "master-resigned",
      master: source,
      askedHandover: false,
    });
  }
  const isLesser = router.preempt && advert.priority < router.priority;
  const preemptAt = isLesser ? (state.preemptAt ?? after(now, router.preemptDelay)) : undefined;
  const next = { ...waitingFor(source, advert.advertInterval, now, router), preemptAt };
  if (state.expecting === "peer-silent") {
    // Another router's word ends the question, too, but says nothing of the one who was asked.
    const isAnswer = state.master === undefined || state.master === source;
    return { state: next, effects: isAnswer ? [{ type: "silence-contradicted" }] : [] };
  }
  if (preemptAt === undefined || now < preemptAt) return unchanged(next);
  return unchanged({ ...state, expecting: "preempted-lower-priority", master: source, preemptAt });
}

/**
 * A running wait is shifted by what changed, not started anew: a change of priority every few seconds would otherwise
 * keep a backup waiting for ever. The pace is the master's for as long as it says no other (version 3): when a shorter
 * interval reaches the backup first, the master is not late.
 */
export function rescheduled(
  state: State & { name: "backup" },
  before: VirtualRouter,
  now: Instant,
  router: VirtualRouter,
): State {
  const learned = router.version === 3 && state.master !== undefined;
  const advertInterval = learned ? state.advertInterval : router.advertInterval;
  // A living master that was to be preempted may be one to leave alone now: listen to it anew.
  const isHumbler = (before.preempt && !router.preempt) || router.priority < before.priority;
  if (isHumbler && state.expecting === "preempted-lower-priority")
    return waitingFor(state.master, advertInterval, now, router);
  // Who is asked whether it lives, or to hand over, has its own time for that.
  const isAsking = state.expecting === "peer-silent" || state.askedHandover === true;
  const shift = isAsking
    ? 0
    : masterDownInterval(router, advertInterval) - masterDownInterval(before, state.advertInterval);
  const delayed = (router.preemptDelay - before.preemptDelay) as Duration;
  const known = state.preemptAt;
  const preemptAt = known === undefined || known === NEVER ? known : after(known, delayed);
  return { ...state, advertInterval, masterDownAt: after(state.masterDownAt, shift as Duration), preemptAt };
}

/** A backup with a full wait ahead of it, at the pace of a master that it has heard, or at its own. */
export function waitingFor(
  master: IpAddress | undefined,
  advertInterval: Duration,
  now: Instant,
  given: VirtualRouter,
): State & { name: "backup" } {
  const router = asItStands(given, "backup");
  return {
    name: "backup",
    masterDownAt: after(now, masterDownInterval(router, advertInterval)),
    advertInterval,
    expecting: "master-down",
    master,
    preemptAt: undefined,
  };
}

/** Another full wait. A master that has fallen silent here is none that this router hears any more. */
export function waitingOn(state: State & { name: "backup" }, now: Instant, router: VirtualRouter): State {
  const masterDownAt = after(now, masterDownInterval(router, state.advertInterval));
  return { ...state, masterDownAt, master: undefined, askedHandover: false };
}
