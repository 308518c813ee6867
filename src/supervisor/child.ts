/**
 * A child process and its lives: started, told what to do, started again when it dies, stopped in good order.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Findings, FromChild, Held, Maintenance, ToChild } from "../core/report/channel.ts";
import { type Event, event } from "../core/report/event.ts";
import { NO_DEATHS, onDeath, type RestartHistory } from "../core/supervision/restart.ts";
import {
  after,
  between,
  type Duration,
  type Instant,
  toMilliseconds,
  toSeconds,
  ZERO,
} from "../core/units/time.ts";
import { now } from "../linux/clock.ts";
import type { KernelError } from "../linux/kernel-error.ts";

/** How long a child may take to leave before it is ended. */
interface StopPatience {
  /** Since it told of something last: the kernel takes its time for each interface of hundreds. */
  readonly silentMs: number;
  /** For all of it, whatever it tells; the two children leave one after the other within the unit's TimeoutStopSec. */
  readonly wholeMs: number;
}

/** How long the children of a director may take. */
export const STOP_PATIENCE: StopPatience = { silentMs: 10_000, wholeMs: 60_000 };

/** What a child is told as it happens. */
type News = Findings | Held | Maintenance;

/** What makes one child different from the other. */
export interface ChildSpecification<Report> {
  readonly name: "failover" | "balancer";
  /** Its entry point. */
  readonly module: URL;
  readonly arguments: readonly string[];
  /** For the Node.js that runs it. */
  readonly nodeOptions: readonly string[];
  readonly onEvent: (event: Event, pid: number) => void;
  readonly onReport: (report: Report) => void;
  /** So many events found no room in the channel. */
  readonly onEventsDropped: (count: number) => void;
  /** What each new process is told before its configuration. */
  readonly known: () => readonly News[];
  /** Takes out of the kernel what the child had put there and can no longer take out itself; what would not go. */
  readonly release: () => Promise<readonly KernelError[]>;
  /** True when what it has put there must not stand while it is away: two directors might hold an address. */
  readonly releaseWhileAway: boolean;
}

/** One of the two children. */
export class Child<Config, Report, Call = never, Answer = never> {
  readonly #specification: ChildSpecification<Report>;
  #process: ChildProcess | undefined;
  #bornAt: Instant = now();
  #diedAt: Instant | undefined;
  #history: RestartHistory = NO_DEATHS;
  #restart: NodeJS.Timeout | undefined;
  /** It died, and will be started again after a pause. */
  #away = false;
  #released: Promise<void> = Promise.resolve();
  #stopping = false;
  readonly #patience: StopPatience;
  /** Ends it while it leaves and tells of nothing. */
  #impatience: NodeJS.Timeout | undefined;
  #config: Config | undefined;
  #whenConfigured: (() => void)[] = [];
  /** Calls without an answer so far, by their id. */
  readonly #calls = new Map<number, (answer: Answer | undefined) => void>();
  #nextCall = 1;

  constructor(specification: ChildSpecification<Report>, patience = STOP_PATIENCE) {
    this.#specification = specification;
    this.#patience = patience;
  }

  /** Puts a configuration into force, starting the process with the first; resolves when it is. */
  async configure(config: Config): Promise<void> {
    if (this.#stopping || JSON.stringify(config) === JSON.stringify(this.#config)) return;
    this.#config = config;
    const inForce = new Promise<void>((resolve) => this.#whenConfigured.push(resolve));
    if (this.#process !== undefined) this.#tell({ type: "configure", config, diedAt: undefined });
    else if (!this.#away) this.#start();
    await inForce;
  }

  /** Tells it what has been found out, if it is there to hear it. */
  inform(news: News): void {
    this.#tell(news);
  }

  /** Asks it something; undefined when it is not there, or goes before it has answered. */
  call(call: Call): Promise<Answer | undefined> {
    if (this.#process === undefined || this.#stopping) return Promise.resolve(undefined);
    const id = this.#nextCall;
    this.#nextCall += 1;
    return new Promise((resolve) => {
      this.#calls.set(id, resolve);
      this.#tell({ type: "call", id, call });
    });
  }

  /** Has it let go of everything, and waits for its end; what it cannot let go of any more is taken from it. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const leaving = this.#process;
    if (leaving === undefined) {
      await this.#release();
      return;
    }
    this.#tell({ type: "stop" });
    const { silentMs, wholeMs } = this.#patience;
    const end = (): void => void leaving.kill("SIGKILL");
    this.#impatience = setTimeout(end, silentMs);
    const limit = setTimeout(end, wholeMs);
    const [status] = (await once(leaving, "exit")) as [number | null];
    for (const timer of [this.#impatience, limit]) clearTimeout(timer);
    this.#impatience = undefined;
    if (status !== 0) await this.#release();
  }

  /** Ends it at once, and cleans up after it. */
  async kill(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    if (this.#process?.kill("SIGKILL")) await once(this.#process, "exit");
    await this.#release();
  }

  #start(): void {
    const { name, module, arguments: args, nodeOptions } = this.#specification;
    this.#away = false;
    this.#bornAt = now();
    const started = fork(fileURLToPath(module), args, {
      serialization: "advanced",
      execArgv: ["--enable-source-maps", ...nodeOptions],
      env: withoutNotifySocket(process.env),
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#process = started;
    started.on("message", (message) => this.#onMessage(started, message as FromChild<Report, Answer>));
    started.on("exit", (code, signal) => this.#onExit(signal ?? `exit status ${code}`));
    // It could not be started, so that it will not exit; any other error is followed by its exit.
    started.on("error", ({ message }) => {
      if (started.pid === undefined) this.#onExit(message);
    });
    if (started.pid === undefined) return;
    this.#specification.onEvent(event("process-started", { process: name }), started.pid);
    for (const news of this.#specification.known()) this.#tell(news);
    if (this.#config !== undefined)
      this.#tell({ type: "configure", config: this.#config, diedAt: this.#diedAt });
  }

  #tell(message: ToChild<Config, Call>): void {
    // A process that is just dying does not hear it; the next one is told anew.
    this.#process?.send(message, () => {});
  }

  /** What a process has said may arrive after its end: its events still count, where it stood does not. */
  #onMessage(from: ChildProcess, message: FromChild<Report, Answer>): void {
    const gone = from !== this.#process;
    switch (message.type) {
      case "configured":
        if (gone) break;
        for (const resolve of this.#whenConfigured.splice(0)) resolve();
        break;
      case "event":
        this.#impatience?.refresh();
        this.#specification.onEvent(message.event, from.pid ?? 0);
        break;
      case "report":
        if (!gone) this.#specification.onReport(message.report);
        if (message.eventsDropped > 0) this.#specification.onEventsDropped(message.eventsDropped);
        break;
      case "answer":
        this.#calls.get(message.id)?.(message.answer);
        this.#calls.delete(message.id);
        break;
      case "stopped":
        break;
    }
  }

  #onExit(how: string): void {
    const pid = this.#process?.pid ?? 0;
    this.#process = undefined;
    for (const resolve of this.#calls.values()) resolve(undefined);
    this.#calls.clear();
    if (this.#stopping) {
      for (const resolve of this.#whenConfigured.splice(0)) resolve();
      return;
    }
    this.#diedAt = now();
    const { pause, history } = onDeath(this.#history, this.#bornAt, this.#diedAt);
    this.#history = history;
    const { name } = this.#specification;
    this.#specification.onEvent(
      event("process-died", { process: name, how, restart_in: toSeconds(pause) }),
      pid,
    );
    if (pause === ZERO) this.#start();
    else void this.#startLater(pause);
  }

  async #startLater(pause: Duration): Promise<void> {
    this.#away = true;
    const until = after(now(), pause);
    if (this.#specification.releaseWhileAway) await this.#release();
    if (this.#stopping) return;
    const rest = Math.max(0, toMilliseconds(between(now(), until)));
    this.#restart = setTimeout(() => this.#start(), rest);
  }

  /** One release after the other: two at once would find the other's work half done. */
  #release(): Promise<void> {
    this.#released = this.#released.then(() => this.#releaseNow());
    return this.#released;
  }

  async #releaseNow(): Promise<void> {
    const { name, release, onEvent } = this.#specification;
    for (const { message } of await release())
      onEvent(event("process-unclean", { process: name, error: message }), 0);
  }
}

function withoutNotifySocket(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NOTIFY_SOCKET: _, ...rest } = environment;
  return rest;
}
