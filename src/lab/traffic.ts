/** What the client saw: one answer, or none, to each of its requests. Pure arithmetic over that record. */

import { after, between, type Duration, type Instant, ZERO } from "../core/units/time.ts";
import type { Span } from "./observation.ts";

/** How one request ended. */
export interface Answer {
  readonly sentAt: Instant;
  /** When the answer was whole, or given up. */
  readonly at: Instant;
  /** The real server that answered, or undefined when none did. */
  readonly who: string | undefined;
  /** Why not: `timeout`, or an error's name such as `ECONNREFUSED`. */
  readonly failure?: string;
}

/** How often each real server answered requests sent in that time; "" stands for no answer. */
export function spread(answers: readonly Answer[], span: Span): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { sentAt, who = "" } of answers) {
    if (sentAt < span.from || sentAt >= span.until) continue;
    counts.set(who, (counts.get(who) ?? 0) + 1);
  }
  return counts;
}

/** The failures of requests sent in that time, each kind once. */
export function failures(answers: readonly Answer[], span: Span): readonly string[] {
  const inside = answers.filter(({ sentAt }) => sentAt >= span.from && sentAt < span.until);
  return [...new Set(inside.map(({ failure }) => failure).filter((failure) => failure !== undefined))];
}

/** The longest time without a success that touches the span: from the last success before to the first one after. */
export function outage(answers: readonly Answer[], span: Span): Duration {
  const successes = answers
    .filter((answer) => answer.who !== undefined)
    .map((answer) => answer.at)
    .toSorted((a, b) => a - b);
  let longest: Duration = ZERO;
  for (const [index, at] of successes.entries()) {
    const next = successes[index + 1];
    if (next === undefined || next < span.from || at >= span.until) continue;
    if (between(at, next) > longest) longest = between(at, next);
  }
  return longest;
}

/** Reads a line of the client: the time sent in microseconds since 1970, how long it took, and who answered or "-" and why not. */
export function parseAnswer(line: string, epoch: number): Answer | undefined {
  const [sent, took, who] = line.split(" ");
  if (sent === undefined || took === undefined || who === undefined) return undefined;
  const sentAt = (Number(sent) - epoch) as Instant;
  const at = after(sentAt, Number(took) as Duration);
  return who.startsWith("-") ? { sentAt, at, who: undefined, failure: who.slice(1) } : { sentAt, at, who };
}
