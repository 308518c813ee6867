/** The end of the story: every verdict in a line, and every breach below it. */

import type { Verdict } from "./audit/verdict.ts";
import type { Timeline } from "./timeline.ts";

/** Prints the verdicts and says whether all rules held. */
export function summarize(timeline: Timeline, verdicts: readonly Verdict[], where: string): boolean {
  timeline.heading(`What was seen from outside (${where})`);
  const width = Math.max(...verdicts.map(({ rule }) => rule.length));
  for (const { rule, breaches, evidence } of verdicts) {
    const held = breaches.length === 0;
    const word = held ? timeline.paint("held  ", "32") : timeline.paint("BROKEN", "1;31");
    timeline.print(`  ${word}  ${rule.padEnd(width)}  ${evidence}`);
    for (const breach of breaches) timeline.print(`          - ${breach}`);
  }
  const broken = verdicts.filter(({ breaches }) => breaches.length > 0).length;
  const all =
    broken === 0 ? timeline.paint("All held.", "1;32") : timeline.paint(`${broken} broken.`, "1;31");
  timeline.print(`\n${all}`);
  return broken === 0;
}
