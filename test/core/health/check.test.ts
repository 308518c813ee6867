/**
 * Goal: a check forgives, falls and recovers as keepalived's does, at the moments that its rhythm says.
 * Method: the state machine driven by hand along a clock of our own; random sequences against the rule in one sentence.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { type CheckState, retimeCheck, startCheck, step } from "../../../src/core/health/check.ts";
import type { CheckTiming } from "../../../src/core/health/model.ts";
import { after, type Instant, seconds, START, toSeconds } from "../../../src/core/units/time.ts";

const TIMING: CheckTiming = {
  delayLoop: seconds(10),
  retry: 2,
  delayBeforeRetry: seconds(1),
  warmup: seconds(10),
};

/** Probes at each deadline with these results, and writes down what happens. */
function story(state: CheckState, timing: CheckTiming, results: readonly boolean[]): string[] {
  const lines: string[] = [];
  let current = state;
  for (const ok of results) {
    const now = current.dueAt ?? START;
    const asked = step(current, { type: "deadline" }, now, timing);
    const probed = step(asked.state, { type: "probed", result: { ok, detail: "" } }, now, timing);
    const told = [...asked.effects, ...probed.effects].map((effect) =>
      effect.type === "change-verdict" ? (effect.up ? "up" : "down") : effect.type,
    );
    lines.push(`${toSeconds((now - START) as never)}s ${ok ? "ok" : "failed"}: ${told.join(", ")}`);
    current = probed.state;
  }
  return lines;
}

t.test(
  "failures are forgiven up to retry, looked at after delay_before_retry, then it is down",
  async (t) => {
    t.strictSame(
      story(startCheck(TIMING, true, START, 0), TIMING, [true, false, false, false, false, true]),
      [
        "0s ok: probe",
        "10s failed: probe, tell-forgiven",
        "11s failed: probe, tell-forgiven",
        "12s failed: probe, down",
        "22s failed: probe",
        "32s ok: probe, up",
      ],
    );
  },
);

t.test("a success between failures starts the count again", async (t) => {
  t.strictSame(
    story(startCheck(TIMING, true, START, 0), TIMING, [false, false, true, false, false, false]).slice(2),
    [
      "2s ok: probe",
      "12s failed: probe, tell-forgiven",
      "13s failed: probe, tell-forgiven",
      "14s failed: probe, down",
    ],
  );
});

t.test("without retry the first failure is the verdict", async (t) => {
  const timing = { ...TIMING, retry: 0 };
  t.strictSame(story(startCheck(timing, true, START, 0), timing, [false]), ["0s failed: probe, down"]);
});

t.test("one that starts down needs one success", async (t) => {
  t.strictSame(story(startCheck(TIMING, false, START, 0), TIMING, [false, true]), [
    "0s failed: probe",
    "10s ok: probe, up",
  ]);
});

t.test(
  "the first probe comes within the warmup, and within a second when somebody waits for it",
  async (t) => {
    t.equal(startCheck(TIMING, true, START, 0.5).dueAt, seconds(5));
    t.equal(startCheck(TIMING, false, START, 0.5).dueAt, seconds(0.5));
  },
);

t.test("a deadline that has not come, or a result that was not asked for, changes nothing", async (t) => {
  const state = startCheck(TIMING, true, START, 0.5);
  t.strictSame(step(state, { type: "deadline" }, seconds(4.999999) as never, TIMING), { state, effects: [] });
  const result = { ok: false, detail: "" };
  t.strictSame(step(state, { type: "probed", result }, START, TIMING), { state, effects: [] });
  const probing = step(state, { type: "deadline" }, seconds(5) as never, TIMING).state;
  t.strictSame(step(probing, { type: "deadline" }, seconds(6) as never, TIMING).effects, []);
});

t.test("a new rhythm keeps the verdict and shortens the wait", async (t) => {
  const state: CheckState = { up: false, forgiven: 0, dueAt: after(START, seconds(60)), suspended: false };
  const quick = { ...TIMING, delayLoop: seconds(2) };
  t.strictSame(retimeCheck(state, quick, START), { ...state, dueAt: seconds(2) as never });
  t.equal(retimeCheck(state, { ...TIMING, delayLoop: seconds(90) }, START), state);
  const probing: CheckState = { ...state, dueAt: undefined };
  t.equal(retimeCheck(probing, quick, START), probing);
});

t.test("down is: more failures in a row than retry, and no success since", async () => {
  fc.assert(
    fc.property(fc.nat(3), fc.array(fc.boolean()), (retry, results) => {
      const timing = { ...TIMING, retry };
      let state = startCheck(timing, true, START, 0);
      let now: Instant = START;
      let failures = 0;
      for (const ok of results) {
        now = state.dueAt ?? now;
        state = step(state, { type: "deadline" }, now, timing).state;
        state = step(state, { type: "probed", result: { ok, detail: "" } }, now, timing).state;
        failures = ok ? 0 : failures + 1;
        assert.equal(state.up, failures <= retry);
        assert.ok(state.dueAt !== undefined && state.dueAt > now, "there is always a next time");
      }
    }),
  );
});

t.test("a check that is suspended keeps its verdict, and is made soon after it is resumed", async (t) => {
  const down: CheckState = { up: false, forgiven: 0, dueAt: after(START, seconds(9)), suspended: false };
  const resting = step(down, { type: "suspend" }, START, TIMING);
  t.strictSame(resting, { state: { ...down, dueAt: undefined, suspended: true }, effects: [] });
  for (const type of ["deadline", "suspend"] as const)
    t.strictSame(step(resting.state, { type }, seconds(99) as never, TIMING), {
      state: resting.state,
      effects: [],
    });
  const resumed = step(resting.state, { type: "resume", chance: 0.5 }, seconds(100) as never, TIMING);
  t.strictSame(resumed, { state: { ...down, dueAt: seconds(100.5) as never }, effects: [] });
  t.strictSame(step(down, { type: "resume", chance: 0 }, START, TIMING), { state: down, effects: [] });
});

t.test("a probe that is under way when its check is suspended is ended, and does not count", async (t) => {
  const probing: CheckState = { up: true, forgiven: 0, dueAt: undefined, suspended: false };
  const { state, effects } = step(probing, { type: "suspend" }, START, TIMING);
  t.strictSame(effects, [{ type: "abort" }]);
  const result = { ok: false, detail: "" };
  t.strictSame(step(state, { type: "probed", result }, START, TIMING), { state, effects: [] });
});
