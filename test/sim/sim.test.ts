/**
 * Goal: no rule is broken by directors that meet with faults. Method: a few thousand seeds of the simulator; a seed that
 * fails prints its whole story. `npm run sim` runs as many as you have time for.
 */

import t from "tap";
import { run } from "./run.ts";

/** So many at least, and more as time allows. */
const SEEDS_MIN = 100;
const SEEDS = 3_000;
const SECONDS_MAX = 15;

t.test("no rule is broken, whatever strikes", (t) => {
  const until = process.uptime() + SECONDS_MAX;
  let seed = 0;
  for (; seed < SEEDS_MIN || (seed < SEEDS && process.uptime() < until); seed += 1) {
    const { violation } = run(seed);
    if (violation === undefined) continue;
    for (const line of run(seed, true).trace) t.comment(line);
    t.fail(`seed ${seed}: rule ${violation.rule}: ${violation.message}`);
    break;
  }
  t.ok(seed >= SEEDS_MIN, "some seeds were run");
  t.comment(`${seed} seeds`);
  t.end();
});

t.test("a seed is the same run each time", (t) => {
  for (const seed of [3, 54, 83]) t.same(run(seed, true).trace, run(seed, true).trace);
  t.not(run(3, true).trace.length, 0);
  t.notSame(run(3, true).trace, run(54, true).trace);
  t.end();
});
