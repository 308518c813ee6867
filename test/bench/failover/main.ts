/**
 * `npm run bench:failover -- [--runs N] [--others N] [--only TEXT]`
 *
 * Goal: what a client of the VIP misses when a director stops, returns, loses a cable or dies. Method: two directors on
 * a public and a private network, a client that asks the VIP every millisecond; each scenario so many times with Relevo, and
 * then with Debian's keepalived, with the same adverts (version 3, 1 s), in one run. Prints both and the ratio.
 *
 * Exit status 0 when Relevo kept to what each scenario allows.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Host, Lan } from "../../net/namespace.ts";
import { onStage } from "../stage.ts";
import { type Contender, keepalived, relevo, type RelevoOptions, VIP } from "./contender.ts";
import { Probe, type Sight } from "./probe.ts";
import { holdsAlone, type Measure, type Scenario, SCENARIOS, type Scene } from "./scenario.ts";

const DEFAULTS: RelevoOptions = { interval: 100, takeover: true };
/** After a change everybody has announced twice and heard enough of the other. */
const SETTLED_MS = 6_000;

/** One run: what the client saw, what was seen besides. */
interface Outcome {
  readonly sight: Sight;
  readonly seen: number;
}

function play(
  scenario: Scenario,
  runs: number,
  kind: (lan: Lan, hosts: Scene["hosts"], options: RelevoOptions) => Contender,
): Promise<readonly Outcome[]> {
  return onStage(async (stage) => {
    const lan = new Lan(stage);
    const hosts = [lan.host("lvs1", 11), lan.host("lvs2", 12)] as const;
    const client = lan.host("client", 77);
    const scene: Scene = { lan, hosts, pair: kind(lan, hosts, { ...DEFAULTS, ...scenario.options }) };
    try {
      return await playOn(scene, client, scenario, runs);
    } catch (error) {
      for (const { log } of scene.pair.daemons) console.error(log);
      throw error;
    }
  });
}

async function playOn(
  scene: Scene,
  client: Host,
  scenario: Scenario,
  runs: number,
): Promise<readonly Outcome[]> {
  const [better, other] = scene.pair.daemons;
  other.start();
  if (scenario.before === 0) better.start();
  const outcomes: Outcome[] = [];
  while (outcomes.length < runs) {
    await holdsAlone(scene, scenario.before);
    await sleep(SETTLED_MS);
    const probe = new Probe(client, VIP);
    await probe.answered();
    const seen = (await scenario.happen(scene)) ?? Number.NaN;
    await sleep(500);
    outcomes.push({ sight: await probe.end(), seen });
    process.stderr.write(".");
    if (outcomes.length < runs) await scenario.mend(scene);
  }
  return outcomes;
}

function judged({ judged: which }: Measure, figures: readonly number[]): number {
  const sorted = figures.toSorted((one, other) => one - other);
  return (which === "worst" ? sorted.at(-1) : sorted[Math.floor(sorted.length / 2)]) ?? Number.NaN;
}

function shown(figure: number, unit: Measure["unit"]): string {
  if (figure === Number.POSITIVE_INFINITY) return "never";
  return unit === "ms" ? `${figure.toFixed(1)} ms` : `${figure} ${unit}`;
}

/** True when Relevo's figures are as good as they have to be. */
function show(scenario: Scenario, ours: readonly Outcome[], theirs: readonly Outcome[]): boolean {
  console.log(`\n${scenario.name} (${ours.length} runs; keepalived ${theirs.length})`);
  let kept = true;
  for (const measure of scenario.measures) {
    const figures = (of: readonly Outcome[]) => of.map(({ sight, seen }) => measure.of(sight, seen));
    const [mine, other] = [judged(measure, figures(ours)), judged(measure, figures(theirs))];
    const isKept = mine <= measure.most;
    kept &&= isKept;
    const allowed = Number.isFinite(measure.most) ? `, may be ${shown(measure.most, measure.unit)}` : "";
    const ratio = Number.isFinite(other / mine) ? `, ratio ${(other / mine).toFixed(1)}` : "";
    console.log(
      `  ${measure.name}, ${measure.judged}: Relevo ${shown(mine, measure.unit)}${allowed}` +
        `${isKept ? "" : "  <-- TOO MUCH"}; keepalived ${shown(other, measure.unit)}${ratio}`,
    );
  }
  return kept;
}

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "20" },
    others: { type: "string", default: "3" },
    only: { type: "string", default: "" },
  },
});
let kept = true;
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(values.only))) {
  const ours = await play(scenario, Number(values.runs), relevo);
  const theirs = await play(scenario, Number(values.others), keepalived);
  kept = show(scenario, ours, theirs) && kept;
}
process.exitCode = kept ? 0 : 1;
