/** The active director loses its power; the other one takes over; the first one returns and takes back. */

import { after, type Duration, type Instant, seconds, ZERO } from "../../core/units/time.ts";
import { ms, type Verdict } from "../audit/verdict.ts";
import { destination } from "../ipvs-table.ts";
import { REAL_SERVERS, SECOND_ANNOUNCEMENT, takeoverBound } from "../plan.ts";
import { holdsAlone, lookAtRest, type Stage, until, untilTableHas } from "../stage.ts";
import { pause } from "../stopwatch.ts";
import { outage } from "../traffic.ts";

/** Cuts the power of lvs1. */
export async function powerLoss(stage: Stage): Promise<Verdict> {
  const { timeline, directors, witness, allowance } = stage;
  timeline.heading("The active director loses its power");
  const from = stage.stopwatch.now();
  await directors.lvs1.losePower();
  timeline.say("lvs1", "killed, and its cables are dead");
  const bound = takeoverBound(allowance);
  await until(stage, "lvs2 holds", bound, () => witness.has("lvs2", "192.0.2.100"));
  const lost = await outageSince(stage, from);
  timeline.say("client", `was without answers for ${ms(lost)}`);
  await restOnceAnnounced(stage);
  await lookAtRest(stage, "lvs2", "lvs1 without power", { holds: true });
  return { rule: "a peer takes over", breaches: tooLong(lost, bound), evidence: `outage ${ms(lost)}` };
}

/** Brings lvs1 back. */
export async function powerReturns(stage: Stage): Promise<Verdict> {
  const { timeline, directors, allowance } = stage;
  timeline.heading("It comes back and takes over again");
  await directors.lvs1.boot();
  timeline.say("lvs1", "has booted: nothing is left of its earlier life");
  const from = stage.stopwatch.now();
  directors.lvs1.start();
  timeline.say("lvs1", "relevo is started");
  const bound = (takeoverBound(allowance) + allowance.startUp) as Duration;
  await until(stage, "lvs1 alone holds the addresses", bound, () => holdsAlone(stage, "lvs1"));
  await restOnceAnnounced(stage);
  const lost = await outageSince(stage, from);
  timeline.say("client", `was without answers for ${ms(lost)} at the most`);
  for (const server of REAL_SERVERS) {
    await untilTableHas(stage, "lvs1", destination(stage.method, server, 1), seconds(15));
  }
  await lookAtRest(stage, "lvs1", "lvs1 back", { holds: true });
  await lookAtRest(stage, "lvs2", "lvs1 back", { holds: false });
  return { rule: "the first takes back", breaches: tooLong(lost, bound), evidence: `outage ${ms(lost)}` };
}

/** What the client missed from then until it is answered again. */
export async function outageSince(stage: Stage, from: Instant): Promise<Duration> {
  const answers = stage.requests.answers;
  const since = stage.stopwatch.now();
  const again = () => answers.some((answer) => answer.who !== undefined && answer.sentAt > since);
  await until(stage, "a request is answered again", seconds(10), again);
  return outage(answers, { from, until: stage.stopwatch.now() });
}

/** Waits for so long that the second announcements are due too. */
export async function restOnceAnnounced(stage: Stage): Promise<void> {
  await pause((SECOND_ANNOUNCEMENT + 2 * stage.allowance.announcement) as Duration);
}

/** An outage longer than VRRP's timers and one more request's patience explain. */
export function tooLong(lost: Duration, bound: Duration): readonly string[] {
  const most = after(ZERO as unknown as Instant, (bound + seconds(1)) as Duration);
  return lost > most ? [`the client was without answers for ${ms(lost)}`] : [];
}
