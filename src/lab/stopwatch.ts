/** The lab's time: microseconds since the run began, on the clock that the kernel stamps frames with. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Duration, Instant } from "../core/units/time.ts";

/** Turns the kernel's times into the run's, and tells the time. */
export class Stopwatch {
  /** When the run began, in microseconds since 1970. */
  readonly epoch = Math.round((performance.timeOrigin + performance.now()) * 1000);

  /** Now. */
  now(): Instant {
    return this.at(Math.round((performance.timeOrigin + performance.now()) * 1000));
  }

  /** The instant that the kernel calls so. */
  at(epoch: number): Instant {
    return (epoch - this.epoch) as Instant;
  }
}

/** Waits. */
export async function pause(duration: Duration): Promise<void> {
  await sleep(duration / 1000);
}
