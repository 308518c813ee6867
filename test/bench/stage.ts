/** What a benchmark puts up is gone when it ends, whether it is done, fails, or is told to stop. */

import { constants } from "node:os";
import type { Stage } from "../net/namespace.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Plays with a stage of its own and clears it at the end. At a signal the process exits, and what listens for that clears
 * up.
 */
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
    for (const teardown of teardowns) await toTheEnd(teardown);
    for (const { signal, stop } of stops) process.removeListener(signal, stop);
  }
}

/** One that fails keeps no other from its turn; the process fails in the end. */
async function toTheEnd(teardown: () => unknown): Promise<void> {
  try {
    await teardown();
  } catch (error) {
    console.error(error);
    process.on("exit", () => {
      process.exitCode = 1;
    });
  }
}
