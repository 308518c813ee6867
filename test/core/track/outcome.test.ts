/**
 * Goal: keepalived's arithmetic of weights. Method: a table of weight, reverse, verdict, written out by hand from
 * keepalived's manual.
 */

import t from "tap";
import type { Tracked, Verdict } from "../../../src/core/track/model.ts";
import { outcomeOf } from "../../../src/core/track/outcome.ts";

function outcome(weight: number, reverse: boolean, verdict: Verdict | undefined): number | string {
  const { faults, adjustment } = outcomeOf(
    [{ kind: "script", object: "web", weight, reverse }],
    () => verdict,
  );
  return faults.length > 0 ? faults.join() : adjustment;
}

t.test("up or down", (t) => {
  const cases: readonly [weight: number, reverse: boolean, up: number | string, down: number | string][] = [
    [20, false, 20, 0],
    [-20, false, 0, -20],
    [0, false, 0, "tracked script web is down"],
    [20, true, -20, 0],
    [-20, true, 0, 20],
    [0, true, "tracked script web is up", 0],
  ];
  for (const [weight, reverse, up, down] of cases) {
    t.equal(outcome(weight, reverse, true), up, `${weight} ${reverse} up`);
    t.equal(outcome(weight, reverse, false), down, `${weight} ${reverse} down`);
    t.equal(outcome(weight, reverse, undefined), 0, `${weight} ${reverse} unknown`);
  }
  t.end();
});

t.test("a number", (t) => {
  const cases: readonly [weight: number, reverse: boolean, value: number, expected: number | string][] = [
    [1, false, 20, 20],
    [1, false, -20, -20],
    [2, false, 30, 60],
    [-2, false, 30, -60],
    [1, true, 20, -20],
    [1, false, 1_000, 253],
    [1, false, 253, 253],
    [1, false, -253, -253],
    [1, false, -254, "tracked script web says -254"],
    [254, false, -1, "tracked script web says -1"],
    [254, false, 1, 253],
    [0, false, 0, 0],
    [0, false, 1, "tracked script web says 1"],
    [0, false, -1, "tracked script web says -1"],
    [0, true, 0, "tracked script web says 0"],
    [0, true, 1, 0],
  ];
  for (const [weight, reverse, value, expected] of cases)
    t.equal(outcome(weight, reverse, value), expected, `${value} x ${weight} ${reverse}`);
  t.end();
});

t.test("objects add up, and each has its own fault", (t) => {
  const tracks: Tracked[] = [
    { kind: "interface", object: "eth1", weight: 0, reverse: false },
    { kind: "interface", object: "eth2", weight: -30, reverse: false },
    { kind: "script", object: "a", weight: 10, reverse: false },
    { kind: "script", object: "b", weight: 0, reverse: false },
    { kind: "file", object: "a", weight: 2, reverse: false },
  ];
  const verdicts: Readonly<Record<string, Verdict>> = {
    "interface eth1": false,
    "interface eth2": false,
    "script a": true,
    "script b": false,
    "file a": 7,
  };
  t.same(
    outcomeOf(tracks, (kind, object) => verdicts[`${kind} ${object}`]),
    {
      faults: ["tracked interface eth1 is down", "tracked script b is down"],
      adjustment: -30 + 10 + 14,
    },
  );
  t.end();
});
