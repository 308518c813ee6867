/**
 * Goal: a router that lacks something lets go, stays away for as long as anything is missing, and comes back as a backup
 * with a full wait. Method: one fact a test; priority 100, 1 s, so a full wait is 3.609375 s.
 */

import t from "tap";
import { Story } from "./story.ts";

const raised = (fault: string) => ({ type: "fault-raised", fault }) as const;
const cleared = (fault: string) => ({ type: "fault-cleared", fault }) as const;

t.test("a master with a fault lets go: gone before told", (t) => {
  const story = Story.master();
  t.same(story.give(1, raised("interface eth0 is down")), [
    "remove 192.0.2.100 eth0",
    "advert of priority 0",
    "master -> fault (fault: interface eth0 is down)",
  ]);
  t.equal(story.due, undefined);
  t.end();
});

t.test("a backup with a fault stops waiting", (t) => {
  const story = Story.backup();
  t.same(story.give(1, raised("interface eth0 is down")), [
    "backup -> fault (fault: interface eth0 is down)",
  ]);
  t.equal(story.due, undefined);
  t.same(story.wake(100), []);
  t.end();
});

t.test("what is missing at the start keeps it from starting, even where it could resume", (t) => {
  for (const resume of [false, true]) {
    const story = new Story();
    t.same(story.give(0, { type: "startup", faults: ["interface eth0 is missing", "x"], resume }), [
      "init -> fault (fault: interface eth0 is missing, x)",
    ]);
    t.equal(story.due, undefined);
  }
  t.end();
});

t.test("in fault no advert counts", (t) => {
  const story = Story.backup();
  story.give(1, raised("x"));
  const before = story.state;
  for (const priority of [0, 1, 100, 255]) t.same(story.hear(2, { priority }), []);
  t.same(story.state, before);
  t.end();
});

t.test("faults are a set: the last one that goes ends it, and each counts once", (t) => {
  const story = Story.backup();
  story.give(1, raised("x"));
  t.same(story.give(2, raised("y")), []);
  t.same(story.give(2, raised("y")), []);
  t.match(story.state, { faults: ["x", "y"] });
  t.same(story.give(3, cleared("y")), []);
  t.same(story.give(4, cleared("y")), [], "gone already");
  t.same(story.give(4, cleared("z")), [], "never there");
  t.equal(story.state.name, "fault");
  t.same(story.give(5, cleared("x")), ["fault -> backup (fault-cleared)"]);
  t.end();
});

t.test("it returns as backup with a full wait, whatever it was before", (t) => {
  for (const story of [Story.backup(), Story.master()]) {
    story.give(1, raised("x"));
    story.give(10, cleared("x"));
    t.equal(story.due, 13.609_375);
  }
  t.end();
});

t.test("an owner that has everything again is master at once", (t) => {
  const story = Story.master({ priority: 255 });
  story.give(1, raised("x"));
  t.same(story.give(2, cleared("x")), [
    "advert",
    "add 192.0.2.100 eth0",
    "announce 192.0.2.100 eth0 x5",
    "fault -> master (owner)",
  ]);
  t.end();
});

t.test("an address that the kernel refuses is a fault of ten seconds", (t) => {
  const story = Story.master();
  t.same(story.give(1, { type: "address-refused" }), [
    "remove 192.0.2.100 eth0",
    "advert of priority 0",
    "master -> fault (fault: address refused)",
  ]);
  t.equal(story.due, 11);
  t.same(story.wake(10.999_999), []);
  t.same(story.wake(11), ["fault -> backup (fault-cleared)"]);
  t.equal(story.due, 14.609_375);
  t.end();
});

t.test("while another fault lasts, the refusal is forgotten but the router stays away", (t) => {
  const story = Story.master();
  story.give(1, { type: "address-refused" });
  story.give(2, raised("x"));
  t.equal(story.due, 11, "the retry is not lost");
  t.same(story.wake(11), []);
  t.equal(story.due, undefined);
  t.same(story.give(20, cleared("x")), ["fault -> backup (fault-cleared)"]);
  t.end();
});

t.test("a refusal that is told in fault has its ten seconds, too", (t) => {
  const story = Story.master();
  story.give(1, raised("x"));
  t.same(story.give(2, { type: "address-refused" }), []);
  t.same(story.give(3, cleared("x")), []);
  t.equal(story.due, 12);
  t.same(story.wake(12), ["fault -> backup (fault-cleared)"]);
  t.end();
});

t.test("reconfigured in fault: nothing is done, and the new priority holds on return", (t) => {
  const story = Story.backup();
  story.give(1, raised("x"));
  t.same(story.change(2, { priority: 228 }), []);
  story.give(3, cleared("x"));
  // 3 s + 28 / 256 s
  t.equal(story.due, 6.109_375);
  t.end();
});

t.test("shutdown in fault: there is nothing to let go of", (t) => {
  const story = Story.backup();
  story.give(1, raised("x"));
  t.same(story.give(2, { type: "shutdown" }), ["fault -> init (shutdown)"]);
  t.end();
});
