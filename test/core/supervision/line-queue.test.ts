/**
 * Goal: lines keep their order, and the oldest make room. Method: one more than fit, by hand.
 */

import t from "tap";
import {
  LINES_MAX,
  type LineQueue,
  NO_LINES,
  put,
  written,
} from "../../../src/core/supervision/line-queue.ts";

t.test("first in, first out", (t) => {
  const { queue, dropped } = put(put(NO_LINES, "a\n").queue, "b\n");
  t.same(queue.lines, ["a\n", "b\n"]);
  t.equal(dropped, 0);
  t.same(written(queue).lines, ["b\n"]);
  t.end();
});

t.test("when full, the oldest line goes and is counted", (t) => {
  let queue: LineQueue = NO_LINES;
  for (let count = 0; count < LINES_MAX; count += 1) queue = put(queue, `${count}`).queue;
  t.equal(queue.lines.length, 1_000);
  const next = put(queue, "last");
  t.equal(next.dropped, 1);
  t.same([next.queue.lines.length, next.queue.lines[0], next.queue.lines.at(-1)], [1_000, "1", "last"]);
  t.end();
});
