/**
 * Counts the processes that instances track, and puts down whether they are enough.
 *
 * The kernel tells of every process that comes, changes or goes; /proc is read as a whole at the start and when events
 * were lost. Where the kernel does not tell, in a container or another network namespace, /proc is read once a second,
 * and that is said.
 */

import { type Event, event } from "../core/report/event.ts";
import { type Link, observed } from "../core/track/link-delay.ts";
import type { TrackedProcess } from "../core/track/model.ts";
import { hasQuorum, isMeant } from "../core/track/process-pattern.ts";
import { between, earliest, toMilliseconds } from "../core/units/time.ts";
import type { ProcessEvent } from "../core/wire/process-event.ts";
import { now } from "../linux/clock.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { openProcessMonitor } from "../linux/process-monitor.ts";
import { describeProcess, processIds } from "../linux/process-table.ts";
import { Receiver } from "../linux/receiver.ts";
import type { FindingBook } from "./findings.ts";

/** So often /proc is read where the kernel does not tell. */
const LOOK_AGAIN_MS = 1_000;

interface Watched {
  readonly process: TrackedProcess;
  /** Those that are meant, by id. */
  readonly found: Set<number>;
  /** What it counts as, and when that changes unless it changes back before. */
  state: Link | undefined;
}

/** The processes that are watched. */
export class ProcessWatch {
  readonly #book: FindingBook;
  readonly #tell: (event: Event) => void;
  #watched: ReadonlyMap<string, Watched> = new Map();
  #stop: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(book: FindingBook, tell: (event: Event) => void) {
    this.#book = book;
    this.#tell = tell;
  }

  /** Watches these from now on. */
  configure(processes: readonly TrackedProcess[]): void {
    const before = this.#watched;
    const same = (one: TrackedProcess, other: TrackedProcess | undefined): boolean =>
      JSON.stringify(one) === JSON.stringify(other);
    this.#watched = new Map(
      processes.map((process) => {
        const known = before.get(process.name);
        const state = known !== undefined && same(process, known.process) ? known.state : undefined;
        return [process.name, { process, found: new Set<number>(), state }];
      }),
    );
    for (const name of before.keys()) if (!this.#watched.has(name)) this.#book.forget("process", name);
    if (processes.length === 0) return this.close();
    this.#stop ??= this.#listen();
    this.#lookAtAll();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop?.();
    this.#stop = undefined;
  }

  #listen(): () => void {
    const receiver = new Receiver();
    try {
      const stop = openProcessMonitor(receiver, {
        event: (happened) => this.#onEvent(happened),
        lost: () => this.#lookAtAll(),
      });
      return () => {
        stop();
        void receiver.close();
      };
    } catch (error) {
      void receiver.close();
      if (!(error instanceof KernelError)) throw error;
      this.#tell(event("process-events-unavailable", { error: error.message }));
      const again = setInterval(() => this.#lookAtAll(), LOOK_AGAIN_MS);
      return () => clearInterval(again);
    }
  }

  #onEvent({ type, pid }: ProcessEvent): void {
    if (type === "ended") for (const { found } of this.#watched.values()) found.delete(pid);
    else this.#look(pid);
    this.#judge();
  }

  #lookAtAll(): void {
    for (const { found } of this.#watched.values()) found.clear();
    for (const pid of processIds()) this.#look(pid);
    this.#judge();
  }

  #look(pid: number): void {
    const description = describeProcess(pid);
    for (const { process, found } of this.#watched.values()) {
      if (description !== undefined && isMeant(process, description)) found.add(pid);
      else found.delete(pid);
    }
  }

  #judge(): void {
    clearTimeout(this.#timer);
    const at = now();
    for (const watched of this.#watched.values()) {
      const { process, found } = watched;
      const delay = { up: process.forkDelay, down: process.terminateDelay };
      watched.state = observed(watched.state, hasQuorum(process, found.size), delay, at);
      const { up: verdict } = watched.state;
      this.#book.add({ kind: "process", object: process.name, verdict, detail: `${found.size} running` });
    }
    const next = earliest(...[...this.#watched.values()].map(({ state }) => state?.changesAt));
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.#judge(), Math.max(0, Math.ceil(toMilliseconds(between(at, next)))));
  }
}
