/**
 * Goal: a backup is RFC 9568 §6.4.2's (and RFC 3768's for version 2). Method: one fact a test; deadlines worked out by
 * hand: with priority 100 and 1 s a master is down after 3.609375 s, and the skew is 0.609375 s.
 */

import t from "tap";
import { centiseconds, seconds, START, ZERO } from "../../../src/core/units/time.ts";
import { at, Story } from "./story.ts";

const CLAIM = ["advert", "add 192.0.2.100 eth0", "announce 192.0.2.100 eth0 x5"];

t.test("a router starts as backup, with a full wait ahead of it", (t) => {
  const story = new Story();
  t.equal(story.due, undefined);
  t.same(story.give(10, { type: "startup", faults: [], resume: false }), ["init -> backup (startup)"]);
  t.equal(story.due, 13.609_375);
  t.end();
});

t.test("a backup takes over when the master-down deadline passes, not before", (t) => {
  const story = Story.backup();
  t.same(story.wake(3.609_374), []);
  t.equal(story.due, 3.609_375);
  t.same(story.wake(3.609_375), [...CLAIM, "backup -> master (master-down)"]);
  t.equal(story.due, 4.609_375, "the next advert is one interval away");
  t.end();
});

t.test("the higher priority is faster", (t) => {
  t.equal(Story.backup({ priority: 254 }).due, 3.007_813);
  t.equal(Story.backup({ priority: 1 }).due, 3.996_094);
  t.end();
});

t.test("version 2 has a skew of up to a second, whatever the interval", (t) => {
  t.equal(Story.backup({ version: 2, advertInterval: seconds(10) }).due, 30.609_375);
  t.equal(Story.backup({ version: 3, advertInterval: seconds(10) }).due, 36.093_75);
  t.end();
});

t.test("each advert of the master starts the wait anew", (t) => {
  const story = Story.backup();
  t.same(story.hear(3.6), []);
  t.equal(story.due, 7.209_375);
  t.same(story.wake(3.609_375), []);
  t.same(story.hear(7.2), []);
  t.same(story.wake(10.809_375), [...CLAIM, "backup -> master (master-down: 192.0.2.11)"]);
  t.end();
});

t.test("an advert of our own priority starts the wait anew, whatever its address", (t) => {
  for (const source of ["192.0.2.11", "192.0.2.13"]) {
    const story = Story.backup();
    story.hear(1, { priority: 100 }, source);
    t.equal(story.due, 4.609_375);
  }
  t.end();
});

t.test("the master's interval is learned, and the skew is made of it", (t) => {
  const story = Story.backup();
  story.hear(1, { advertInterval: centiseconds(200) });
  // 1 s + 3 * 2 s + 156 / 256 * 2 s
  t.equal(story.due, 8.218_75);
  story.hear(2, { advertInterval: centiseconds(10) });
  // 2 s + 3 * 0.1 s + 156 / 256 * 0.1 s = 2.3609375 s
  t.equal(story.due, 2.360_938);
  story.hear(2.1, { priority: 0, advertInterval: centiseconds(10) });
  // 2.1 s + 156 / 256 * 0.1 s = 2.1609375 s
  t.equal(story.due, 2.160_938, "and so is the wait after a resignation");
  t.end();
});

t.test("priority 0: the backup waits for the skew alone", (t) => {
  const story = Story.backup();
  story.hear(1);
  t.same(story.hear(2, { priority: 0 }), []);
  t.equal(story.due, 2.609_375);
  t.same(story.wake(2.609_374), []);
  t.same(story.wake(2.609_375), [...CLAIM, "backup -> master (master-resigned: 192.0.2.11)"]);
  t.end();
});

t.test("priority 0 counts also without preemption", (t) => {
  const story = Story.backup({ preempt: false });
  story.hear(2, { priority: 0 });
  t.equal(story.due, 2.609_375);
  t.end();
});

t.test("version 2: after priority 0 the skew is a part of a second, too", (t) => {
  const story = Story.backup({ version: 2, advertInterval: seconds(10) });
  story.hear(2, { version: 2, priority: 0, advertInterval: seconds(10) });
  t.equal(story.due, 2.609_375);
  t.end();
});

t.test("a master that resigned and is there again is waited for in full", (t) => {
  const story = Story.backup();
  story.hear(1, { priority: 0 });
  story.hear(1.2);
  t.equal(story.due, 4.809_375);
  t.same(story.wake(4.809_375).at(-1), "backup -> master (master-down: 192.0.2.11)");
  t.end();
});

t.test("a lesser master does not touch the wait, and is preempted at its end", (t) => {
  const story = Story.backup();
  t.same(story.hear(1, { priority: 99 }), []);
  t.same(story.hear(3, { priority: 1, advertInterval: centiseconds(1) }), []);
  t.equal(story.due, 3.609_375);
  t.same(story.wake(3.609_375), [...CLAIM, "backup -> master (preempted-lower-priority: 192.0.2.11)"]);
  t.end();
});

t.test("without preemption a lesser master is left alone for as long as it lives", (t) => {
  const story = Story.backup({ preempt: false });
  story.hear(3, { priority: 1 });
  t.equal(story.due, 6.609_375);
  t.same(story.wake(6.609_375), [...CLAIM, "backup -> master (master-down: 192.0.2.11)"]);
  t.end();
});

t.test("an owner is master at once, and waits for nobody", (t) => {
  const story = new Story({ priority: 255 });
  const done = story.give(0, { type: "startup", faults: [], resume: false });
  t.same(done, [...CLAIM, "init -> master (owner)"]);
  t.end();
});

t.test("who was master until a moment ago goes on as master", (t) => {
  const story = new Story();
  const done = story.give(0, { type: "startup", faults: [], resume: true });
  t.same(done, [...CLAIM, "init -> master (resumed)"]);
  t.end();
});

t.test("after a stall a backup that finds an advert in its queue stays backup", (t) => {
  const story = Story.backup();
  story.hear(1);
  story.hear(60);
  t.same(story.wake(60), []);
  t.equal(story.due, 63.609_375);
  t.end();
});

t.test("a backup holds nothing: shutdown says nothing to anyone", (t) => {
  const story = Story.backup();
  t.same(story.give(1, { type: "shutdown" }), ["backup -> init (shutdown)"]);
  t.equal(story.due, undefined);
  t.end();
});

t.test("reconfigured: a running wait is shifted by the change of skew, not started anew", (t) => {
  const story = Story.backup();
  story.hear(1);
  t.same(story.change(2, { priority: 164 }), []);
  // 64 / 256 s less than 4.609375 s
  t.equal(story.due, 4.359_375);
  story.change(3, { priority: 100 });
  t.equal(story.due, 4.609_375);
  for (let second = 3; second < 4.6; second += 0.1) story.change(second, { priority: 50 + second });
  story.change(4.6, { priority: 100 });
  t.ok(Math.abs((story.due ?? 0) - 4.609_375) < 0.000_1, "a change every moment keeps nobody waiting");
  t.end();
});

t.test("reconfigured: also the wait after a resignation is shifted", (t) => {
  const story = Story.backup();
  story.hear(1, { priority: 0 });
  story.change(1.1, { priority: 228 });
  // 28 / 256 s after 1 s
  t.equal(story.due, 1.109_375);
  t.end();
});

t.test("reconfigured: a shorter interval does not outrun a master that keeps its own", (t) => {
  const story = Story.backup();
  story.hear(1);
  story.change(1.5, { advertInterval: centiseconds(10) });
  t.equal(story.due, 4.609_375);
  story.hear(2);
  t.equal(story.due, 5.609_375);
  t.end();
});

t.test("reconfigured: until a master is heard, our own interval is the pace", (t) => {
  const story = Story.backup();
  story.change(0.1, { advertInterval: centiseconds(10) });
  // 0.3 s + 156 / 256 * 0.1 s = 0.3609375 s
  t.equal(story.due, 0.360_938);
  const slow = Story.backup({ version: 2 });
  slow.hear(1, { version: 2 });
  slow.change(1.5, { advertInterval: seconds(2) });
  t.equal(slow.due, 7.609_375, "version 2 has no other pace than its own: 3 s more");
  t.end();
});

t.test("reconfigured: a backup that becomes the owner is master at once", (t) => {
  const story = Story.backup();
  t.same(story.change(1, { priority: 255 }), [...CLAIM, "backup -> master (reconfigured)"]);
  t.end();
});

t.test("reconfigured: other addresses are nothing to a backup", (t) => {
  const story = Story.backup();
  t.same(story.change(1, { addresses: [] }), []);
  t.equal(story.due, 3.609_375);
  t.end();
});

t.test("the claim with refresh and second burst: what is due, and when", (t) => {
  const announcing = { delay: ZERO, repeat: 2, refresh: seconds(60), refreshRepeat: 1 };
  const story = Story.backup({ announcing });
  t.same(story.wake(4), [
    "advert",
    "add 192.0.2.100 eth0",
    "announce 192.0.2.100 eth0 x2",
    "backup -> master (master-down)",
  ]);
  t.match(story.state, { name: "master", announceAt: undefined, refreshAt: at(64) });
  t.equal(START, 0);
  t.end();
});

t.test("reconfigured: a living master that is to be left alone now is listened to anew", (t) => {
  const nopreempt = Story.backup();
  nopreempt.hear(3, { priority: 50 });
  nopreempt.change(3.1, { preempt: false });
  // 3.1 s + 3 s + 156 / 256 s
  t.equal(nopreempt.due, 6.709_375);
  const lowered = Story.backup();
  lowered.hear(3, { priority: 50 });
  lowered.change(3.1, { priority: 40 });
  // 3.1 s + 3 s + 216 / 256 s
  t.equal(lowered.due, 6.943_75);
  const raised = Story.backup();
  raised.hear(3, { priority: 50 });
  raised.change(3.1, { priority: 128 });
  t.equal(raised.due, 3.5, "who still preempts does not wait longer");
  t.end();
});
