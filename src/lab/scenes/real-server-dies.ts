/** A real server dies and is quiesced, gets no request while it is away, and is let back. */

import { type Duration, seconds } from "../../core/units/time.ts";
import { ms, type Verdict } from "../audit/verdict.ts";
import { destination } from "../ipvs-table.ts";
import { DIRECTORS } from "../plan.ts";
import { killRealServer, startRealServer } from "../real-servers.ts";
import { lookAtRest, type Stage, untilTableHas } from "../stage.ts";
import { told, whoAnswers } from "./spread.ts";

const VICTIM = "rs2";

/** Kills one real server and brings it back. */
export async function realServerDies(stage: Stage): Promise<Verdict> {
  const { timeline, network } = stage;
  timeline.heading("A real server dies and comes back");
  const killed = stage.stopwatch.now();
  killRealServer(network, VICTIM);
  timeline.say(VICTIM, "its server process is killed");
  const quiesced = await untilWeight(stage, 0);
  for (const name of DIRECTORS) {
    await lookAtRest(stage, name, `${VICTIM} dead`, { holds: name === "lvs1", down: [VICTIM] });
  }
  const away = await whoAnswers(stage);

  startRealServer(network, VICTIM);
  const started = stage.stopwatch.now();
  timeline.say(VICTIM, "its server process is started");
  const back = await untilWeight(stage, 1);
  for (const name of DIRECTORS) await lookAtRest(stage, name, `${VICTIM} back`, { holds: name === "lvs1" });
  const afterwards = await whoAnswers(stage);

  const breaches: string[] = [];
  if (away.has(VICTIM)) breaches.push(`${VICTIM} answered while it was dead`);
  if (away.has("")) breaches.push(`${away.get("")} requests had no answer after it was quiesced`);
  if (!afterwards.has(VICTIM)) breaches.push(`${VICTIM} got no request after it was let back`);
  const evidence = `quiesced after ${ms(quiesced - killed)}; meanwhile ${told(away)}; let back after ${ms(back - started)}`;
  return { rule: "a dead one gets nothing", breaches, evidence };
}

/** Waits until both tables have the victim at that weight; the time at which the first one had. */
async function untilWeight(stage: Stage, weight: number): Promise<Duration> {
  const line = destination(stage.method, VICTIM, weight);
  const seen: number[] = [];
  for (const name of DIRECTORS) {
    seen.push(await untilTableHas(stage, name, line, seconds(15)));
    stage.timeline.say(name, `its kernel has ${VICTIM} at weight ${weight}`);
  }
  return Math.min(...seen) as Duration;
}
