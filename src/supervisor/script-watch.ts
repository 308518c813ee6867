/**
 * Runs the scripts that instances track, each in its rhythm and never twice at once, and puts down what they say.
 *
 * They run here because a fork holds up the process that forks, and the failover process must never be late. A supervisor
 * that hangs runs no scripts, and the last word on each stays.
 */

import type { TrackedScript } from "../core/track/model.ts";
import { onDeadline, onResult, type RepeatedCheck, startCheck } from "../core/track/repeated-check.ts";
import { between, toMilliseconds } from "../core/units/time.ts";
import { now } from "../linux/clock.ts";
import { probe } from "../probes/script.ts";
import type { FindingBook } from "./findings.ts";

interface Running {
  readonly script: TrackedScript;
  check: RepeatedCheck;
  timer: NodeJS.Timeout | undefined;
  readonly abort: AbortController;
}

/** The scripts at work. */
export class ScriptWatch {
  readonly #book: FindingBook;
  readonly #running = new Map<string, Running>();

  constructor(book: FindingBook) {
    this.#book = book;
  }

  /** Runs these from now on. One that is the same goes on; one that has changed keeps its word until it has been run. */
  configure(scripts: readonly TrackedScript[]): void {
    const wanted = new Map(scripts.map((script) => [script.name, script]));
    for (const [name, { script }] of this.#running) {
      const next = wanted.get(name);
      if (next === undefined || JSON.stringify(next) !== JSON.stringify(script)) this.#end(name);
      if (next === undefined) this.#book.forget("script", name);
    }
    for (const script of scripts) if (!this.#running.has(script.name)) this.#start(script);
  }

  /** Ends those that run. */
  close(): void {
    for (const name of [...this.#running.keys()]) this.#end(name);
  }

  #start(script: TrackedScript): void {
    const { name, initFail } = script;
    const known = this.#book.all.some(({ kind, object }) => kind === "script" && object === name);
    if (initFail && !known) {
      this.#book.add({ kind: "script", object: name, verdict: false, detail: "not run yet (init_fail)" });
    }
    const check = startCheck(initFail ? false : undefined, now());
    const running: Running = { script, check, timer: undefined, abort: new AbortController() };
    this.#running.set(name, running);
    this.#arm(running);
  }

  #end(name: string): void {
    const running = this.#running.get(name);
    clearTimeout(running?.timer);
    running?.abort.abort();
    this.#running.delete(name);
  }

  #arm(running: Running): void {
    const { dueAt } = running.check;
    if (dueAt === undefined) return;
    const wait = Math.max(0, Math.ceil(toMilliseconds(between(now(), dueAt))));
    running.timer = setTimeout(() => void this.#run(running), wait);
  }

  async #run(running: Running): Promise<void> {
    const begun = onDeadline(running.check, now());
    if (begun === undefined) return this.#arm(running);
    running.check = begun;
    const { script, abort } = running;
    const { command, timeout, user, name } = script;
    const { ok, detail } = await probe({ type: "script", command, timeout, user }, abort.signal);
    if (abort.signal.aborted) return;
    running.check = onResult(running.check, ok, now(), script);
    const { up } = running.check;
    if (up !== undefined) this.#book.add({ kind: "script", object: name, verdict: up, detail });
    this.#arm(running);
  }
}
