/** A client that asks the VIP every millisecond, and what it missed. */

import type { ChildProcess } from "node:child_process";
import { type Host, until } from "../../net/namespace.ts";

const INTERVAL_MS = 1;

/** What a client saw. */
export interface Sight {
  /** Questions between the first and the last answer that had none. */
  readonly lost: number;
  /** The longest time between two answers, less the interval between two questions; in milliseconds. */
  readonly silence: number;
}

/** One run of `fping`, which unlike `ping` asks at the same pace whether it is answered or not. */
export class Probe {
  readonly #child: ChildProcess;
  #output = "";

  constructor(client: Host, address: string) {
    const pace = [`-i${INTERVAL_MS}`, `-p${INTERVAL_MS}`];
    this.#child = client.spawn("fping", "-l", "-D", "-t1000", ...pace, address);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  /** Resolves when the first answers are there. */
  async answered(): Promise<void> {
    await until("the client is answered", () => this.#answers().length > 10, 60);
  }

  /** Ends it. */
  async end(): Promise<Sight> {
    this.#child.kill("SIGINT");
    await until("fping has ended", () => this.#child.exitCode !== null || this.#child.signalCode !== null);
    const answers = this.#answers();
    const gaps = answers.slice(1).map(({ at }, index) => at - (answers[index]?.at ?? at));
    const [first, last] = [answers[0]?.sequence ?? 0, answers.at(-1)?.sequence ?? 0];
    const lost = last - first + 1 - new Set(answers.map(({ sequence }) => sequence)).size;
    return { lost, silence: Math.max(0, ...gaps) - INTERVAL_MS };
  }

  #answers(): readonly { readonly sequence: number; readonly at: number }[] {
    const lines = this.#output.matchAll(/^\[(\d+\.\d+)\] .* \[(\d+)\], \d+ bytes/gm);
    return [...lines].map(([, at, sequence]) => ({ sequence: Number(sequence), at: Number(at) * 1_000 }));
  }
}
