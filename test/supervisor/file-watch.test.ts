/**
 * Goal: the number in a tracked file is known soon after each change, however it is changed. Method: a real directory, and
 * the findings as they are told.
 */

import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { Finding } from "../../src/core/track/model.ts";
import { FileWatch } from "../../src/supervisor/file-watch.ts";
import { FindingBook } from "../../src/supervisor/findings.ts";
import { type Stage, until } from "../net/namespace.ts";

interface Desk {
  readonly watch: FileWatch;
  readonly book: FindingBook;
  readonly told: Finding[];
  /** The last number that was told. */
  readonly last: () => unknown;
}

function desk(t: Stage): Desk {
  const told: Finding[] = [];
  const book = new FindingBook((finding) => told.push(finding));
  const watch = new FileWatch(book);
  t.teardown(() => watch.close());
  return { watch, book, told, last: () => told.at(-1)?.verdict };
}

t.test("written, replaced, deleted, made again", async (t) => {
  const directory = t.testdir({ load: "5\n" });
  const path = join(directory, "load");
  const { watch, told, last } = desk(t);
  await watch.configure([{ name: "load", path, initial: 7 }]);
  t.match(told, [{ kind: "file", object: "load", verdict: 5, detail: `${path} says 5` }], "not overwritten");

  writeFileSync(path, "6\n");
  await until("it was written", () => last() === 6);
  writeFileSync(join(directory, "new"), "-7\n");
  renameSync(join(directory, "new"), path);
  await until("it was replaced", () => last() === -7);
  rmSync(path);
  await until("it was deleted", () => last() === 0);
  t.match(told.at(-1)?.detail, /cannot be read: ENOENT/);
  writeFileSync(path, "8\n");
  await until("it was made again", () => last() === 8);
  t.same(
    told.map(({ verdict }) => verdict),
    [5, 6, -7, 0, 8],
    "nothing in between, and nothing twice",
  );
});

t.test("a file that is emptied and then written is never without a number", async (t) => {
  const path = join(t.testdir({ load: "5\n" }), "load");
  const { watch, told, last } = desk(t);
  await watch.configure([{ name: "load", path, initial: undefined }]);
  writeFileSync(path, "");
  await sleep(5);
  appendFileSync(path, "6\n");
  await until("the new number is known", () => last() === 6);
  t.same(
    told.map(({ verdict }) => verdict),
    [5, 6],
  );
  writeFileSync(path, "down\n");
  await until("it has no number for good", () => last() === 0);
  t.match(told.at(-1)?.detail, /has no number in it/);
});

t.test("init_file makes the file", async (t) => {
  const path = join(t.testdir({}), "load");
  const { watch, last } = desk(t);
  await watch.configure([{ name: "load", path, initial: -3 }]);
  t.equal(readFileSync(path, "utf8"), "-3\n");
  t.equal(last(), -3);
});

t.test("a directory that comes later, goes, and comes again", async (t) => {
  const directory = join(t.testdir({}), "later");
  const path = join(directory, "load");
  const { watch, last } = desk(t);
  await watch.configure([{ name: "load", path, initial: undefined }]);
  t.equal(last(), 0);
  for (const value of [4, 9]) {
    mkdirSync(directory);
    writeFileSync(path, `${value}\n`);
    await until("it was found", () => last() === value);
    writeFileSync(path, `${value + 1}\n`);
    await until("and is watched", () => last() === value + 1);
    rmSync(directory, { recursive: true });
    await until("it is gone", () => last() === 0);
  }
});

t.test(
  "another configuration: what is the same goes on, what is not there any more is forgotten",
  async (t) => {
    const directory = t.testdir({ a: "1\n", b: "2\n" });
    const file = (name: string) => ({ name, path: join(directory, name), initial: undefined });
    const { watch, book, told } = desk(t);
    await watch.configure([file("a"), file("b")]);
    await watch.configure([file("b")]);
    t.match(book.all, [{ object: "b", verdict: 2 }]);
    const before = told.length;
    writeFileSync(join(directory, "a"), "5\n");
    writeFileSync(join(directory, "b"), "6\n");
    await until("b is watched still", () => told.at(-1)?.verdict === 6);
    t.equal(told.length, before + 1, "a is not");
  },
);
