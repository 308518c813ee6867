/**
 * The lease's sums. Goal: renewals come at each third, and what is late or over is known. Method: times by hand.
 */

import t from "tap";
import { hasRunOut, isDue, isLate, leaseFrom, lifetime, putOff } from "../../../src/core/vrrp/lease.ts";
import { after, seconds, START } from "../../../src/core/units/time.ts";

const at = (count: number) => after(START, seconds(count));

t.test("the kernel counts whole seconds: a fraction is rounded up", (t) => {
  t.same(
    [1, 1.5, 3, 3600].map((count) => lifetime(seconds(count))),
    [1, 2, 3, 3600],
  );
  t.end();
});

t.test("a lease of 3 s: renewed after 1 s, late after 2 s, over after 3 s", (t) => {
  const lease = leaseFrom(seconds(3), at(10));
  t.same(
    [10.8, 10.9, 11, 15].map((count) => isDue(lease, at(count))),
    [false, true, true, true],
  );
  t.same(
    [11, 12, 12.001].map((count) => isLate(lease, at(count))),
    [false, false, true],
  );
  t.same(
    [12.999, 13].map((count) => hasRunOut(lease, at(count))),
    [false, true],
  );
  t.end();
});

t.test("put off: due a third later, and as old as before", (t) => {
  const lease = putOff(leaseFrom(seconds(3), at(10)), at(11));
  t.equal(isDue(lease, at(11.5)), false);
  t.equal(isDue(lease, at(12)), true);
  t.equal(hasRunOut(lease, at(13)), true);
  t.end();
});
