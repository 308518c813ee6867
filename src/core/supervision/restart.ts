/**
 * When a process that died is started again: at once the first time, for its work is waiting; later and later when it
 * keeps dying, for then starting is no cure and only makes noise.
 */

import { between, type Duration, type Instant, microseconds, seconds, ZERO } from "../units/time.ts";

const FIRST_PAUSE = seconds(1);
const LONGEST_PAUSE = seconds(30);
/** A life of so long was a good one: its end is a first death. */
const GOOD_LIFE = seconds(60);

/** What is remembered of a process's deaths. */
export interface RestartHistory {
  /** Deaths in a row, each after a short life. */
  readonly deaths: number;
}

/** Nothing has gone wrong yet. */
export const NO_DEATHS: RestartHistory = { deaths: 0 };

/** How long to wait before the process that lived from `bornAt` to `diedAt` is started again; and what to remember. */
export function onDeath(
  history: RestartHistory,
  bornAt: Instant,
  diedAt: Instant,
): { readonly pause: Duration; readonly history: RestartHistory } {
  const before = between(bornAt, diedAt) >= GOOD_LIFE ? 0 : history.deaths;
  const pause = before === 0 ? ZERO : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(before - 1, 16));
  return { pause: microseconds(pause), history: { deaths: before + 1 } };
}
