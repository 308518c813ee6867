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
  readonly #child: ChildProcess;

  constructor(network: Network, stopwatch: Stopwatch, interval: Duration) {
    const numbers = [PORT, toMilliseconds(interval), PATIENCE_MS].map(String);
    const command = [process.execPath, PROGRAM, VIP, ...numbers];
    this.#child = spawn("ip", ["netns", "exec", network.namespace("client"), ...command], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    this.#child.on("error", () => {}); // No answers are a failure in themselves.
    if (this.#child.stdout === null) return;
    createInterface(this.#child.stdout).on("line", (line) => {
      const answer = parseAnswer(line, stopwatch.epoch);
      if (answer !== undefined) this.answers.push(answer);
    });
  }

  /** Ends the requests. */
  stop(): void {
    this.#child.kill("SIGKILL");
  }
}
