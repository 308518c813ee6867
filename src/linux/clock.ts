/** The monotonic clock (CLOCK_MONOTONIC): never set, not stopped by NTP, the same for all processes of a machine. */

import type { Instant } from "../core/units/time.ts";

/** This moment. */
export function now(): Instant {
  return Number(process.hrtime.bigint() / 1_000n) as Instant;
}
