/**
 * Goal: a claim by another machine is a conflict for a master that has been one for a second, and for nobody else. Method:
 * states and times by hand.
 */

import t from "tap";
import { after, seconds, START } from "../../../src/core/units/time.ts";
import type { Mac } from "../../../src/core/units/mac.ts";
import { isConflict } from "../../../src/core/vrrp/conflict.ts";

const mac = (last: number) => Uint8Array.of(2, 0, 0, 0, 0, last) as Mac;
const OWN = [mac(1), mac(2)];
const at = (count: number) => after(START, seconds(count));

t.test("a master of more than a second", (t) => {
  t.equal(isConflict(mac(3), OWN, "master", at(10), at(11)), true);
  t.equal(isConflict(mac(3), OWN, "master", at(10), at(10.999)), false, "it may still hear the old one");
  t.equal(isConflict(mac(3), OWN, "master", undefined, at(11)), false, "it is only about to be one");
  for (const own of OWN) t.equal(isConflict(own, OWN, "master", at(10), at(11)), false, "it hears itself");
  for (const state of ["init", "backup", "fault"] as const)
    t.equal(isConflict(mac(3), OWN, state, at(10), at(11)), false, state);
  t.end();
});
