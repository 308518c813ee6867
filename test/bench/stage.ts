/** What a benchmark puts up is gone when it ends, whether it is done, fails, or is told to stop. */

import { constants } from "node:os";
import type { Stage } from "../net/namespace.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Plays with a stage of its own; clears it at the end. At a signal the process exits, for which whoever has put something up listens. */
export async function onStage<Result>(play: (stage: Stage) => Promise<Result>): Promise<Result> {
  const teardowns: (() => unknown)[] = [];
  const stops = SIGNALS.map((signal) => ({
    signal,
    stop: () => process.exit(128 + constants.signals[signal]),
  }));
  for (const { signal, stop } of stops) process.on(signal, stop);
  try {
    return await play({ teardown: (action) => teardowns.unshift(action) });
  } finally {
    for (const teardown of teardowns) await teardown();
    for (const { signal, stop } of stops) process.removeListener(signal, stop);
  }
}
