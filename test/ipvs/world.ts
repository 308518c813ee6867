/**
 * A network namespace with real servers in it, and a balancer process forked as the supervisor forks it. Needs root and
 * a kernel with ip_vs.
 */

import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { BalancerConfig } from "../../src/core/balance/model.ts";
import { parseTarget } from "../../src/core/balance/target.ts";
import type {
  BalancerAnswer,
  BalancerCall,
  BalancerReport,
  FromBalancer,
  ToBalancer,
} from "../../src/core/report/channel.ts";
import type { Event, EventName } from "../../src/core/report/event.ts";

const MAIN = fileURLToPath(new URL("../../src/balancer/main.js", import.meta.url));
const PATIENCE_MS = 60_000;
const POLL_MS = 50;

const WEB_SERVER = `
  const [address, port, page] = process.argv.slice(1);
  require("node:http").createServer((_, answer) => answer.end(page + "\\n")).listen(Number(port), address);
`;

/** Waits until a condition holds, with a generous deadline. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await delay(POLL_MS);
  }
}

/** One namespace, and what runs in it. */
export class World {
  readonly name = `relevo-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  readonly runDir: string = mkdtempSync(join(tmpdir(), "relevo-balancer-"));
  /** The web servers, in the order of their start. */
  readonly servers: ChildProcess[] = [];
  readonly #children = new Set<ChildProcess>();

  constructor() {
    execFileSync("ip", ["netns", "add", this.name]);
    this.run("ip", "link", "set", "lo", "up");
  }

  /** Runs a program in the namespace; its output. */
  run(...command: readonly [string, ...string[]]): string {
    return execFileSync("ip", ["netns", "exec", this.name, ...command], { encoding: "utf8" });
  }

  /** The table as `ipvsadm -Sn` prints it, its lines sorted. */
  table(): readonly string[] {
    return this.run("ipvsadm", "-Sn")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "")
      .sort();
  }

  /** Waits until the table has exactly these lines. */
  async tableIs(...lines: readonly string[]): Promise<void> {
    const wanted = [...lines].sort().join("\n");
    try {
      await until("the table", () => this.table().join("\n") === wanted);
    } catch {
      throw new Error(`the table is\n${this.table().join("\n")}\nand should be\n${wanted}`);
    }
  }

  /** Starts a web server; resolves when it answers. */
  async startWebServer(address: string, port: number, page = "well"): Promise<ChildProcess> {
    this.run("ip", "addr", "replace", `${address}/32`, "dev", "lo");
    const program = [process.execPath, "-e", WEB_SERVER, address, `${port}`, page];
    const child = spawn("ip", ["netns", "exec", this.name, ...program], { stdio: "ignore" });
    this.#children.add(child);
    this.servers.push(child);
    await until(`a web server on ${address}:${port}`, () =>
      this.run("ss", "-Htln").includes(`${address}:${port} `),
    );
    return child;
  }

  /** Forks a balancer in the namespace. */
  forkBalancer(): BalancerProcess {
    const child = fork(MAIN, [this.runDir], {
      execPath: "ip",
      execArgv: ["netns", "exec", this.name, process.execPath, "--enable-source-maps"],
      serialization: "advanced",
    });
    this.#children.add(child);
    return new BalancerProcess(child);
  }

  /** The record in the run directory; undefined when there is none. */
  record(): unknown {
    try {
      return JSON.parse(readFileSync(join(this.runDir, "balancer.json"), "utf8"));
    } catch {
      return undefined;
    }
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const child of this.#children) await kill(child);
    execFileSync("ip", ["netns", "del", this.name]);
    rmSync(this.runDir, { recursive: true, force: true });
  }
}

/** Kills a process, and waits until it is gone. */
export async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined) throw new Error("there is no such process");
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

/** A balancer, and what it has said. */
export class BalancerProcess {
  readonly events: Event[] = [];
  readonly counts = new Map<string, number>();
  readonly checks: BalancerReport["checks"][number][] = [];
  report: BalancerReport | undefined;
  configured = 0;
  readonly #answers = new Map<number, BalancerAnswer | undefined>();
  stopped = false;
  readonly child: ChildProcess;

  constructor(child: ChildProcess) {
    this.child = child;
    child.on("message", (message) => this.#hear(message as FromBalancer));
  }

  /** Sends a configuration, and waits until it is in force. */
  async configure(config: BalancerConfig): Promise<void> {
    const wanted = this.configured + 1;
    this.child.send({ type: "configure", config, diedAt: undefined } satisfies ToBalancer);
    await until("the configuration in force", () => this.configured === wanted);
  }

  /** Tells it which virtual addresses are held here. */
  hold(...addresses: readonly string[]): void {
    this.child.send({ type: "held", addresses, masters: [] } satisfies ToBalancer);
  }

  /** Tells it which addresses are held here, and which instances are master. */
  follow(addresses: readonly string[], masters: readonly string[]): void {
    this.child.send({ type: "held", addresses, masters } satisfies ToBalancer);
  }

  /** Tells it who is in maintenance: words as names of files. */
  maintain(...words: readonly string[]): void {
    const targets = words.map((word) => parseTarget(word)).filter((target) => target !== undefined);
    this.child.send({ type: "maintenance", targets } satisfies ToBalancer);
  }

  /** Asks it for something; its answer. */
  async call(call: BalancerCall): Promise<BalancerAnswer> {
    const id = this.#answers.size + 1;
    this.#answers.set(id, undefined);
    this.child.send({ type: "call", id, call } satisfies ToBalancer);
    await until("an answer", () => this.#answers.get(id) !== undefined);
    return this.#answers.get(id) as BalancerAnswer;
  }

  /** Tells it to stop, and waits until it has gone. */
  async stop(): Promise<void> {
    this.child.send({ type: "stop" } satisfies ToBalancer);
    await until("the end", () => this.child.exitCode !== null);
  }

  /** Waits for the next event of a name, from now on or the `from`th on. */
  async heard(name: EventName, from = 0): Promise<Event> {
    const find = (): Event | undefined => this.events.slice(from).find((event) => event.name === name);
    await until(`an event ${name}`, () => find() !== undefined);
    return find() as Event;
  }

  /** A count's total so far. */
  count(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.counts.get(JSON.stringify([name, labels])) ?? 0;
  }

  #hear(message: FromBalancer): void {
    switch (message.type) {
      case "configured":
        this.configured += 1;
        break;
      case "event":
        this.events.push(message.event);
        break;
      case "report":
        this.report = {
          ...message.report,
          realServers: message.report.realServers ?? this.report?.realServers,
          connections: message.report.connections ?? this.report?.connections,
        };
        this.checks.push(...message.report.checks);
        for (const { name, labels, by } of message.report.counts) {
          const key = JSON.stringify([name, labels]);
          this.counts.set(key, by + (this.counts.get(key) ?? 0));
        }
        break;
      case "answer":
        this.#answers.set(message.id, message.answer);
        break;
      case "stopped":
        this.stopped = true;
        break;
    }
  }
}
