/**
 * Goal: of two owners of the same addresses one gives way: the one of the lower address at once, the other one when it is
 * not listened to. Method: one fact a test; ours is 192.0.2.12 with 1 s, the other one 192.0.2.11 or 192.0.2.13.
 */

import t from "tap";
import { seconds } from "../../../src/core/units/time.ts";
import { asItStands } from "../../../src/core/vrrp/priority.ts";
import { contention, Story } from "./story.ts";

const [LOWER, HIGHER] = ["192.0.2.11", "192.0.2.13"];
const OWNER = { priority: 255 };
const quiet = { contention: contention({ announceRepeat: 0, lastWord: false }) };
const owner = () => Story.master({ ...OWNER, ...quiet });
const ADDRESS = "192.0.2.100 eth0";

t.test("the one of the lower address gives way at once, and waits as the best of the others", (t) => {
  const story = owner();
  t.same(story.hear(0.5, OWNER, HIGHER), [
    `remove ${ADDRESS}`,
    `master -> backup (duplicate-owner: ${HIGHER})`,
  ]);
  // 0.5 s + 3 s + 2/256 s: the skew of 254.
  t.equal(story.due, 3.507813);
  t.end();
});

t.test(
  "it stays a backup while the other one speaks, and is owner and master again when that is silent",
  (t) => {
    const story = owner();
    story.hear(0.5, OWNER, HIGHER);
    t.same(story.hear(1.5, OWNER, HIGHER), []);
    t.equal(story.due, 4.507813);
    t.same(story.wake(4.507813), [
      "advert",
      `add ${ADDRESS}`,
      `announce ${ADDRESS} x5`,
      `backup -> master (master-down: ${HIGHER})`,
    ]);
    t.equal(asItStands(story.router, story.state.name).priority, 255);
    t.end();
  },
);

t.test("the other one says that it lets go: a skew later it is master", (t) => {
  const story = owner();
  story.hear(0.5, OWNER, HIGHER);
  t.same(story.hear(1, { priority: 0 }, HIGHER), []);
  t.equal(story.due, 1.007813);
  t.end();
});

t.test("the other one is given a priority of its own: it is preempted, whatever nopreempt says", (t) => {
  const story = Story.master({ ...OWNER, ...quiet, preempt: false, preemptDelay: seconds(60) });
  story.hear(0.5, OWNER, HIGHER);
  t.same(story.hear(1.5, { priority: 254 }, HIGHER), []);
  t.equal(story.due, 4.507813, "an equal is waited for");
  t.same(story.hear(2.5, { priority: 253 }, HIGHER), []);
  t.equal(story.due, 4.507813, "a lesser one is not");
  t.end();
});

t.test("the one of the higher address answers, and waits for 2 and 1.2 intervals at least", (t) => {
  const story = owner();
  t.same(story.hear(0.5, OWNER, LOWER), ["advert"]);
  t.same(story.hear(2.699999, OWNER, LOWER), ["advert"], "within 1 and 1.2 intervals");
  t.same(story.hear(2.8, OWNER, LOWER), ["advert"], "answered once more");
  t.same(story.hear(3.799999, OWNER, LOWER), ["advert"], "within another interval");
  t.same(story.hear(3.8, OWNER, LOWER), [
    `remove ${ADDRESS}`,
    `master -> backup (duplicate-owner: ${LOWER})`,
  ]);
  t.end();
});

t.test("the longer interval of the two counts", (t) => {
  const story = owner();
  const slow = { ...OWNER, advertInterval: seconds(5) };
  story.hear(0.5, slow, LOWER);
  // 0.5 s + 1 s + 1.2 * 5 s.
  t.same(story.hear(7.4, slow, LOWER), ["advert"]);
  t.same(story.hear(7.5, slow, LOWER), ["advert"]);
  t.match(story.hear(8.5, slow, LOWER).at(-1), /duplicate-owner/);
  t.end();
});

t.test("what has queued while we stood still is answered before it counts", (t) => {
  const story = owner();
  story.hear(0.5, OWNER, LOWER);
  t.same(story.hear(4, OWNER, LOWER), ["advert"]);
  t.same(story.hear(4, OWNER, LOWER), []);
  t.same(story.hear(4.1, OWNER, LOWER), ["advert"], "its last word");
  t.equal(story.state.name, "master");
  t.end();
});

t.test("the other one has given way: one that is heard long after has its time anew", (t) => {
  const story = owner();
  story.hear(0.5, OWNER, LOWER);
  t.same(story.hear(4.9, OWNER, LOWER), ["advert"], "2.2 s and as much again have passed");
  t.same(story.hear(7.1, OWNER, LOWER), ["advert"]);
  t.match(story.hear(8.1, OWNER, LOWER).at(-1), /duplicate-owner/);
  t.end();
});

t.test("of two others it is one at a time", (t) => {
  const story = owner();
  story.hear(0.5, OWNER, LOWER);
  t.same(story.hear(2.8, OWNER, "192.0.2.10"), ["advert"]);
  t.same(story.hear(3.8, OWNER, "192.0.2.10"), ["advert"]);
  t.equal(story.state.name, "master");
  t.end();
});

t.test("reconfigured: what is an owner still is not master for that; who becomes one is", (t) => {
  const story = owner();
  story.hear(0.5, OWNER, HIGHER);
  t.same(story.change(1, { advertInterval: seconds(2) }), []);
  t.same(story.change(2, { priority: 100 }), []);
  t.match(story.change(3, OWNER).at(-1), "backup -> master (reconfigured)");
  t.end();
});

t.test("nobody else is an owner for hearing one", (t) => {
  const story = Story.master({ priority: 254, ...quiet });
  t.match(story.hear(0.5, OWNER, LOWER).at(-1), "master -> backup (higher-priority: 192.0.2.11)");
  t.end();
});
