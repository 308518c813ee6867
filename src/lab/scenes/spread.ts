/** Requests spread over all real servers. */

import { after, seconds } from "../../core/units/time.ts";
import type { Verdict } from "../audit/verdict.ts";
import { REAL_SERVERS } from "../plan.ts";
import { type Stage, until } from "../stage.ts";
import { pause } from "../stopwatch.ts";
import { failures, spread } from "../traffic.ts";

const FOR = seconds(4);

/** Counts who answers for a while. */
export async function trafficSpreads(stage: Stage): Promise<Verdict> {
  stage.timeline.heading("Requests spread over the real servers");
  stage.requests.start();
  const answered = () => stage.requests.answers.some((answer) => answer.who !== undefined);
  await until(stage, "a request is answered", seconds(15), answered);
  const counts = await whoAnswers(stage);
  const breaches = REAL_SERVERS.filter((name) => !counts.has(name)).map((name) => `${name} answered nothing`);
  const unanswered = counts.get("") ?? 0;
  if (unanswered > 0) breaches.push(`${unanswered} requests had no answer`);
  return { rule: "requests spread", breaches, evidence: told(counts) };
}

/** Lets requests run for some seconds, prints who answered how often, and gives the counts. */
export async function whoAnswers(stage: Stage): Promise<ReadonlyMap<string, number>> {
  const from = stage.stopwatch.now();
  const to = after(from, FOR);
  await pause(FOR);
  // The last ones sent may still be on their way, or have a second to go until they are given up.
  await pause(seconds(1.2));
  const counts = spread(stage.requests.answers, { from, until: to });
  for (const name of REAL_SERVERS) {
    const count = counts.get(name) ?? 0;
    stage.timeline.say(name, `${String(count).padStart(4)} answers  ${"#".repeat(Math.ceil(count / 4))}`);
  }
  const why = failures(stage.requests.answers, { from, until: to }).join(", ");
  if (counts.has("")) stage.timeline.say("client", `${counts.get("")} requests had no answer: ${why}`);
  return counts;
}

/** The counts in a few words. */
export function told(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `${name || "nobody"} ${count}`)
    .join(", ");
}
