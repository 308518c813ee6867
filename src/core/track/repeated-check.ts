/**
 * Something that is looked at again and again: when to look next, and what the results add up to (keepalived's `interval`,
 * `rise`, `fall`).
 *
 * The very first result decides alone. After that `fall` failures in a row make it down, `rise` successes in a row up. It
 * is looked at from one start to the next in the same rhythm; a look that takes longer than the interval delays the next
 * one. Whoever drives it sends `deadline` when `dueAt` has come, looks, and sends `result`.
 */

import { after, type Duration, type Instant } from "../units/time.ts";

/** The rhythm, and how many results in a row count. */
export interface Rhythm {
  readonly interval: Duration;
  readonly rise: number;
  readonly fall: number;
}

/** Where it stands. */
export interface RepeatedCheck {
  /** Undefined: not known yet. */
  readonly up: boolean | undefined;
  /** There has been a result. */
  readonly looked: boolean;
  /** Results in a row that speak against `up`. */
  readonly against: number;
  /** When the last look began, or the first one was wanted. */
  readonly startedAt: Instant;
  /** When to look next; undefined while one is under way. */
  readonly dueAt: Instant | undefined;
}

/** One that has never been looked at and is to be at once; `up` is what it counts as until then. */
export function startCheck(up: boolean | undefined, now: Instant): RepeatedCheck {
  return { up, looked: false, against: 0, startedAt: now, dueAt: now };
}

/** The look that was due begins; undefined when none is due. */
export function onDeadline(check: RepeatedCheck, now: Instant): RepeatedCheck | undefined {
  if (check.dueAt === undefined || now < check.dueAt) return undefined;
  return { ...check, startedAt: now, dueAt: undefined };
}

/** The look that was under way has ended. */
export function onResult(check: RepeatedCheck, ok: boolean, now: Instant, rhythm: Rhythm): RepeatedCheck {
  if (check.dueAt !== undefined) return check;
  const inRhythm = after(check.startedAt, rhythm.interval);
  const next = { ...check, looked: true, dueAt: inRhythm > now ? inRhythm : now };
  if (!check.looked) return { ...next, up: ok, against: 0 };
  if (ok === check.up) return { ...next, against: 0 };
  const against = check.against + 1;
  return against < (ok ? rhythm.rise : rhythm.fall) ? { ...next, against } : { ...next, up: ok, against: 0 };
}
