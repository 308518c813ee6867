/** The pair starts and elects the one with the higher priority; both fill their IPVS tables. */

import { type Duration, seconds } from "../../core/units/time.ts";
import { ms, type Verdict } from "../audit/verdict.ts";
import { destination } from "../ipvs-table.ts";
import { DIRECTORS, REAL_SERVERS, takeoverBound } from "../plan.ts";
import { holdsAlone, lookAtRest, type Stage, until, untilTableHas } from "../stage.ts";

/** Starts both directors and waits for rest. */
export async function election(stage: Stage): Promise<Verdict> {
  const { timeline, directors, allowance } = stage;
  timeline.heading("The pair elects");
  const started = stage.stopwatch.now();
  for (const name of DIRECTORS) {
    directors[name].start();
    timeline.say(name, "relevo is started");
  }
  const bound = (takeoverBound(allowance) + allowance.startUp) as Duration;
  const held = await until(stage, "lvs1 alone holds the addresses", bound, () => holdsAlone(stage, "lvs1"));
  for (const name of DIRECTORS) {
    for (const server of REAL_SERVERS) {
      await untilTableHas(stage, name, destination(stage.method, server, 1), seconds(15));
    }
    timeline.say(name, "its kernel's IPVS table has all real servers");
    await lookAtRest(stage, name, "after the election", { holds: name === "lvs1" });
  }
  return {
    rule: "the pair elects",
    breaches: [],
    evidence: `lvs1 holds ${ms(held - started)} after the start`,
  };
}
