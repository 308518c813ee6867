/** Goal: the number that a tracked file begins with. Method: texts, and what an operator would say is in them. */

import t from "tap";
import { fileValue } from "../../../src/core/track/file-value.ts";

t.test("a whole number at the beginning, or none", (t) => {
  const cases: readonly [string, number | undefined][] = [
    ["0\n", 0],
    ["-0\n", 0],
    ["17", 17],
    ["  -20 because of the backup\n", -20],
    ["+5\n", 5],
    ["99999999999\n", 2_147_483_647],
    ["-99999999999\n", -2_147_483_647],
    ["", undefined],
    ["\n", undefined],
    ["up\n", undefined],
    ["1.5\n", undefined],
    ["--1", undefined],
    ["9".repeat(100), undefined],
  ];
  for (const [text, expected] of cases) t.equal(fileValue(text), expected, JSON.stringify(text));
  t.end();
});
