/**
 * Files on the disk. Goal: a file that cannot be had is told like any other fault.
 */

import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { formatDiagnostic } from "../../src/config/diagnostic.ts";
import { loadConfig } from "../../src/config/load.ts";
import { instance, MACHINE } from "./reading.ts";

const directory = t.testdir();
const place = (name: string): string => join(directory, name);

function load(path: string): string[] {
  const { diagnostics } = loadConfig(path, { hostname: "lvs1", environment: MACHINE });
  return diagnostics.map((diagnostic) => formatDiagnostic("f", diagnostic));
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(place(name), content);
  return place(name);
}

t.test("a good file is read", (t) => {
  const path = file("good.yaml", instance());
  t.equal(loadConfig(path, { hostname: "x", environment: MACHINE }).config?.failover.routers.length, 1);
  t.strictSame(load(path), []);
  t.strictSame(load(file("bom.yaml", `\uFEFF${instance()}`)), []);
  t.end();
});

t.test("a file that cannot be read is told", (t) => {
  t.strictSame(load(place("none.yaml")), [
    "f:1:1: error: the file cannot be read: there is none [file-unreadable]",
  ]);
  t.match(load(directory), [/the file is no regular file \[file-unreadable\]/]);
  t.match(load("/dev/zero"), [/no regular file/]);
  t.match(load(join(file("a", ""), "b")), [/cannot be read: ENOTDIR/]);
  t.match(load("a\0b"), [/file-unreadable/]);
  t.end();
});

t.test("a file that is no text is told", (t) => {
  t.match(load(file("latin1.yaml", Buffer.from("# größe\n", "latin1"))), [
    /is not UTF-8 text.* \[file-not-utf8\]/,
  ]);
  t.match(load(file("empty.yaml", "")), [/there is nothing in it \[file-empty\]/]);
  t.match(load(file("large.yaml", " ".repeat(5_000_000))), [
    /has 5000000 bytes, more than .* \[file-too-large\]/,
  ]);
  t.end();
});

t.test(
  "a file without permission is told",
  { skip: process.getuid?.() === 0 ? "root may read anything" : false },
  (t) => {
    const path = file("closed.yaml", instance());
    chmodSync(path, 0);
    t.match(load(path), [/cannot be read: permission denied/]);
    t.end();
  },
);

t.test("a pipe can be read, as the shell's <( ) makes one", (t) => {
  // The writer waits for a reader, so it cannot be this process.
  const script = 'mkfifo "$1"; cat "$2" > "$1" &';
  const args = ["-c", script, "sh", place("pipe"), file("good.yaml", instance())];
  execFileSync("/bin/sh", args, { stdio: "ignore" });
  t.strictSame(load(place("pipe")), []);
  t.end();
});
