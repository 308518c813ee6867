/** The master is told to stop: the peer takes over at once, and the leaver leaves nothing behind. */

import type { Director } from "../director.ts";
import { ms, type Verdict } from "../audit/verdict.ts";
import { takeoverBound } from "../plan.ts";
import { holdsAlone, lookAtRest, type Stage, until } from "../stage.ts";
import { outageSince, restOnceAnnounced, tooLong } from "./power-loss.ts";

/** Stops lvs1 with SIGTERM. */
export async function gracefulStop(stage: Stage, forwardingBefore: string): Promise<Verdict> {
  const { timeline, directors, allowance } = stage;
  timeline.heading("The active director is asked to stop");
  const from = stage.stopwatch.now();
  timeline.say("lvs1", "gets SIGTERM");
  const status = await directors.lvs1.stop();
  timeline.say("lvs1", `relevo has ended with ${status} after ${ms(stage.stopwatch.now() - from)}`);
  const breaches = status === 0 ? [] : [`relevo ended with ${status}`];
  breaches.push(...(await leftBehind(directors.lvs1, forwardingBefore)));
  await lookAtRest(stage, "lvs1", "lvs1 stopped", { holds: false, runs: false });

  const bound = takeoverBound(allowance);
  await until(stage, "lvs2 alone holds the addresses", bound, () => holdsAlone(stage, "lvs2"));
  const lost = await outageSince(stage, from);
  timeline.say("client", `was without answers for ${ms(lost)}`);
  await restOnceAnnounced(stage);
  await lookAtRest(stage, "lvs2", "lvs1 stopped", { holds: true });
  breaches.push(...tooLong(lost, bound));
  return {
    rule: "a stop leaves nothing",
    breaches,
    evidence: `outage ${ms(lost)}; no process, file or setting left`,
  };
}

async function leftBehind(director: Director, forwardingBefore: string): Promise<readonly string[]> {
  const left: string[] = [];
  const processes = director.processes();
  if (processes.length > 0) left.push(`${processes.length} processes of ${director.name} are left`);
  const files = director.runFiles();
  if (files.length > 0) left.push(`in the run directory of ${director.name} is left: ${files.join(", ")}`);
  const forwarding = await director.setting("net/ipv4/ip_forward");
  if (forwarding !== forwardingBefore)
    left.push(`ip_forward of ${director.name} is ${forwarding}, was ${forwardingBefore}`);
  return left;
}
