/**
 * Goal: a drain ends when nobody is left, templates included where they are honoured, or at its deadline, and says how
 * far it is.
 * Method: counts and times by hand; random counts against the rule.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  countsFor,
  type DrainEvent,
  drainedWeight,
  isCounted,
  type DrainState,
  progress,
  startDrain,
  step,
} from "../../../src/core/balance/drain.ts";
import { after, seconds, START } from "../../../src/core/units/time.ts";
import { WEB } from "./servers.ts";

const LATER = after(START, seconds(60));

function counted(active: number, persistent = 0, templatesHonoured = true): DrainEvent {
  return { type: "counted", counts: { active, inactive: 7, persistent }, templatesHonoured };
}

function run(state: DrainState, ...events: readonly DrainEvent[]): DrainState {
  return events.reduce((current, event) => step(current, event, START), state);
}

/** Nobody is there, and two seconds later there is still nobody. */
function emptied(state: DrainState, event: DrainEvent): DrainState {
  return step(step(state, event, START), event, after(START, seconds(2)));
}

t.test("it ends when the last connection has finished, and is then out of the table", async (t) => {
  const begun = startDrain({ deadline: undefined, end: "remove" }, START);
  t.equal(progress(begun), undefined);
  t.equal(drainedWeight(begun), 0);
  const half = run(begun, counted(8), counted(2));
  t.equal(progress(half), 0.75);
  const over = emptied(half, counted(0));
  t.match(over, { name: "drained", cause: "empty", left: 0 });
  t.equal(drainedWeight(over), undefined);
  t.equal(progress(over), 1);
  t.equal(run(over, counted(5)), over, "what comes afterwards is nothing to it");
});

t.test(
  "nobody must be left for two seconds, as connections that are being made are not counted",
  async (t) => {
    const begun = startDrain({ deadline: undefined, end: "remove" }, START);
    const empty = step(begun, counted(0), START);
    t.match(empty, { name: "draining", left: 0 });
    t.equal(progress(empty), 1);
    t.match(step(empty, counted(0), after(START, seconds(1.9))), { name: "draining" });
    t.match(step(empty, counted(0), after(START, seconds(2))), { name: "drained" });
    const again = step(empty, counted(1), after(START, seconds(1)));
    t.match(
      step(again, counted(0), after(START, seconds(2))),
      { name: "draining" },
      "counted from the start",
    );
  },
);

t.test("where the kernel knows no states of connections, all of them are waited for", async (t) => {
  const counts = { active: 1, inactive: 7, persistent: 2 };
  const all = { active: 8, inactive: 7, persistent: 2 };
  t.strictSame(countsFor(WEB, counts), counts);
  t.strictSame(countsFor({ ...WEB, protocol: "sctp" }, counts), counts);
  t.strictSame(countsFor({ ...WEB, protocol: "udp" }, counts), all);
  t.strictSame(countsFor({ fwmark: 7, family: 4 }, counts), all);
});

t.test("templates are waited for where they are honoured", async (t) => {
  const begun = startDrain({ deadline: undefined, end: "hold" }, START);
  t.match(run(begun, counted(0, 3)), { name: "draining", left: 3 });
  const over = emptied(begun, counted(0, 3, false));
  t.equal(over.name, "drained");
  t.equal(drainedWeight(over), 0, "held as it is");
});

t.test("one that is held goes on being counted, and drains again when somebody comes", async (t) => {
  const order = { deadline: seconds(60), end: "hold" } as const;
  const over = emptied(startDrain(order, START), counted(0));
  t.equal(over.name, "drained");
  t.ok(isCounted(over));
  t.equal(step(over, counted(0), LATER), over);
  t.equal(step(over, counted(0, 3, false), LATER), over, "templates that nobody honours are nobody");
  t.equal(step(over, { type: "uncounted" }, LATER), over);
  const again = step(over, counted(100), LATER);
  t.match(again, { name: "draining", from: 100, left: 100, deadlineAt: seconds(120) });
  t.match(step(again, counted(25), LATER), { name: "draining", left: 25 });
  t.match(emptied(again, counted(0)), { name: "drained", cause: "empty" });
});

t.test("one that is over for another reason is not counted any more", async (t) => {
  const begun = startDrain({ deadline: seconds(60), end: "hold" }, START);
  const late = step(run(begun, counted(8)), { type: "deadline" }, LATER);
  t.notOk(isCounted(late));
  t.equal(step(late, counted(9), LATER), late, "at the deadline some were left, as was asked for");
  const gone = emptied(startDrain({ deadline: undefined, end: "remove" }, START), counted(0));
  t.notOk(isCounted(gone));
  t.ok(isCounted(begun));
});

t.test("while nobody can count, it is not known that nobody is left", async (t) => {
  const begun = startDrain({ deadline: undefined, end: "remove" }, START);
  t.equal(step(begun, { type: "uncounted" }, START), begun);
  const empty = step(begun, counted(0), START);
  const blind = step(empty, { type: "uncounted" }, after(START, seconds(1)));
  t.match(step(blind, counted(0), LATER), { name: "draining" }, "the two seconds begin anew");
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
      let [now, empty] = [START, 0];
      for (const [active, persistent, honoured] of counts) {
        state = step(state, counted(active, persistent, honoured), now);
        const part = progress(state) ?? 0;
        assert.ok(part >= 0 && part <= 1);
        empty = active + (honoured ? persistent : 0) === 0 ? empty + 1 : 0;
        if (state.name === "drained") return assert.ok(empty >= 3);
        assert.ok(empty < 3);
        now = after(now, seconds(1));
      }
    }),
  );
});
