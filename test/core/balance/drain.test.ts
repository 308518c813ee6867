/**
 * Goal: a drain ends when nobody is left, templates included where they are honoured, or at its deadline, and says how
 * far it is.
 * Method: counts and times by hand; random counts against the rule.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  type DrainEvent,
  drainedWeight,
  type DrainState,
  progress,
  startDrain,
  step,
} from "../../../src/core/balance/drain.ts";
import { after, seconds, START } from "../../../src/core/units/time.ts";

const LATER = after(START, seconds(60));

function counted(active: number, persistent = 0, templatesHonoured = true): DrainEvent {
  return { type: "counted", counts: { active, inactive: 7, persistent }, templatesHonoured };
}

function run(state: DrainState, ...events: readonly DrainEvent[]): DrainState {
  return events.reduce((current, event) => step(current, event, START), state);
}

t.test("it ends when the last connection has finished, and is then out of the table", async (t) => {
  const begun = startDrain({ deadline: undefined, end: "remove" }, START);
  t.equal(progress(begun), undefined);
  t.equal(drainedWeight(begun), 0);
  const half = run(begun, counted(8), counted(2));
  t.equal(progress(half), 0.75);
  const over = run(half, counted(0));
  t.match(over, { name: "drained", cause: "empty", left: 0 });
  t.equal(drainedWeight(over), undefined);
  t.equal(progress(over), 1);
  t.equal(run(over, counted(5)), over, "what comes afterwards is nothing to it");
});

t.test("templates are waited for where they are honoured", async (t) => {
  const begun = startDrain({ deadline: undefined, end: "hold" }, START);
  t.match(run(begun, counted(0, 3)), { name: "draining", left: 3 });
  const over = run(begun, counted(0, 3, false));
  t.equal(over.name, "drained");
  t.equal(drainedWeight(over), 0, "held as it is");
});

t.test("at the deadline it is over, with those who are left", async (t) => {
  const begun = startDrain({ deadline: seconds(60), end: "remove" }, START);
  const waiting = run(begun, counted(8));
  t.equal(step(waiting, { type: "deadline" }, START), waiting, "it has not come");
  t.match(step(waiting, { type: "deadline" }, LATER), { name: "drained", cause: "deadline", left: 8 });
  const patient = startDrain({ deadline: undefined, end: "remove" }, START);
  t.equal(step(patient, { type: "deadline" }, LATER), patient);
});

t.test("progress stays within 0 and 1, also when there are more connections than before", async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.boolean())), (counts) => {
      let state = startDrain({ deadline: seconds(60), end: "remove" }, START);
      for (const [active, persistent, honoured] of counts) {
        const before = state;
        state = step(state, counted(active, persistent, honoured), START);
        const part = progress(state) ?? 0;
        assert.ok(part >= 0 && part <= 1);
        const empty = active + (honoured ? persistent : 0) === 0;
        if (before.name === "draining") assert.equal(state.name === "drained", empty);
      }
    }),
  );
});
