/**
 * From what is known of the tracked objects to what it means for one virtual router: faults that keep it from working, and
 * an adjustment of its priority.
 *
 * As in keepalived a positive weight is added while the object is up, a negative one while it is down, and weight 0 makes
 * a fault of an object that is down. A file's number is multiplied by the weight; with weight 0 any number but 0 is a
 * fault, and so is a product below -253. An object of which nothing is known yet has no part in it.
 */

import type { Tracked, TrackKind, Verdict } from "./model.ts";

/** The largest adjustment that one object can make, either way. */
const ADJUSTMENT_MAX = 253;

/** What its tracked objects mean for a router. */
export interface Outcome {
  /** Each in a few words that name the object. */
  readonly faults: readonly string[];
  /** To be added to the configured priority. */
  readonly adjustment: number;
}

/** What `tracks` adds up to, by what `verdictOf` says of each object; undefined is nothing. */
export function outcomeOf(
  tracks: readonly Tracked[],
  verdictOf: (kind: TrackKind, object: string) => Verdict | undefined,
): Outcome {
  const faults: string[] = [];
  let adjustment = 0;
  for (const tracked of tracks) {
    const verdict = verdictOf(tracked.kind, tracked.object);
    if (verdict === undefined) continue;
    const effect = typeof verdict === "number" ? ofNumber(tracked, verdict) : ofState(tracked, verdict);
    if (effect === "fault") faults.push(faultOf(tracked, verdict));
    else adjustment += effect;
  }
  return { faults, adjustment };
}

function ofState({ weight, reverse }: Tracked, up: boolean): number | "fault" {
  if (weight === 0) return up === reverse ? "fault" : 0;
  return weight > 0 === up ? signed(weight, reverse) : 0;
}

function ofNumber({ weight, reverse }: Tracked, value: number): number | "fault" {
  if (weight === 0) return (value !== 0) === reverse ? 0 : "fault";
  const product = signed(value * weight, reverse);
  return product < -ADJUSTMENT_MAX ? "fault" : Math.min(ADJUSTMENT_MAX, product);
}

function signed(adjustment: number, reverse: boolean): number {
  return reverse ? -adjustment : adjustment;
}

function faultOf({ kind, object }: Tracked, verdict: Verdict): string {
  if (typeof verdict === "number") return `tracked ${kind} ${object} says ${verdict}`;
  return `tracked ${kind} ${object} is ${verdict ? "up" : "down"}`;
}
