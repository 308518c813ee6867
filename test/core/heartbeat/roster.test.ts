/** Goal: changes go first and three times, the others in turn. Method: small rosters and small rooms. */

import t from "tap";
import {
  afterRound,
  changedInstances,
  EMPTY_ROSTER,
  type LocalInstance,
  localInstance,
  type Roster,
  takePart,
  update,
} from "../../../src/core/heartbeat/roster.ts";
import { type Instant, milliseconds, seconds } from "../../../src/core/units/time.ts";
import type { InstanceState } from "../../../src/core/wire/heartbeat.ts";

const ms = (count: number): Instant => (count * 1_000) as Instant;

function instance(
  id: number,
  state: InstanceState = "backup",
  changes: Partial<LocalInstance> = {},
): LocalInstance {
  return {
    id,
    state,
    priority: 100,
    advertInterval: seconds(1),
    primary: undefined,
    group: undefined,
    addresses: 1,
    ...changes,
  };
}

/** Three rounds later nothing is new any more. */
function settled(instances: readonly LocalInstance[]): Roster {
  let roster = update(EMPTY_ROSTER, instances, ms(0));
  for (let round = 0; round < 3; round += 1) roster = afterRound(roster, changedInstances(roster));
  return roster;
}

const FIVE = [5, 3, 1, 4, 2].map((id) => instance(id));

t.test("what has changed goes out in three rounds", (t) => {
  let roster = update(settled(FIVE), [...FIVE.slice(0, 4), instance(2, "master")], ms(7));
  for (let round = 0; round < 3; round += 1) {
    t.same(changedInstances(roster), [2]);
    roster = afterRound(roster, changedInstances(roster));
  }
  t.same(changedInstances(roster), []);
  t.end();
});

t.test("the latest change goes first", (t) => {
  const once = update(settled(FIVE), [...FIVE.slice(0, 4), instance(2, "master")], ms(1));
  const roster = afterRound(once, [2]);
  const twice = update(roster, [instance(5, "fault"), ...FIVE.slice(1, 4), instance(2, "master")], ms(2));
  t.same(changedInstances(twice), [5, 2]);
  t.end();
});

t.test("the others take turns, in the order of their ids", (t) => {
  let roster = settled(FIVE);
  const heard: number[][] = [];
  for (let count = 0; count < 3; count += 1) {
    const taken = takePart(roster, [], 2, ms(0));
    heard.push([taken.part.first, ...taken.part.entries.map(({ id }) => id)]);
    roster = taken.roster;
  }
  t.same(heard, [
    [0, 1, 2],
    [2, 3, 4],
    [4, 5, 1],
  ]);
  t.end();
});

t.test("behind what has changed, no entry stands twice", (t) => {
  const { part } = takePart(settled(FIVE), [2], 9, ms(0));
  t.same(
    part.entries.map(({ id }) => id),
    [2, 1, 3, 4, 5],
  );
  t.match(part, { total: 5, changed: 1, first: 0 });
  t.end();
});

t.test("no room, no entries", (t) => {
  t.match(takePart(settled(FIVE), [2], 0, ms(0)).part, { total: 5, changed: 0, entries: [] });
  t.match(takePart(EMPTY_ROSTER, [], 9, ms(0)).part, { total: 0, changed: 0, entries: [] });
  t.end();
});

t.test("an age counts from the state's begin; another priority does not end a state", (t) => {
  const begun = update(EMPTY_ROSTER, [instance(1, "master")], ms(100));
  const roster = update(begun, [instance(1, "master", { priority: 90 })], ms(400));
  t.same(takePart(roster, [], 9, ms(1_100)).part.entries, [
    {
      id: 1,
      state: "master",
      priority: 90,
      advertInterval: seconds(1),
      age: milliseconds(1_000),
      primary: undefined,
    },
  ]);
  t.equal(localInstance(roster, 1)?.since, ms(100));
  t.equal(localInstance(roster, 2), undefined);
  t.end();
});

t.test("the same list again is the same roster; other instances are another edition", (t) => {
  const roster = settled(FIVE);
  t.equal(update(roster, FIVE.toReversed(), ms(9)), roster);
  const fewer = update(roster, FIVE.slice(1), ms(9));
  t.not(fewer.edition, roster.edition);
  t.equal(update(roster, [...FIVE.slice(0, 4), instance(2, "fault")], ms(9)).edition, roster.edition);
  t.end();
});
