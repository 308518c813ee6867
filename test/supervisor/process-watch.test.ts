/**
 * Goal: tracked processes are counted as they come and go. Method: real processes, told apart by a parameter; with the
 * kernel's events where this machine has them for us, else by looking once a second, which is told.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { Event } from "../../src/core/report/event.ts";
import type { Finding, TrackedProcess } from "../../src/core/track/model.ts";
import { seconds, ZERO } from "../../src/core/units/time.ts";
import { FindingBook } from "../../src/supervisor/findings.ts";
import { ProcessWatch } from "../../src/supervisor/process-watch.ts";
import { type Stage, until } from "../net/namespace.ts";

let next = 100_000 + (process.pid % 10_000) * 10;

interface Desk {
  readonly watch: ProcessWatch;
  readonly book: FindingBook;
  readonly told: Finding[];
  readonly events: Event[];
  readonly process: TrackedProcess;
  readonly begin: () => ChildProcess;
}

function desk(t: Stage, changes: Partial<TrackedProcess> = {}): Desk {
  const told: Finding[] = [];
  const events: Event[] = [];
  const book = new FindingBook((finding) => told.push(finding));
  const watch = new ProcessWatch(book, (event) => events.push(event));
  const children: ChildProcess[] = [];
  next += 1;
  const parameter = `${next}`;
  t.teardown(() => {
    watch.close();
    for (const child of children) child.kill("SIGKILL");
  });
  const begin = () => {
    const child = spawn("/bin/sleep", [parameter], { stdio: "ignore" });
    children.push(child);
    return child;
  };
  const process: TrackedProcess = {
    name: "sleeper",
    command: ["/bin/sleep", parameter],
    match: "command",
    quorum: 1,
    quorumMax: 65_535,
    forkDelay: ZERO,
    terminateDelay: ZERO,
    ...changes,
  };
  return { watch, book, told, events, process, begin };
}

t.test("they come and go", async (t) => {
  const { watch, told, events, process, begin } = desk(t, { quorum: 2 });
  const first = begin();
  watch.configure([process]);
  t.match(told, [{ kind: "process", object: "sleeper", verdict: false }]);
  const second = begin();
  await until("two are enough", () => told.at(-1)?.verdict === true);
  t.equal(told.at(-1)?.detail, "2 running");
  second.kill("SIGKILL");
  await until("one is not", () => told.at(-1)?.verdict === false);
  begin();
  await until("two again", () => told.at(-1)?.verdict === true);
  first.kill("SIGTERM");
  await until("one again", () => told.at(-1)?.verdict === false);
  t.equal(told.length, 5);
  const allowed = events.length === 0 || events.every(({ name }) => name === "process-events-unavailable");
  t.ok(allowed && events.length <= 1);
});

t.test("terminate_delay forgives a restart", async (t) => {
  const { watch, told, process, begin } = desk(t, { terminateDelay: seconds(3) });
  const first = begin();
  await sleep(100);
  watch.configure([process]);
  t.match(told, [{ verdict: true }]);
  first.kill("SIGKILL");
  await sleep(1_200);
  const second = begin();
  await sleep(3_500);
  t.equal(told.length, 1, "it was back in time");
  const killedAt = performance.now();
  second.kill("SIGKILL");
  await until("it is down", () => told.at(-1)?.verdict === false);
  t.ok(performance.now() - killedAt > 2_900);
});

t.test("too many are not enough; what is not tracked any more is forgotten", async (t) => {
  const { watch, book, told, process, begin } = desk(t, { quorum: 0, quorumMax: 0 });
  watch.configure([process]);
  t.match(told, [{ verdict: true }]);
  begin();
  await until("it must not run", () => told.at(-1)?.verdict === false);
  watch.configure([]);
  t.same(book.all, []);
});
