/** Goal: one unit inside, microseconds, whatever comes in. Method: values by hand. */

import t from "tap";
import {
  after,
  between,
  centiseconds,
  earliest,
  type Instant,
  microseconds,
  milliseconds,
  seconds,
  START,
  toMilliseconds,
  toSeconds,
  ZERO,
} from "../../../src/core/units/time.ts";

const at = (us: number) => us as Instant;

t.test("a second is a million microseconds, a centisecond ten thousand, a millisecond a thousand", (t) => {
  t.equal(seconds(1), 1_000_000);
  t.equal(centiseconds(1), 10_000);
  t.equal(milliseconds(1), 1_000);
  t.equal(microseconds(1), 1);
  t.equal(ZERO, 0);
  t.end();
});

t.test("fractions are rounded to a whole microsecond", (t) => {
  t.equal(seconds(0.1), 100_000);
  t.equal(seconds(1.000_000_6), 1_000_001);
  t.equal(milliseconds(0.000_4), 0);
  t.equal(seconds(0.07), 70_000, "though 0.07 * 1000000 is 70000.00000000001");
  t.end();
});

t.test("and back, with a fraction", (t) => {
  t.equal(toSeconds(milliseconds(1_500)), 1.5);
  t.equal(toMilliseconds(microseconds(2_500)), 2.5);
  t.end();
});

t.test("instants are moved and compared", (t) => {
  t.equal(after(START, seconds(3)), 3_000_000);
  t.equal(between(at(10), at(25)), 15);
  t.equal(between(at(25), at(10)), -15);
  t.end();
});

t.test("the earliest leaves out what is not set; of nothing there is none", (t) => {
  t.equal(earliest(at(5), undefined, at(3), at(9)), 3);
  t.equal(earliest(undefined, at(0)), 0, "zero is an instant, too");
  t.equal(earliest(undefined), undefined);
  t.equal(earliest(), undefined);
  t.end();
});
