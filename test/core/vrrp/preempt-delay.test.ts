/**
 * Goal: preempt_delay leaves a lesser master alone for so long from its first advert on, and down_timer_adverts sets how
 * many adverts may be missed. Method: one fact a test; we have priority 100, skew 156/256 s, and 1 s between adverts, so a
 * full wait is 3.609375 s.
 */

import t from "tap";
import { seconds, ZERO } from "../../../src/core/units/time.ts";
import { Story } from "./story.ts";

const LESSER = { priority: 50 };
const WAIT = 3.609_375;

t.test("a lesser master's adverts count as valid until the delay is over", (t) => {
  const story = Story.backup({ preemptDelay: seconds(10) });
  for (let second = 1; second < 11; second += 1) {
    t.same(story.hear(second, LESSER), []);
    t.equal(story.due, second + WAIT);
  }
  // The delay ran from second 1 to second 11.
  story.hear(11, LESSER);
  t.equal(story.due, 10 + WAIT, "from then on they touch nothing");
  story.hear(12, LESSER);
  t.equal(story.due, 10 + WAIT);
  t.match(story.wake(10 + WAIT).at(-1), "backup -> master (preempted-lower-priority: 192.0.2.11)");
  t.end();
});

t.test("an equal or a higher one cancels the delay; the next lesser one starts it anew", (t) => {
  for (const priority of [100, 150]) {
    const story = Story.backup({ preemptDelay: seconds(2) });
    story.hear(1, LESSER);
    story.hear(2, { priority });
    story.hear(2.5, LESSER);
    story.hear(4, LESSER);
    t.equal(story.due, 4 + WAIT, "the delay runs from 2.5 to 4.5");
    story.hear(4.5, LESSER);
    t.equal(story.due, 4 + WAIT);
  }
  t.end();
});

t.test("a master that dies or leaves meanwhile is followed without regard to the delay", (t) => {
  const silent = Story.backup({ preemptDelay: seconds(1000) });
  silent.hear(1, LESSER);
  t.match(silent.wake(1 + WAIT).at(-1), "backup -> master (master-down: 192.0.2.11)");
  const gone = Story.backup({ preemptDelay: seconds(1000) });
  gone.hear(1, LESSER);
  gone.hear(2, { priority: 0 });
  t.equal(gone.due, 2.609_375, "the skew");
  t.match(gone.wake(2.609_375).at(-1), "backup -> master (master-resigned: 192.0.2.11)");
  t.end();
});

t.test("the lesser master's interval is learned during the delay", (t) => {
  const story = Story.backup({ preemptDelay: seconds(60) });
  story.hear(1, { ...LESSER, advertInterval: seconds(2) });
  t.equal(story.due, 1 + 2 * WAIT);
  t.end();
});

t.test("without a delay, and with one that nopreempt makes void", (t) => {
  const atOnce = Story.backup({ preemptDelay: ZERO });
  atOnce.hear(1, LESSER);
  t.equal(atOnce.due, WAIT);
  const never = Story.backup({ preempt: false, preemptDelay: seconds(1) });
  never.hear(1, LESSER);
  never.hear(3, LESSER);
  t.equal(never.due, 3 + WAIT);
  t.end();
});

t.test("a changed delay shifts the one that runs", (t) => {
  const story = Story.backup({ preemptDelay: seconds(10) });
  story.hear(1, LESSER);
  t.same(story.change(2, { preemptDelay: seconds(3) }), []);
  story.hear(3, LESSER);
  t.equal(story.due, 3 + WAIT);
  story.hear(4, LESSER);
  t.equal(story.due, 3 + WAIT, "1 + 3 is over");
  t.end();
});

t.test("down_timer_adverts says how many adverts may be missed", (t) => {
  const story = Story.backup({ downTimerAdverts: 1 });
  t.equal(story.due, 1.609_375);
  story.hear(1);
  t.equal(story.due, 2.609_375);
  story.change(1, { downTimerAdverts: 100 });
  t.equal(story.due, 101.609_375);
  t.end();
});
