/**
 * Goal: a claim by another machine is a conflict for a master that has been one for a second, and for nobody else. Method:
 * states and times by hand.
 */

import t from "tap";
import { after, milliseconds, seconds, START } from "../../../src/core/units/time.ts";
import type { Mac } from "../../../src/core/units/mac.ts";
import { isConflict } from "../../../src/core/vrrp/conflict.ts";
import type { State } from "../../../src/core/vrrp/state.ts";
import { Story } from "./story.ts";

const mac = (last: number) => Uint8Array.of(2, 0, 0, 0, 0, last) as Mac;
const OWN = [mac(1), mac(2)];
const MASTER = Story.master().state as State & { name: "master" };
const at = (count: number) => after(START, seconds(count));

t.test("a master of more than a second", (t) => {
  t.equal(isConflict(mac(3), OWN, MASTER, at(10), at(11)), true);
  t.equal(isConflict(mac(3), OWN, MASTER, at(10), at(10.999)), false, "it may still hear the old one");
  t.equal(isConflict(mac(3), OWN, MASTER, undefined, at(11)), false, "it is only about to be one");
  for (const own of OWN) t.equal(isConflict(own, OWN, MASTER, at(10), at(11)), false, "it hears itself");
  const fault = new Story();
  fault.give(0, { type: "startup", faults: ["eth0 is down"], resume: false });
  for (const { state } of [new Story(), Story.backup(), fault])
    t.equal(isConflict(mac(3), OWN, state, at(10), at(11)), false, state.name);
  t.end();
});

t.test("a handover is none, for either, and one that came to nothing may end in one", (t) => {
  const until = after(at(11), milliseconds(50));
  const giver = { ...MASTER, mute: true, deafUntil: until };
  t.equal(isConflict(mac(3), OWN, giver, at(1), at(11)), false);
  t.equal(isConflict(mac(3), OWN, giver, at(1), at(12)), false, "it has not gone on yet");
  t.equal(isConflict(mac(3), OWN, { ...giver, mute: false }, at(1), at(11)), false, "it takes");
  t.equal(isConflict(mac(3), OWN, { ...giver, mute: false }, at(1), until), true);
  t.end();
});
