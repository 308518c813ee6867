/**
 * What the lab says while it runs: one line for each thing that happens, with the seconds since the start and who it
 * happened to. Colours only on a terminal, and not with NO_COLOR.
 */

import type { Duration, Instant } from "../core/units/time.ts";
import { toSeconds } from "../core/units/time.ts";
import type { Stopwatch } from "./stopwatch.ts";

const COLOURS: Readonly<Record<string, string>> = {
  lvs1: "36",
  lvs2: "35",
  client: "34",
  rs1: "33",
  rs2: "33",
  rs3: "33",
};

/** Prints the story as it happens. */
export class Timeline {
  readonly #stopwatch: Stopwatch;
  readonly #colours: boolean;

  constructor(stopwatch: Stopwatch) {
    this.#stopwatch = stopwatch;
    this.#colours = process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "";
  }

  /** A new scene. */
  heading(title: string): void {
    this.print(`\n${this.paint(title, "1")}`);
  }

  /** Something happened to somebody, now or at that instant. */
  say(who: string, what: string, at: Instant = this.#stopwatch.now()): void {
    const seconds = toSeconds(at as unknown as Duration).toFixed(2);
    this.print(`${seconds.padStart(7)}  ${this.paint(who.padEnd(8), COLOURS[who] ?? "1")} ${what}`);
  }

  /** Lines as they are. */
  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** The text in an ANSI colour, where colours are wanted. */
  paint(text: string, code: string): string {
    return this.#colours ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
