/**
 * Goal: tracked scripts run in their rhythm, and what they say is put down. Method: real programs that write down their runs
 * and do what a file tells them.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { Finding, TrackedScript } from "../../src/core/track/model.ts";
import { milliseconds, seconds } from "../../src/core/units/time.ts";
import { FindingBook } from "../../src/supervisor/findings.ts";
import { ScriptWatch } from "../../src/supervisor/script-watch.ts";
import { type Stage, until } from "../net/namespace.ts";

const MYSELF = { name: "me", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** A script that notes each run in `runs` and exits with the status in `status`. */
function script(directory: string, changes: Partial<TrackedScript> = {}): TrackedScript {
  const line = `echo >> ${directory}/runs; exit $(cat ${directory}/status)`;
  return {
    name: "proxy",
    command: ["/bin/sh", "-c", line],
    interval: milliseconds(100),
    timeout: seconds(10),
    rise: 1,
    fall: 1,
    initFail: false,
    user: MYSELF,
    ...changes,
  };
}

function desk(t: Stage): { watch: ScriptWatch; book: FindingBook; told: Finding[] } {
  const told: Finding[] = [];
  const book = new FindingBook((finding) => told.push(finding));
  const watch = new ScriptWatch(book);
  t.teardown(() => watch.close());
  return { watch, book, told };
}

const runs = (directory: string): number => {
  const path = join(directory, "runs");
  return existsSync(path) ? readFileSync(path, "utf8").length : 0;
};

t.test("changes are told, each once", async (t) => {
  const directory = t.testdir({ status: "0" });
  const { watch, told } = desk(t);
  watch.configure([script(directory)]);
  t.same(told, [], "nothing is known before the first run");
  await until("it has run a few times", () => runs(directory) > 3);
  t.match(told, [{ kind: "script", object: "proxy", verdict: true }]);
  writeFileSync(join(directory, "status"), "3");
  await until("it is down", () => told.length === 2);
  t.match(told[1], { verdict: false, detail: "exit status 3" });
  writeFileSync(join(directory, "status"), "0");
  await until("it is up again", () => told.length === 3);
  t.match(told[2], { verdict: true });
});

t.test("init_fail: down before the first run", async (t) => {
  const directory = t.testdir({ status: "0" });
  const { watch, told } = desk(t);
  watch.configure([script(directory, { initFail: true })]);
  t.match(told, [{ verdict: false, detail: /not run yet/ }]);
  await until("it is up", () => told.length === 2);
});

t.test("one that hangs is killed and has failed", async (t) => {
  const { watch, told } = desk(t);
  watch.configure([
    script("/", { command: ["/bin/sleep", "1000"], timeout: milliseconds(100) }),
    script("/", { name: "missing", command: ["/nowhere"] }),
  ]);
  await until("both are down", () => told.length === 2);
  t.match(
    told.toSorted((a, b) => (a.object < b.object ? -1 : 1)),
    [
      { object: "missing", verdict: false, detail: /cannot run \/nowhere/ },
      { object: "proxy", verdict: false, detail: /not done within 0.1 s/ },
    ],
  );
});

t.test(
  "another configuration keeps the last word until the script has run, and ends what is gone",
  async (t) => {
    const directory = t.testdir({ status: "1" });
    const { watch, book, told } = desk(t);
    watch.configure([script(directory)]);
    await until("it is down", () => told.length === 1);
    watch.configure([script(directory, { interval: milliseconds(150), initFail: true })]);
    t.match(book.all, [{ object: "proxy", verdict: false }]);
    const before = runs(directory);
    await until("it runs on", () => runs(directory) > before);
    watch.configure([]);
    t.same(book.all, []);
    await sleep(50);
    const last = runs(directory);
    await sleep(400);
    t.equal(runs(directory), last, "it runs no more");
    t.equal(told.length, 1);
  },
);
