/**
 * One of the pair: a machine whose Relevo the lab starts, stops, kills and looks at, always from outside.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./command.ts";
import { FOREIGN, tableLines } from "./ipvs-table.ts";
import type { Network } from "./network.ts";
import type { DirectorName } from "./plan.ts";
import { processesIn, signalAll } from "./site.ts";
import type { Witness } from "./witness.ts";

const CLI = fileURLToPath(new URL("../cli/main.js", import.meta.url));
const STOP_MS = 20_000;

/** A director. */
export class Director {
  readonly name: DirectorName;
  /** What Relevo wrote, for a look at it when something went wrong. */
  readonly log: string;
  readonly runDir: string;
  readonly #config: string;
  readonly #network: Network;
  readonly #witness: Witness;
  #process: ChildProcess | undefined;

  constructor(name: DirectorName, folder: string, network: Network, witness: Witness) {
    this.name = name;
    this.log = join(folder, `${name}.log`);
    this.runDir = join(folder, `${name}.run`);
    this.#config = join(folder, "relevo.yaml");
    this.#network = network;
    this.#witness = witness;
  }

  /** The machine has come up: somebody's service is in its table, the witness watches, Relevo does not run yet. */
  async prepare(): Promise<void> {
    await this.#witness.watchDirector(this.name);
    await this.#inside("sh", "-c", `ipvsadm -R <<'END'\n${FOREIGN.join("\n")}\nEND`);
  }

  /** Starts Relevo. */
  start(): void {
    this.#witness.note(this.name, "started");
    const log = openSync(this.log, "a");
    const relevo = [
      process.execPath,
      CLI,
      "run",
      "--config",
      this.#config,
      "--node",
      this.name,
      "--run-dir",
      this.runDir,
    ];
    this.#process = spawn("ip", ["netns", "exec", this.namespace, ...relevo], {
      stdio: ["ignore", log, log],
      detached: true,
    });
    this.#process.on("error", () => {}); // It is seen to have done nothing, and its log says why.
    closeSync(log);
  }

  /** Whether the process that was started last still runs. */
  get running(): boolean {
    return (
      this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
    );
  }

  /**
   * The machine loses its power: all processes at once, and the wire. Its kernel's state stays, unseen. They are
   * stopped first, as processes killed one after the other would live to see their parents die, and say farewell.
   */
  async losePower(): Promise<void> {
    const processes = this.processes();
    this.#witness.note(this.name, "killed");
    signalAll(processes, "SIGSTOP");
    await this.#network.cut(this.name);
    signalAll(processes, "SIGKILL");
  }

  /** The power is back: a machine with nothing of its earlier life. */
  async boot(): Promise<void> {
    await this.#witness.leaveDirector(this.name);
    await this.#network.rebuild(this.name);
    this.#witness.note(this.name, "booted");
    await this.prepare();
  }

  /** Asks Relevo to stop, and gives its exit status, or the signal that ended it. */
  async stop(): Promise<number | string> {
    const child = this.#process;
    if (child === undefined || !this.running) return "it did not run";
    this.#witness.note(this.name, "stopping");
    const exited = once(child, "exit", { signal: AbortSignal.timeout(STOP_MS) });
    child.kill("SIGTERM");
    const [status, signal] = (await exited) as [number | null, string | null];
    return status ?? signal ?? "?";
  }

  /** The processes on this machine that are not the lab's witnesses. */
  processes(): readonly number[] {
    return processesIn(this.namespace).filter((pid) => !this.#witness.owns(pid));
  }

  /** The IPVS table, as lines. */
  async table(): Promise<readonly string[]> {
    return tableLines(await this.#inside("ipvsadm", "-S", "-n"));
  }

  /** The IPv4 addresses, as `eth0 192.0.2.11/24` lines. */
  async addresses(): Promise<readonly string[]> {
    const printed = await run("ip", ["-n", this.namespace, "-4", "-o", "address", "show"]);
    return [...printed.matchAll(/^\d+: (\S+) +inet (\S+)/gm)]
      .map(([, link, address]) => `${link} ${address}`)
      .filter((line) => !line.startsWith("lo "));
  }

  /** A setting of its kernel. */
  async setting(path: string): Promise<string> {
    return (await this.#inside("cat", `/proc/sys/${path}`)).trim();
  }

  /** What is left in the run directory. */
  runFiles(): readonly string[] {
    try {
      return readdirSync(this.runDir);
    } catch {
      return [];
    }
  }

  /** The end of what Relevo wrote. */
  lastWords(lines: number): string {
    try {
      return readFileSync(this.log, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return "";
    }
  }

  /** Its network namespace. */
  get namespace(): string {
    return this.#network.namespace(this.name);
  }

  #inside(...command: string[]): Promise<string> {
    return run("ip", ["netns", "exec", this.namespace, ...command]);
  }
}
