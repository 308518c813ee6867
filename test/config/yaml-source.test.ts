/**
 * YAML with positions. Goal: every fault of the text itself is told where it is, and no text is ever thrown on or
 * brings the process down. Method: texts with faults, positions counted by hand.
 */

import t from "tap";
import { codes, complaints, instance, read } from "./reading.ts";

t.test("faults of the text are told with line and column", (t) => {
  const table: [string, string, string[]][] = [
    ["empty", "", ["1:1 error file-empty"]],
    ["only a comment", "# nothing\n", ["1:1 error file-empty"]],
    ["only a document's start", "---\n", ["1:1 error file-empty"]],
    ["two documents", "metrics: false\n---\nmetrics: false\n", ["2:1 error several-documents"]],
    ["a tab as indent", "metrics:\n\tport: 1\n", ["2:1 error yaml-syntax"]],
    ["an open quote", "metrics: 'x\n", ["2:1 error yaml-syntax"]],
    ["an open list", "a: [1,\n", ["2:1 error yaml-syntax"]],
    ["a colon too many", "metrics: a: b\n", ["1:10 error yaml-syntax"]],
    ["an unknown tag", "metrics: !secret x\n", ["1:10 error yaml-syntax"]],
    ["an alias without an anchor", "metrics: *nowhere\n", ["1:10 error yaml-syntax"]],
    ["an alias before its anchor", "metrics: *late\ndirectors: &late {}\n", ["1:10 error yaml-syntax"]],
    ["a list that contains itself", "metrics: &a [*a]\n", ["1:14 error yaml-syntax"]],
    ["a map merged into itself", "metrics: &a {<<: *a}\n", ["1:18 error yaml-syntax"]],
    ["a number merged", "metrics: { <<: 3 }\n", ["1:16 error yaml-syntax"]],
    ["a list of numbers merged", "metrics: { <<: [3] }\n", ["1:16 error yaml-syntax"]],
    ["nothing merged", "metrics: { <<: }\n", ["1:16 error yaml-syntax"]],
    ["a list as key", "? [a]\n: 1\n", ["1:3 error yaml-syntax"]],
    ["a NUL byte", "metrics: false\na: \0\n", ["2:4 error yaml-syntax"]],
  ];
  for (const [name, text, expected] of table) t.strictSame(codes(text), expected, name);
  t.end();
});

t.test("a key that is there twice is told, and the rest of the file is still looked at", (t) => {
  t.strictSame(complaints(`metrics: false\nmetrics: false\n${instance({ virtual_router_id: "0" })}`), [
    "2:1: error: this key is there already: keep one of them [duplicate-key]",
    "6:24: error: vrrp_instances.web.virtual_router_id: 0 is outside 1..255: choose a number in that range " +
      "[out-of-range]",
  ]);
  t.end();
});

t.test("a fault that came in through an alias or a merge is told where it is written", (t) => {
  const text = `virtual_servers:
  - &a { address: 192.0.2.100, port: -1 }
  - { <<: *a, lvs_sched: no }
  - *a
`;
  t.strictSame(
    codes(text).filter((code) => code.includes("error")),
    [
      "2:38 error out-of-range",
      "2:38 error out-of-range",
      "2:38 error out-of-range",
      "3:26 error unknown-value",
    ],
  );
  t.end();
});

t.test("a quoted << is a key like any other", (t) => {
  t.match(complaints('"<<": { metrics: false }\n'), [/unknown-key/]);
  t.end();
});

t.test("text nested deeper than any configuration is refused, not recursed into", (t) => {
  const deep = 100_000;
  for (const piece of ["[", "{a: ", "- ", "? "]) {
    t.match(complaints(piece.repeat(deep)), [/nested too deep \[yaml-syntax\]$/], piece);
  }
  const staircase = Array.from({ length: 400 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("");
  t.match(complaints(staircase), [/nested too deep/]);
  t.end();
});

t.test("aliases that multiply are refused", (t) => {
  const levels = ["a: &a [1, 1]"];
  for (const [outer, inner] of ["ba", "cb", "dc", "ed", "fe", "gf", "hg", "ih"]) {
    levels.push(`${outer}: &${outer} [${Array.from({ length: 10 }, () => `*${inner}`).join(", ")}]`);
  }
  t.match(complaints(`${levels.join("\n")}\n`), [/Excessive alias count/]);
  const many = Array.from({ length: 3_000 }, (_, port) => `  - { <<: *a, port: ${port + 2} }\n`).join("");
  const shared = `virtual_servers:\n  - &a { address: 192.0.2.100, port: 1 }\n${many}`;
  t.ok(read(shared).config, "while thousands of plain ones are fine");
  t.end();
});

t.test("CRLF, a byte order mark and a missing last newline do no harm", (t) => {
  t.strictSame(complaints(instance().replaceAll("\n", "\r\n")), []);
  t.strictSame(complaints(`\uFEFF${instance()}`), []);
  t.strictSame(complaints(instance().trimEnd()), []);
  t.strictSame(codes(instance({ virtual_router_id: "0" }).replaceAll("\n", "\r\n")), [
    "4:24 error out-of-range",
  ]);
  t.end();
});
