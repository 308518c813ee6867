/**
 * Goal: a real server that comes back has a tenth of its weight at once and all of it when its time is over, in equal
 * steps, each of which is announced.
 * Method: weights at moments worked out by hand; any weight and time stepped through.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { nextStepAt, rampedWeight, returnOf } from "../../../src/core/health/slow-start.ts";
import {
  after,
  type Duration,
  type Instant,
  microseconds,
  seconds,
  START,
  ZERO,
} from "../../../src/core/units/time.ts";

const SPAN = seconds(90);
const at = (second: number): Instant => after(START, seconds(second));

t.test("weight 100 over 90 s grows by 10 every 10 s", async (t) => {
  const weights = [0, 9.9, 10, 45, 79, 80, 89.9, 90, 1_000].map((s) => rampedWeight(100, START, SPAN, at(s)));
  t.strictSame(weights, [10, 10, 20, 50, 80, 90, 90, 100, 100]);
  t.equal(nextStepAt(START, SPAN, at(0)), at(10));
  t.equal(nextStepAt(START, SPAN, at(80)), at(90));
  t.equal(nextStepAt(START, SPAN, at(90)), undefined);
});

t.test("a small weight is never nothing, and none stays none", async (t) => {
  t.equal(rampedWeight(1, START, SPAN, START), 1);
  t.equal(rampedWeight(3, START, SPAN, START), 1);
  t.equal(rampedWeight(0, START, SPAN, START), 0);
});

t.test("without a time for it, it is all there at once", async (t) => {
  t.equal(rampedWeight(100, START, ZERO, START), 100);
  t.equal(nextStepAt(START, ZERO, START), undefined);
});

t.test("from a weight that is found it goes on where it was, or in a step before", async (t) => {
  t.equal(returnOf(10, 100, SPAN, at(500)), at(500));
  t.equal(returnOf(50, 100, SPAN, at(500)), at(460));
  t.equal(returnOf(45, 100, SPAN, at(500)), at(460), "somebody else's weight: the step after it");
  t.equal(returnOf(1, 3, SPAN, at(500)), at(500), "which it has in the first six steps");
  t.equal(returnOf(2, 3, SPAN, at(500)), at(440));
  t.equal(returnOf(100, 100, SPAN, at(500)), undefined);
  t.equal(returnOf(200, 100, SPAN, at(500)), undefined);
  t.equal(returnOf(0, 100, SPAN, at(500)), undefined, "it is not up");
  t.equal(returnOf(50, 100, ZERO, at(500)), undefined);
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 65_535 }),
      fc.integer({ min: 1_000, max: 86_400_000_000 }),
      fc.nat(8),
      (weight, length, step) => {
        const span = microseconds(length);
        const now = after(START, microseconds(Math.ceil((length * step) / 9)));
        const found = rampedWeight(weight, START, span, now);
        const since = returnOf(found, weight, span, now);
        if (since === undefined) return assert.equal(found, weight);
        assert.equal(rampedWeight(weight, since, span, now), found, "nothing changes at first");
        assert.ok(since >= START - 1, "and it takes no less than the whole time");
      },
    ),
  );
});

t.test("from step to step the weight never falls, and ends at all of it when the time is over", async () => {
  fc.assert(
    fc.property(fc.nat(65_535), fc.integer({ min: 1, max: 86_400_000_000 }), (weight, length) => {
      const span = microseconds(length);
      let now: Instant | undefined = START;
      let last = 0;
      for (let steps = 0; now !== undefined; steps += 1) {
        assert.ok(steps <= 9, "at most nine steps");
        const current = rampedWeight(weight, START, span, now);
        assert.ok(current >= last && current <= weight);
        last = current;
        const next = nextStepAt(START, span, now);
        assert.ok(next === undefined || next > now, "time goes on");
        now = next;
      }
      assert.equal(last, weight);
      assert.equal(rampedWeight(weight, START, span, after(START, span as Duration)), weight);
    }),
  );
});
