/**
 * Time as the core sees it: integers of microseconds in two kinds that do not mix.
 *
 * The core has no clock. An `Instant` comes in as an argument and is only ever compared with, or moved by, a
 * `Duration`. Both are plain numbers at run time: 2^53 microseconds are 285 years.
 */

/** A span of time. One unit inside the program: microseconds, as an integer. */
export type Duration = number & { readonly __unit: "us" };

/** A point on the monotonic clock, in microseconds since an arbitrary start. */
export type Instant = number & { readonly __unit: "us since start" };

/** The instant zero; where simulated clocks start. */
export const START: Instant = 0 as Instant;

/** No time at all. In configuration it often means "off". */
export const ZERO: Duration = 0 as Duration;

/** A duration of so many microseconds, rounded to a whole one. */
export function microseconds(count: number): Duration {
  return Math.round(count) as Duration;
}

/** A duration of so many milliseconds. */
export function milliseconds(count: number): Duration {
  return microseconds(count * 1_000);
}

/** A duration of so many centiseconds: VRRP version 3's unit on the wire (RFC 9568 §5.2.7). */
export function centiseconds(count: number): Duration {
  return microseconds(count * 10_000);
}

/** A duration of so many seconds; fractions are kept to the microsecond. */
export function seconds(count: number): Duration {
  return microseconds(count * 1_000_000);
}

/** The duration in milliseconds, with a fraction. */
export function toMilliseconds(duration: Duration): number {
  return duration / 1_000;
}

/** The duration in seconds, with a fraction. */
export function toSeconds(duration: Duration): number {
  return duration / 1_000_000;
}

/** The instant that lies `duration` after `instant`. */
export function after(instant: Instant, duration: Duration): Instant {
  return (instant + duration) as Instant;
}

/** The time from `earlier` to `later`; negative when they are the other way round. */
export function between(earlier: Instant, later: Instant): Duration {
  return (later - earlier) as Duration;
}

/** The earliest of some instants, leaving out those that are not set; undefined when none is. */
export function earliest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  let first: Instant | undefined;
  for (const instant of instants) {
    if (instant !== undefined && (first === undefined || instant < first)) first = instant;
  }
  return first;
}
