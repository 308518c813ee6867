/**
 * Goal: vrrp_startup_delay keeps a router deaf and mute for so long. Method: one fact a test; priority 100, 1 s.
 */

import t from "tap";
import { type Duration, seconds } from "../../../src/core/units/time.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import { Story } from "./story.ts";

function delayed(
  delay: Duration,
  changes: Partial<VirtualRouter> = {},
  faults: readonly string[] = [],
): Story {
  const story = new Story(changes);
  t.same(story.give(0, { type: "startup", faults, resume: false, delay }), []);
  return story;
}

t.test("it is in init until then, whatever it hears, and then waits as always", (t) => {
  const story = delayed(seconds(10));
  t.equal(story.due, 10);
  t.same(story.hear(1), []);
  t.same(story.wake(9.999), []);
  t.equal(story.state.name, "init");
  t.same(story.wake(10), ["init -> backup (startup)"]);
  t.equal(story.due, 13.609_375);
  t.end();
});

t.test("an owner, too", (t) => {
  const story = delayed(seconds(10), { priority: 255 });
  t.same(story.wake(9), []);
  t.match(story.wake(10).at(-1), "init -> master (owner)");
  t.end();
});

t.test("faults that come and go meanwhile are those that it starts with", (t) => {
  const story = delayed(seconds(10), {}, ["x"]);
  story.give(1, { type: "fault-raised", fault: "y" });
  story.give(2, { type: "fault-cleared", fault: "x" });
  t.same(story.wake(10), ["init -> fault (fault: y)"]);
  const clean = delayed(seconds(10), {}, ["x"]);
  clean.give(2, { type: "fault-cleared", fault: "x" });
  t.same(clean.wake(10), ["init -> backup (startup)"]);
  t.end();
});

t.test("a shutdown before the start says nothing", (t) => {
  const story = delayed(seconds(10));
  t.same(story.give(1, { type: "shutdown" }), []);
  t.equal(story.due, undefined);
  t.end();
});
