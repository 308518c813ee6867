/**
 * A Relevo failover process on a host of the test's, driven as the supervisor drives it: over the fork channel.
 *
 * `ip netns exec` becomes the program that it starts, so the test itself is the parent and the process's id is the
 * child's.
 */

import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type {
  BfdReport,
  FromFailover,
  InstanceReport,
  InstanceStateName,
  TrackReport,
} from "../../src/core/report/channel.ts";
import type { Event, EventName } from "../../src/core/report/event.ts";
import { type Instant, seconds, ZERO } from "../../src/core/units/time.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { MULTICAST4 } from "../../src/core/vrrp/delivery.ts";
import type { Finding } from "../../src/core/track/model.ts";
import {
  type FailoverConfig,
  IDLE,
  type VirtualAddress,
  type VirtualRouter,
} from "../../src/core/vrrp/model.ts";
import { now } from "../../src/linux/clock.ts";
import { type Host, type Lan, plainEnvironment, until } from "./namespace.ts";

const MAIN = fileURLToPath(new URL("../../src/failover/main.js", import.meta.url));

/** 192.0.2.100/24 on eth0, as the tests have it everywhere. */
export const VIP: VirtualAddress = { address: "192.0.2.100" as Ipv4, prefixLength: 24, interface: "eth0" };
/** A second one on the private network. */
export const INNER_VIP: VirtualAddress = {
  address: "198.51.100.1" as Ipv4,
  prefixLength: 24,
  interface: "eth1",
};

/** An instance: version 3, VRID 51, 100 ms, one address, announced once at the claim and never again. */
export function web(changes: Partial<VirtualRouter> = {}): VirtualRouter {
  return {
    name: "web",
    interface: "eth0",
    vrid: 51,
    version: 3,
    family: 4,
    delivery: MULTICAST4,
    priority: 100,
    advertInterval: seconds(0.1),
    downTimerAdverts: 3,
    preempt: true,
    preemptDelay: ZERO,
    v3ChecksumAsV2: true,
    addresses: [VIP],
    announcing: { delay: ZERO, repeat: 1, refresh: ZERO, refreshRepeat: 1 },
    contention: { announceDelay: ZERO, announceRepeat: 1, answer: true, lastWord: false },
    accept: true,
    routing: [],
    syncGroup: undefined,
    tracks: [],
    ...changes,
  };
}

/** A failover process. */
export class Director {
  /** Every event it told. */
  readonly events: Event[] = [];
  /** vrrp_startup_delay of the configurations that it is given. */
  startupDelay = ZERO;
  /** Its last word on tracked objects. */
  tracks: readonly TrackReport[] = [];
  /** Its last word on each BFD session. */
  bfd: readonly BfdReport[] = [];
  /** Its last word on each instance. */
  instances: readonly InstanceReport[] = [];
  /** How late its timers have fired, in seconds. */
  readonly lateness: number[] = [];
  /** When it ended, on the monotonic clock. */
  diedAt: Instant | undefined;
  readonly host: Host;
  /** The release that it tells the other director. */
  version = "1.0.0";
  readonly #lan: Lan;
  readonly #counts = new Map<string, number>();
  #child: ChildProcess;
  #configured = 0;
  #reports = 0;

  constructor(lan: Lan, host: Host) {
    this.#lan = lan;
    this.host = host;
    this.#child = this.#fork();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Gives it a configuration, and resolves when that is in force. */
  async configure(
    routers: readonly VirtualRouter[],
    diedAt?: Instant,
    changes: Partial<FailoverConfig> = {},
  ): Promise<void> {
    const before = this.#configured;
    const { startupDelay } = this;
    const config: FailoverConfig = { ...IDLE, routers, realtimePriority: 50, startupDelay, ...changes };
    this.#child.send({ type: "configure", config, diedAt });
    await until("the configuration is in force", () => this.#configured > before || this.#child.exitCode);
  }

  /** Tells it what has been found out about a tracked object. */
  find(finding: Omit<Finding, "detail">): void {
    this.#child.send({ type: "findings", findings: [{ ...finding, detail: "as the test says" }] });
  }

  /** Stops it in good order. */
  async stop(): Promise<void> {
    this.#child.send({ type: "stop" });
    await this.ended();
  }

  /** Kills it as an out-of-memory killer would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended();
  }

  /** Leaves it without a parent, as a supervisor that dies does. */
  abandon(): void {
    this.#child.disconnect();
  }

  /** Sends it a signal. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Starts a new process in the place of the one that ended. */
  restart(): void {
    this.#child = this.#fork();
  }

  /** How many reports it has made. */
  get reports(): number {
    return this.#reports;
  }

  /** Waits for a state of the instance `web`. */
  async reaches(state: InstanceStateName, seconds?: number): Promise<void> {
    await until(`${this.host.namespace} is ${state}`, () => this.state === state, seconds);
  }

  /** The state of the instance `web`, as last reported. */
  get state(): InstanceStateName | undefined {
    return this.instances[0]?.state;
  }

  /** How often something was counted since the start, for the labels that are given. */
  counted(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    for (const [key, by] of this.#counts) {
      const [counted, found] = JSON.parse(key) as [string, Record<string, string>];
      if (counted !== name) continue;
      if (Object.entries(labels).every(([label, value]) => found[label] === value)) sum += by;
    }
    return sum;
  }

  /** The transitions that it told, such as `backup -> master (master-down)`. */
  get transitions(): readonly string[] {
    return this.named("vrrp-transition").map(
      ({ from, to, cause }) => `${String(from)} -> ${String(to)} (${String(cause)})`,
    );
  }

  /** The fields of all events of that name. */
  named(name: EventName): readonly Event["fields"][] {
    return this.events.filter((event) => event.name === name).map(({ fields }) => fields);
  }

  /** Waits for a report that was made after this call. */
  async nextReport(): Promise<void> {
    const before = this.#reports;
    await until("another report", () => this.#reports > before + 1);
  }

  #fork(): ChildProcess {
    const directory = join(this.#lan.directory, this.host.namespace);
    mkdirSync(directory, { recursive: true });
    const child = fork(MAIN, [directory, this.version], {
      serialization: "advanced",
      execPath: "ip",
      execArgv: [...this.host.inside(), process.execPath, "--enable-source-maps"],
      env: plainEnvironment(),
    });
    child.on("message", (message) => this.#onMessage(message as FromFailover));
    child.once("exit", () => {
      this.diedAt = now();
    });
    this.#lan.own(child);
    return child;
  }

  #onMessage(message: FromFailover): void {
    switch (message.type) {
      case "configured":
        this.#configured += 1;
        break;
      case "event":
        this.events.push(message.event);
        break;
      case "report":
        this.#reports += 1;
        this.instances = message.report.instances;
        this.bfd = message.report.bfd;
        this.lateness.push(...message.report.lateness);
        this.tracks = message.report.tracks;
        for (const { name, labels, by } of message.report.counts) {
          const key = JSON.stringify([name, labels]);
          this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
        }
        break;
      case "answer":
      case "stopped":
        break;
    }
  }

  /** Waits for its end. */
  async ended(): Promise<void> {
    await until(
      "the process has ended",
      () => this.#child.exitCode !== null || this.#child.signalCode !== null,
    );
  }
}
