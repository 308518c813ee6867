/** The client's process, and the growing record of its requests. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Duration, toMilliseconds } from "../core/units/time.ts";
import type { Network } from "./network.ts";
import { PORT, VIP } from "./plan.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { type Answer, parseAnswer } from "./traffic.ts";

const PROGRAM = fileURLToPath(new URL("client.js", import.meta.url));
const PATIENCE_MS = 1_000;

/** Requests that go on until they are stopped. */
export class Requests {
  readonly answers: Answer[] = [];
  readonly #command: readonly string[];
  readonly #stopwatch: Stopwatch;
  #child: ChildProcess | undefined;

  constructor(network: Network, stopwatch: Stopwatch, interval: Duration) {
    const numbers = [PORT, toMilliseconds(interval), PATIENCE_MS].map(String);
    const client = [process.execPath, PROGRAM, VIP, ...numbers];
    this.#command = ["netns", "exec", network.namespace("client"), ...client];
    this.#stopwatch = stopwatch;
  }

  /** Starts the requests. */
  start(): void {
    const child = spawn("ip", this.#command, { stdio: ["ignore", "pipe", "ignore"], detached: true });
    child.on("error", () => {}); // No answers are a failure in themselves.
    createInterface(child.stdout).on("line", (line) => {
      const answer = parseAnswer(line, this.#stopwatch.epoch);
      if (answer !== undefined) this.answers.push(answer);
    });
    this.#child = child;
  }

  /** Ends the requests. */
  stop(): void {
    this.#child?.kill("SIGKILL");
  }
}
