/**
 * Any text at all. Goal: reading never throws, and gives a configuration exactly when it gives no error. Method: random
 * text, random text of YAML's own characters, and good files with pieces cut out, doubled or replaced; fast-check
 * prints seed and counterexample.
 */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { read } from "./reading.ts";

const SAMPLE = readFileSync("etc/relevo.yaml", "utf8").replaceAll(/^ *#.*\n/gm, "");

const PIECES = [
  "\n",
  "\n  ",
  "\n    - ",
  ": ",
  "- ",
  "? ",
  "{",
  "}",
  "[",
  "]",
  ",",
  '"',
  "'",
  "#",
  "|",
  ">",
  "&a ",
  "*a",
  "<<: *a",
  "!!map ",
  "!x ",
  "%YAML 1.1\n",
  "---\n",
  "...\n",
  "\t",
  "\0",
  "\uFEFF",
  "\uD800",
  "null",
  "~",
  "true",
  "1e400",
  "-1",
  ".nan",
  "0x7f",
  "1.5s",
  "192.0.2.100/24",
  "eth0",
  "global_defs",
  "metrics",
  "directors",
  "lvs1",
  "priority",
  "addresses",
  "heartbeat",
  "key_file",
  "vrrp_instances",
  "interface",
  "virtual_router_id",
  "virtual_ipaddress",
  "advert_int",
  "virtual_servers",
  "address",
  "port",
  "real_servers",
  "checks",
  "tcp",
  "send_expect",
  "expect",
  "script",
  "command",
  "__proto__",
  "constructor",
]; // prettier-ignore

function holds(text: string): boolean {
  const { config, diagnostics } = read(text);
  const failed = diagnostics.some(({ severity }) => severity === "error");
  const placed = diagnostics.every(({ line, column }) => line >= 1 && column >= 1);
  return placed && failed === (config === undefined);
}

t.test("random text", (t) => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), holds), { numRuns: 500 });
  t.pass();
  t.end();
});

t.test("random pieces of YAML and of our own vocabulary", (t) => {
  const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(""));
  fc.assert(fc.property(text, holds), { numRuns: 2_000 });
  t.pass();
  t.end();
});

t.test("a good file with a piece of it replaced", (t) => {
  const place = fc.nat(SAMPLE.length);
  const damage = fc.tuple(
    place,
    fc.nat(30),
    fc.oneof(fc.constantFrom("", ...PIECES), fc.string({ maxLength: 4 })),
  );
  const property = fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
    let text = SAMPLE;
    for (const [at, length, piece] of damages) text = text.slice(0, at) + piece + text.slice(at + length);
    return holds(text);
  });
  fc.assert(property, { numRuns: 500 });
  t.pass();
  t.end();
});

t.test("any JSON value in the place of any other", (t) => {
  const key = fc.constantFrom("global_defs", "metrics", "directors", "vrrp_instances", "virtual_servers");
  const property = fc.property(key, fc.jsonValue(), (name, value) =>
    holds(JSON.stringify({ [name]: value })),
  );
  fc.assert(property, { numRuns: 500 });
  t.pass();
  t.end();
});
