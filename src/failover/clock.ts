/** What the failover process knows of time. The simulator puts another one in its place. */

import { between, type Instant, toMilliseconds } from "../core/units/time.ts";
import { now } from "../linux/clock.ts";

/** Time that passes. */
export interface Clock {
  /** This moment, on a clock that is never set. */
  now(): Instant;
  /** The wall clock: seconds since 1970. */
  wallSeconds(): number;
  /** Calls `ring` at that instant or as soon after it as may be, never before; what it returns takes that back. */
  ringAt(at: Instant, ring: () => void): () => void;
}

/** The machine's own. */
export const MACHINE_CLOCK: Clock = {
  now,
  wallSeconds: () => Date.now() / 1_000,
  ringAt(at, ring) {
    const timer = setTimeout(ring, Math.max(0, Math.ceil(toMilliseconds(between(now(), at)))));
    return () => clearTimeout(timer);
  },
};
