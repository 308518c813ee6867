/**
 * A pair of directors on one segment, each a network namespace with a whole Relevo in it, started as an operator would.
 * Needs root.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { EventName } from "../../src/core/report/event.ts";
import { processesIn, signalAll } from "../../src/lab/site.ts";

const RELEVO = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const PATIENCE_MS = 60_000;
const POLL_MS = 50;

/** The VIP of every pair. */
export const VIP = "192.0.2.100/24";

/** A configuration with the pair's instance, and what else is given. */
export function configuration(rest = ""): string {
  return `
directors:
  lvs1: { priority: 150 }
  lvs2: { priority: 100 }
vrrp_instances:
  web: { interface: eth0, virtual_router_id: 51, version: 3, advert_int: 1, virtual_ipaddress: [${VIP}] }
${rest}`;
}

/** Waits until a condition holds, with a generous deadline. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await delay(POLL_MS);
  }
}

/** A line of the event log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: EventName };

/** Two directors on one segment. */
export class Pair {
  readonly #prefix = `rproc-${process.pid}-${Math.random().toString(36).slice(2, 6)}`;
  readonly #folder = mkdtempSync(join(tmpdir(), "relevo-pair-"));
  readonly lvs1: Director;
  readonly lvs2: Director;

  constructor(config: string) {
    const switchName = `${this.#prefix}-switch`;
    ip("netns", "add", switchName);
    ip("-n", switchName, "link", "add", "br0", "type", "bridge");
    ip("-n", switchName, "link", "set", "br0", "up");
    [this.lvs1, this.lvs2] = [
      this.#machine("lvs1", "192.0.2.11", config),
      this.#machine("lvs2", "192.0.2.12", config),
    ];
  }

  /** The directors that have the VIP on their interface. */
  holders(): readonly string[] {
    return [this.lvs1, this.lvs2].filter((director) => director.holds(VIP)).map(({ name }) => name);
  }

  /** Ends and removes everything. */
  async close(): Promise<void> {
    for (const director of [this.lvs1, this.lvs2]) await director.end();
    for (const name of ["lvs1", "lvs2", "switch"]) ip("netns", "del", `${this.#prefix}-${name}`);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #machine(name: string, address: string, config: string): Director {
    const namespace = `${this.#prefix}-${name}`;
    ip("netns", "add", namespace);
    ip("-n", namespace, "link", "set", "lo", "up");
    ip(
      "-n",
      namespace,
      "link",
      "add",
      "eth0",
      "type",
      "veth",
      "peer",
      "name",
      name,
      "netns",
      `${this.#prefix}-switch`,
    );
    ip("-n", `${this.#prefix}-switch`, "link", "set", name, "master", "br0", "up");
    ip("-n", namespace, "addr", "add", `${address}/24`, "dev", "eth0");
    ip("-n", namespace, "link", "set", "eth0", "up");
    return new Director(name, namespace, join(this.#folder, name), config);
  }
}

/** One machine of the pair. */
export class Director {
  readonly name: string;
  readonly namespace: string;
  readonly configFile: string;
  readonly runDirectory: string;
  /** All that it has logged, over all its lives. */
  readonly log: LogLine[] = [];
  /** What was written to standard error. */
  complaints = "";
  #process: ChildProcess | undefined;

  constructor(name: string, namespace: string, folder: string, config: string) {
    this.name = name;
    this.namespace = namespace;
    this.configFile = `${folder}.yaml`;
    this.runDirectory = `${folder}.run`;
    this.write(config);
  }

  /** Writes its configuration file. */
  write(config: string): void {
    writeFileSync(this.configFile, config);
  }

  /** Starts `relevo run`; resolves with its exit status when it ends. */
  spawn(...options: readonly string[]): ChildProcess {
    const command = [
      RELEVO,
      "run",
      "--config",
      this.configFile,
      "--node",
      this.name,
      "--run-dir",
      this.runDirectory,
    ];
    const child = spawn("ip", ["netns", "exec", this.namespace, process.execPath, ...command, ...options], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.log.push(JSON.parse(line) as LogLine);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.complaints += text;
    });
    return child;
  }

  /** Runs another of the commands there; its output. */
  relevo(...command: readonly string[]): string {
    return this.run(process.execPath, RELEVO, ...command);
  }

  /** Starts `relevo run` and waits until it works. */
  async start(): Promise<void> {
    const from = this.log.length;
    this.#process = this.spawn();
    await this.logged("started", from);
  }

  /** The supervisor's process id, or the one that a child was last started with. */
  pid(of: "supervisor" | "failover" | "balancer"): number {
    if (of === "supervisor") return this.#process?.pid ?? 0;
    const started = this.log.findLast((line) => line.event === "process-started" && line["process"] === of);
    return Number(started?.["process_pid"]);
  }

  /** Sends a signal to the supervisor. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid("supervisor"), signal);
  }

  /** Waits until the supervisor has ended; its exit status, or the signal. */
  async ended(): Promise<number | string> {
    await until(`the end of ${this.name}`, () => {
      const process_ = this.#process;
      return process_ === undefined || process_.exitCode !== null || process_.signalCode !== null;
    });
    return this.#process?.exitCode ?? this.#process?.signalCode ?? "never started";
  }

  /** Waits for an event, from the `from`th line on. */
  async logged(name: EventName, from = 0, fields: Readonly<Record<string, unknown>> = {}): Promise<LogLine> {
    const find = (): LogLine | undefined =>
      this.log
        .slice(from)
        .find(
          (line) =>
            line.event === name && Object.entries(fields).every(([key, value]) => line[key] === value),
        );
    await until(
      `${this.name} logs ${name} ${JSON.stringify(fields)}; ${this.complaints}`,
      () => find() !== undefined,
    );
    return find() as LogLine;
  }

  /** Runs a program there; its output. */
  run(...command: readonly string[]): string {
    return ip("netns", "exec", this.namespace, ...command);
  }

  /** Whether an address is on its eth0, as `ip` sees it. */
  holds(address: string): boolean {
    return this.addresses().includes(address);
  }

  /** The IPv4 addresses on its eth0, as `ip` prints them. */
  addresses(): readonly string[] {
    return [
      ...ip("-n", this.namespace, "-4", "-o", "addr", "show", "dev", "eth0").matchAll(/inet (\S+)/g),
    ].map(([, address = ""]) => address);
  }

  /** What /metrics says of one series, as `name{labels}`; undefined when it is not there. */
  metric(series: string): number | undefined {
    const page = this.run("curl", "-s", "http://127.0.0.1:9165/metrics");
    const line = page.split("\n").find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  /** Names in the run directory; undefined when there is no such directory. */
  runFiles(): readonly string[] | undefined {
    return existsSync(this.runDirectory) ? readdirSync(this.runDirectory) : undefined;
  }

  /** Processes of this machine, by their titles. */
  processes(): readonly string[] {
    return processesIn(this.namespace).flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").trim()];
      } catch {
        return [];
      }
    });
  }

  /** Kills whatever runs there. */
  async end(): Promise<void> {
    signalAll(processesIn(this.namespace), "SIGKILL");
    await until("an empty machine", () => processesIn(this.namespace).length === 0);
  }
}

function ip(...command: readonly string[]): string {
  return execFileSync("ip", command, { encoding: "utf8" });
}
