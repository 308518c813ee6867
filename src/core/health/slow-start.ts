/**
 * A real server that has come back gets its weight bit by bit (`slow_start`): a tenth of it at once, all of it when the
 * time is over, in equal steps between. Without that, a scheduler that looks for the fewest connections would send it
 * everybody at the same moment, before its caches are warm.
 */

import { after, between, type Duration, type Instant, microseconds, ZERO } from "../units/time.ts";

/** Each step is a change of the kernel's table. */
const STEPS = 9;
/** The share that it begins with, and that each step adds: STEPS of them are the whole, with the first. */
const SHARES = STEPS + 1;

/** The weight at `now` of one that came back at `since`; at least 1, unless its weight is 0. */
export function rampedWeight(weight: number, since: Instant, span: Duration, now: Instant): number {
  return weightAfter(weight, stepsTaken(since, span, now));
}

function weightAfter(weight: number, taken: number): number {
  const share = Math.min(SHARES, taken + 1);
  return Math.min(weight, Math.max(1, Math.floor((weight * share) / SHARES)));
}

/**
 * The other way round: when one that is found with less than its weight at `now` came back, at the latest; undefined for
 * one that is not on its way to it.
 */
export function returnOf(found: number, weight: number, span: Duration, now: Instant): Instant | undefined {
  if (span <= ZERO || found <= 0 || found >= weight) return undefined;
  let taken = 0;
  while (weightAfter(weight, taken) < found) taken += 1;
  return after(now, microseconds(-Math.ceil((taken * span) / STEPS)));
}

/** When the next step is due; undefined once it has all of its weight. */
export function nextStepAt(since: Instant, span: Duration, now: Instant): Instant | undefined {
  const taken = stepsTaken(since, span, now);
  return taken >= STEPS ? undefined : after(since, Math.ceil(((taken + 1) * span) / STEPS) as Duration);
}

function stepsTaken(since: Instant, span: Duration, now: Instant): number {
  const passed = between(since, now);
  return span <= ZERO || passed >= span ? STEPS : Math.max(0, Math.floor((passed * STEPS) / span));
}
