/**
 * Goal: `interval`, `rise` and `fall` mean what they say. Method: looks at instants, each with a result; every 2 s, rise 3,
 * fall 2.
 */

import t from "tap";
import {
  onDeadline,
  onResult,
  type RepeatedCheck,
  startCheck,
} from "../../../src/core/track/repeated-check.ts";
import { seconds } from "../../../src/core/units/time.ts";
import { at } from "../vrrp/story.ts";

const RHYTHM = { interval: seconds(2), rise: 3, fall: 2 };

class Looks {
  check: RepeatedCheck;

  constructor(up?: boolean) {
    this.check = startCheck(up, at(0));
  }

  /** A look from one second to another. */
  look(ok: boolean, from: number, to = from): boolean | undefined {
    const begun = onDeadline(this.check, at(from));
    if (begun === undefined) throw new Error(`not due at ${from} s`);
    this.check = onResult(begun, ok, at(to), RHYTHM);
    return this.check.up;
  }

  get due(): number | undefined {
    return this.check.dueAt === undefined ? undefined : this.check.dueAt / 1_000_000;
  }
}

t.test("the first result decides alone", (t) => {
  for (const known of [undefined, true, false]) {
    t.equal(new Looks(known).look(true, 0), true);
    t.equal(new Looks(known).look(false, 0), false);
  }
  t.equal(new Looks().check.up, undefined, "until then it is not known");
  t.equal(new Looks(false).check.up, false, "unless it is said");
  t.end();
});

t.test("then it takes fall failures in a row, and rise successes in a row", (t) => {
  const looks = new Looks();
  const results = [true, false, true, false, false, true, true, false, true, true, true];
  const verdicts = results.map((ok, index) => looks.look(ok, 2 * index));
  t.same(verdicts, [true, true, true, true, false, false, false, false, false, false, true]);
  t.end();
});

t.test("the rhythm is from start to start, and a long look delays the next", (t) => {
  const looks = new Looks();
  t.equal(looks.due, 0);
  looks.look(true, 0, 0.5);
  t.equal(looks.due, 2);
  looks.look(true, 2.25, 7);
  t.equal(looks.due, 7);
  looks.look(true, 7.1, 7.2);
  t.equal(looks.due, 9.1);
  t.end();
});

t.test("what is not expected changes nothing", (t) => {
  const { check } = new Looks();
  t.equal(onResult(check, false, at(1), RHYTHM), check, "a result of no look");
  const later = { ...check, dueAt: at(5) };
  t.equal(onDeadline(later, at(4.999_999)), undefined);
  const begun = onDeadline(later, at(5));
  t.equal(begun?.dueAt, undefined);
  t.equal(begun === undefined ? undefined : onDeadline(begun, at(6)), undefined, "one look at a time");
  t.end();
});
