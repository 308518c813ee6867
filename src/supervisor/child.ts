/**
 * A child process and its lives: started, told what to do, started again when it dies, stopped in good order.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FromChild, ToChild } from "../core/report/channel.ts";
import { type Event, event } from "../core/report/event.ts";
import { NO_DEATHS, onDeath, type RestartHistory } from "../core/supervision/restart.ts";
import { between, type Duration, type Instant, toMilliseconds, toSeconds, ZERO } from "../core/units/time.ts";
import { now } from "../linux/clock.ts";

/** A child that has not left after so long is ended. */
const STOP_PATIENCE_MS = 10_000;

/** What makes one child different from the other. */
export interface ChildSpecification<Report> {
  readonly name: "failover" | "balancer";
  /** Its entry point. */
  readonly module: URL;
  readonly arguments: readonly string[];
  /** For the Node.js that runs it. */
  readonly nodeOptions: readonly string[];
  onEvent(event: Event, pid: number): void;
  onReport(report: Report): void;
  /** Takes out of the kernel what the child had put there, when it will not be back soon. */
  release(): Promise<void>;
}

/** One of the two children. */
export class Child<Config, Report> {
  readonly #specification: ChildSpecification<Report>;
  #process: ChildProcess | undefined;
  #bornAt: Instant = now();
  #diedAt: Instant | undefined;
  #history: RestartHistory = NO_DEATHS;
  #restart: NodeJS.Timeout | undefined;
  #stopping = false;
  #config: Config | undefined;
  #whenConfigured: (() => void)[] = [];

  constructor(specification: ChildSpecification<Report>) {
    this.#specification = specification;
  }

  /** True while the process is there. */
  get alive(): boolean {
    return this.#process !== undefined;
  }

  /** Puts a configuration into force, starting the process with the first; resolves when it is. */
  async configure(config: Config): Promise<void> {
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return;
    this.#config = config;
    const inForce = new Promise<void>((resolve) => this.#whenConfigured.push(resolve));
    if (this.#process !== undefined) this.#tell({ type: "configure", config, diedAt: undefined });
    else if (this.#restart === undefined) this.#start();
    await inForce;
  }

  /** Has it let go of everything, and waits for its end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const leaving = this.#process;
    if (leaving === undefined) return;
    this.#tell({ type: "stop" });
    const impatience = setTimeout(() => leaving.kill("SIGKILL"), STOP_PATIENCE_MS);
    const [, signal] = (await once(leaving, "exit")) as [number | null, string | null];
    clearTimeout(impatience);
    if (signal !== null) await this.#specification.release();
  }

  /** Ends it at once. */
  kill(): void {
    this.#stopping = true;
    this.#process?.kill("SIGKILL");
  }

  #start(): void {
    const { name, module, arguments: args, nodeOptions } = this.#specification;
    this.#restart = undefined;
    this.#bornAt = now();
    const started = fork(fileURLToPath(module), args, {
      serialization: "advanced",
      execArgv: ["--enable-source-maps", ...nodeOptions],
      env: withoutNotifySocket(process.env),
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#process = started;
    started.on("message", (message) => this.#onMessage(message as FromChild<Report>));
    started.on("exit", (code, signal) => this.#onExit(signal ?? `exit status ${code}`));
    started.on("error", () => {});
    this.#specification.onEvent(event("process-started", { process: name }), started.pid ?? 0);
    if (this.#config !== undefined) this.#tell({ type: "configure", config: this.#config, diedAt: this.#diedAt });
  }

  #tell(message: ToChild<Config>): void {
    // A process that is just dying does not hear it; the next one is told anew.
    this.#process?.send(message, () => {});
  }

  #onMessage(message: FromChild<Report>): void {
    switch (message.type) {
      case "configured":
        for (const resolve of this.#whenConfigured.splice(0)) resolve();
        break;
      case "event":
        this.#specification.onEvent(message.event, this.#process?.pid ?? 0);
        break;
      case "report":
        this.#specification.onReport(message.report);
        break;
      case "stopped":
        break;
    }
  }

  #onExit(how: string): void {
    const pid = this.#process?.pid ?? 0;
    this.#process = undefined;
    if (this.#stopping) return;
    this.#diedAt = now();
    const { pause, history } = onDeath(this.#history, this.#bornAt, this.#diedAt);
    this.#history = history;
    const { name } = this.#specification;
    this.#specification.onEvent(event("process-died", { process: name, how, restart_in: toSeconds(pause) }), pid);
    if (pause === ZERO) this.#start();
    else void this.#startLater(pause);
  }

  /** Whoever will be away for a while leaves nothing in the kernel that nobody looks after. */
  async #startLater(pause: Duration): Promise<void> {
    const until = now() + pause;
    await this.#specification.release();
    if (this.#stopping) return;
    const rest = Math.max(0, toMilliseconds(between(now(), until as Instant)));
    this.#restart = setTimeout(() => this.#start(), rest);
  }
}

function withoutNotifySocket(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NOTIFY_SOCKET: _, ...rest } = environment;
  return rest;
}
