/** Runs one program that is told of a state, and tells how it went. */

import { type EventFields, type Event, event } from "../core/report/event.ts";
import { shown } from "../core/report/shown.ts";
import type { NotifyScript } from "../core/supervision/notify.ts";
import type { Duration } from "../core/units/time.ts";
import { runProgram } from "../linux/run-program.ts";

/** One run of a program. */
export interface NotifyRun {
  readonly script: NotifyScript;
  /** Behind its own arguments. */
  readonly args: readonly string[];
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  /** What it is told, for the event. */
  readonly about: EventFields;
}

/** Runs it; true when it exited with 0. Never throws. */
export async function runNotifyProgram(
  { script: { command, user }, args, timeout, environment, about }: NotifyRun,
  signal: AbortSignal,
  tell: (event: Event) => void,
): Promise<boolean> {
  const program = { command: [...command, ...args] as const, user, timeout, environment };
  const begun = performance.now();
  const { status, detail, output } = await runProgram(program, signal);
  const ok = status === 0;
  tell(
    event(ok ? "notify-done" : "notify-failed", {
      ...about,
      program: command[0],
      detail,
      seconds: Math.round(performance.now() - begun) / 1_000,
      ...(output === "" ? {} : { output: shown(output.trimEnd()) }),
    }),
  );
  return ok;
}
