/**
 * Goal: a quorum is lost and regained where keepalived has it.
 * Method: sums of weights up and down by hand; random walks against the rule in one sentence.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { hasQuorum, quorumThreshold } from "../../../src/core/health/quorum.ts";

/** What is said after each of these sums, from the start on. */
function walk(rule: { quorum: number; hysteresis: number }, sums: readonly number[]): boolean[] {
  let state: boolean | undefined;
  return sums.map((sum) => (state = hasQuorum(state, sum, rule)));
}

t.test("quorum 7 with hysteresis 2 is lost at 4 and regained at 9", async (t) => {
  t.strictSame(walk({ quorum: 7, hysteresis: 2 }, [10, 7, 6, 5, 4, 5, 7, 8, 9, 5]), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
  t.strictSame(
    [undefined, true, false].map((before) => quorumThreshold(before, { quorum: 7, hysteresis: 2 })),
    [7, 5, 9],
  );
});

t.test("at the start the quorum itself counts", async (t) => {
  t.strictSame(walk({ quorum: 7, hysteresis: 2 }, [7]), [true]);
  t.strictSame(walk({ quorum: 7, hysteresis: 2 }, [6]), [false]);
});

t.test("by default it is there as long as anybody is", async (t) => {
  t.strictSame(walk({ quorum: 1, hysteresis: 0 }, [1, 0, 1, 2, 0]), [true, false, true, true, false]);
});

t.test("nobody left is no quorum, whatever the hysteresis", async (t) => {
  t.strictSame(walk({ quorum: 3, hysteresis: 3 }, [6, 1, 0, 5, 6]), [true, true, false, false, true]);
});

t.test("it changes only outside the band, and always there", async () => {
  const rules = fc
    .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(19))
    .map(([quorum, hysteresis]) => ({ quorum, hysteresis: Math.min(hysteresis, quorum - 1) }));
  fc.assert(
    fc.property(rules, fc.array(fc.nat(45), { minLength: 1 }), (rule, sums) => {
      const { quorum, hysteresis } = rule;
      const states = walk(rule, sums);
      sums.forEach((sum, index) => {
        if (index === 0) return assert.equal(states[0], sum >= quorum);
        const [before, now] = [states[index - 1], states[index]];
        if (sum >= quorum + hysteresis) assert.ok(now);
        else if (sum < quorum - hysteresis) assert.ok(!now);
        else assert.equal(now, before);
      });
    }),
  );
});
