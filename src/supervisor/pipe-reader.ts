/**
 * Keeps the program running that reads a named pipe: notify_fifo_script and its like. It gets the pipe's path behind its own
 * arguments and is started again when it ends. When the pipe is closed it reads what is left and the end of the file, and
 * has a little time to go by itself; when another program is to read the pipe, it is ended at once.
 */

import { setTimeout as delay } from "node:timers/promises";
import { type Event, event } from "../core/report/event.ts";
import { shown } from "../core/report/shown.ts";
import type { NotifyScript } from "../core/supervision/notify.ts";
import { NO_DEATHS, onDeath } from "../core/supervision/restart.ts";
import { toMilliseconds, toSeconds } from "../core/units/time.ts";
import { now } from "../linux/clock.ts";
import { runProgram } from "../linux/run-program.ts";

/** So long it may go on when there is nothing more to read. */
const LEAVE_MS = 3_000;

/** One program that reads. */
export class PipeReader {
  readonly #path: string;
  readonly #script: NotifyScript;
  readonly #tell: (event: Event) => void;
  readonly #kill = new AbortController();
  readonly #close = new AbortController();
  /** Resolves when the program has ended for good. */
  readonly ended: Promise<void>;

  /** Starts it once `before` has resolved. The pipe at `path` is there, or will be. */
  constructor(path: string, script: NotifyScript, tell: (event: Event) => void, before = Promise.resolve()) {
    this.#path = path;
    this.#script = script;
    this.#tell = tell;
    this.ended = before.then(() => this.#keepRunning());
  }

  /** The pipe has been closed; resolves when the program has ended. */
  async close(): Promise<void> {
    this.#close.abort();
    const patience = setTimeout(() => this.#kill.abort(), LEAVE_MS);
    await this.ended;
    clearTimeout(patience);
  }

  /** Ends it at once. */
  kill(): void {
    this.#close.abort();
    this.#kill.abort();
  }

  async #keepRunning(): Promise<void> {
    const { command, user } = this.#script;
    const [fifo, closing] = [this.#path, this.#close.signal];
    let history = NO_DEATHS;
    while (!closing.aborted) {
      const bornAt = now();
      const program = { command: [...command, fifo] as const, user, timeout: undefined };
      const { detail, output } = await runProgram(program, this.#kill.signal);
      if (closing.aborted) return;
      const death = onDeath(history, bornAt, now());
      history = death.history;
      const about = { fifo, program: command[0], detail, restart_in: toSeconds(death.pause) };
      const said = output === "" ? {} : { output: shown(output.trimEnd()) };
      this.#tell(event("notify-reader-ended", { ...about, ...said }));
      await delay(toMilliseconds(death.pause), undefined, { signal: closing }).catch(() => {});
    }
  }
}
