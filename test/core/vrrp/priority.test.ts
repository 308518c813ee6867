/**
 * Goal: what a router tracks changes its priority wherever it counts, and never an owner's. Method: one fact a test;
 * version 3, priority 100, 1 s, so a full wait is 3 s + 156/256 s = 3.609375 s; at priority 50 it is 3 s + 206/256 s =
 * 3.8046875 s, rounded to 3.804688 s.
 */

import t from "tap";
import { seconds } from "../../../src/core/units/time.ts";
import { effectivePriority } from "../../../src/core/vrrp/priority.ts";
import { Story } from "./story.ts";

const raised = { type: "fault-raised", fault: "x" } as const;
const cleared = { type: "fault-cleared", fault: "x" } as const;

t.test("it stays within 1..254, and an owner's is its own", (t) => {
  t.equal(effectivePriority({ priority: 100 }, 0), 100);
  t.equal(effectivePriority({ priority: 100 }, 20), 120);
  t.equal(effectivePriority({ priority: 100 }, -253), 1);
  t.equal(effectivePriority({ priority: 100 }, 253), 254, "nobody becomes an owner");
  t.equal(effectivePriority({ priority: 255 }, -100), 255);
  t.equal(effectivePriority({ priority: 255 }, 100), 255);
  t.end();
});

t.test("a backup's running wait is shifted by the difference, either way", (t) => {
  const story = Story.backup();
  t.equal(story.due, 3.609_375);
  t.same(story.adjust(2, -50), []);
  t.equal(story.due, 3.804_688);
  t.same(story.adjust(3, 0), []);
  t.equal(story.due, 3.609_375, "not started anew");
  // 254: 2 / 256 s of skew instead of 156 / 256 s.
  story.adjust(3, 200);
  t.equal(story.due, 3.007_813);
  t.end();
});

t.test("the shift goes by the master's interval in version 3, by seconds in version 2", (t) => {
  const third = Story.backup();
  third.hear(1, { advertInterval: seconds(2) });
  // 1 s + 6 s + 2 * 156 / 256 s
  t.equal(third.due, 8.218_75);
  third.adjust(2, -50);
  t.equal(third.due, 8.609_375);

  const second = Story.backup({ version: 2, advertInterval: seconds(2) });
  t.equal(second.due, 6.609_375);
  second.adjust(2, -50);
  t.equal(second.due, 6.804_688);
  t.end();
});

t.test(
  "the new priority holds for every later wait: after an advert, after a resignation, after a fault",
  (t) => {
    const story = Story.backup();
    story.adjust(0, -50);
    story.hear(1);
    t.equal(story.due, 4.804_688);
    story.hear(2, { priority: 0 });
    t.equal(story.due, 2.804_688);
    story.give(3, raised);
    story.give(4, cleared);
    t.equal(story.due, 7.804_688);
    t.end();
  },
);

t.test("a backup compares a master's priority with the effective one", (t) => {
  const story = Story.backup();
  story.hear(1, { priority: 90 });
  t.equal(story.due, 3.609_375, "a lesser master's advert does not count");
  story.adjust(1, -20);
  story.hear(2, { priority: 90 });
  t.equal(story.due, 2 + 3 + 0.6875, "a better one's does: 176 / 256 s of skew");
  t.end();
});

t.test("a master yields to what was a lesser router before", (t) => {
  const story = Story.master();
  t.same(story.hear(1, { priority: 90 }), ["advert", "announce 192.0.2.100 eth0 x5"]);
  t.same(story.adjust(2, -20), [], "the next advert says it");
  t.same(story.hear(3, { priority: 90 }), [
    "remove 192.0.2.100 eth0",
    "last advert",
    "master -> backup (higher-priority: 192.0.2.11)",
  ]);
  t.end();
});

t.test("a master keeps its cadence", (t) => {
  const story = Story.master();
  const { due } = story;
  story.adjust(0.5, -20);
  story.adjust(0.6, 20);
  t.equal(story.due, due);
  t.end();
});

t.test("nothing adjusted makes an owner give way", (t) => {
  const story = Story.master({ priority: 255 });
  story.adjust(1, -253);
  t.same(story.hear(2, { priority: 254 }), ["advert", "announce 192.0.2.100 eth0 x5"]);
  t.end();
});

t.test("a changed priority in the file and an adjustment add up", (t) => {
  const story = Story.backup();
  story.adjust(0, -50);
  story.change(1, { priority: 150 });
  t.equal(story.due, 3.609_375, "150 - 50");
  t.end();
});

t.test("in fault and before the start it changes nothing at once", (t) => {
  const fresh = new Story();
  t.same(fresh.adjust(0, -20), []);
  const story = Story.backup();
  story.give(1, raised);
  t.same(story.adjust(2, -20), []);
  t.equal(story.due, undefined);
  t.end();
});
