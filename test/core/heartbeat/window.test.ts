/** Goal: a number counts once, in any order within 64 (RFC 4303 §3.4.3). Method: numbers at the window's edges; any order. */

import fc from "fast-check";
import t from "tap";
import {
  EMPTY_WINDOW,
  seenBefore,
  type Window,
  windowAfter,
  withSequence,
} from "../../../src/core/heartbeat/window.ts";

/** What is said to each number in turn. */
function judged(numbers: readonly number[], start = EMPTY_WINDOW): (string | undefined)[] {
  let window: Window = start;
  return numbers.map((number) => {
    const verdict = seenBefore(window, number);
    if (verdict === undefined) window = withSequence(window, number);
    return verdict;
  });
}

t.test("numbers start at 1", (t) => {
  t.same(judged([0, 1, 0, 1, 2]), ["replayed", undefined, "replayed", "replayed", undefined]);
  t.end();
});

t.test("within 64 of the highest a late one counts, once", (t) => {
  t.same(judged([100, 37, 37, 36, 100]), [undefined, undefined, "replayed", "too-old", "replayed"]);
  t.same(judged([100, 163, 100, 99]), [undefined, undefined, "replayed", "too-old"]);
  t.same(judged([100, 164, 100, 101]), [undefined, undefined, "too-old", undefined]);
  t.end();
});

t.test("a leap forward forgets what was there", (t) => {
  t.same(judged([1, 2, 1_000_000, 999_999, 999_937, 2]), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    "too-old",
  ]);
  t.end();
});

t.test("numbers of 48 bits", (t) => {
  const most = 2 ** 48 - 1;
  t.same(judged([most - 1, most, most - 1, 1]), [undefined, undefined, "replayed", "too-old"]);
  t.end();
});

t.test("a window that begins after a number takes none up to it", (t) => {
  t.same(judged([50, 1, 20, 51, 51], windowAfter(50)), [
    "replayed",
    "replayed",
    "replayed",
    undefined,
    "replayed",
  ]);
  t.end();
});

t.test("in any order: no number twice, and none lost that is within reach", (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 100 }), (numbers) => {
      const counted = new Set<number>();
      let highest = 0;
      const verdicts = judged(numbers);
      return numbers.every((number, index) => {
        const expected = number <= highest - 64 ? "too-old" : counted.has(number) ? "replayed" : undefined;
        if (expected === undefined) counted.add(number);
        highest = Math.max(highest, number);
        return verdicts[index] === expected;
      });
    }),
  );
  t.end();
});
