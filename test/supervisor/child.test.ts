/**
 * Goal: however and whenever a child ends, what it had put into the kernel is taken out again, and it is started again
 * unless that was the end. Method: small scripts in the place of the real processes; what is released is counted.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import t from "tap";
import type { Event } from "../../src/core/report/event.ts";
import { KernelError } from "../../src/linux/kernel-error.ts";
import { Child, type ChildSpecification, STOP_PATIENCE } from "../../src/supervisor/child.ts";

const folder = mkdtempSync(join(tmpdir(), "relevo-child-"));
t.teardown(() => rmSync(folder, { recursive: true }));

const PATIENCE = { silentMs: 60_000, wholeMs: 60_000 };

/** A child that runs `script`, for which `told` is called with each message. */
function childOf(
  script: string,
  {
    releaseWhileAway = false,
    releaseTakesMs = 0,
    unreleased = [] as readonly string[],
    patience = PATIENCE,
  } = {},
) {
  const module = join(folder, `${Math.random()}.mjs`);
  writeFileSync(module, script);
  const events: Event[] = [];
  const releases: string[] = [];
  const specification: ChildSpecification<never> = {
    name: "balancer",
    module: pathToFileURL(module),
    arguments: [],
    nodeOptions: [],
    onEvent: (event) => void events.push(event),
    onReport: () => {},
    known: () => [],
    onEventsDropped: () => {},
    async release() {
      releases.push("begun");
      await delay(releaseTakesMs);
      releases.push("ended");
      return unreleased.map((operation) => new KernelError(operation, "EPERM"));
    },
    releaseWhileAway,
  };
  const child = new Child<object, never, unknown, unknown>(specification, patience);
  const told = (name: string): readonly Event[] => events.filter((event) => event.name === name);
  return { child, told, releases };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !condition(); await delay(20))
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
}

t.test("a child that leaves in good order has nothing to release", async (t) => {
  const { child, releases } = childOf(`process.on("message", ({ type }) => {
    if (type === "configure") process.send({ type: "configured" });
    else process.exit(0);
  })`);
  await child.configure({});
  await child.stop();
  t.strictSame(releases, []);
});

t.test("a child that fails while it leaves has its things released", async (t) => {
  const { child, releases } = childOf(`process.on("message", ({ type }) => {
    if (type === "configure") process.send({ type: "configured" });
    else process.exit(7);
  })`);
  await child.configure({});
  await child.stop();
  t.strictSame(releases, ["begun", "ended"]);
});

t.test("what a child left is released when the stop comes while it is away", async (t) => {
  const { child, told, releases } = childOf("process.exit(7)");
  void child.configure({});
  await until("a pause", () => told("process-died").length === 2);
  await child.stop();
  t.strictSame(releases, ["begun", "ended"]);
  t.equal(told("process-started").length, 2, "and it is not started again");
});

t.test("two reasons to release do not get into each other's way", async (t) => {
  const { child, told, releases } = childOf("process.exit(7)", {
    releaseWhileAway: true,
    releaseTakesMs: 100,
  });
  void child.configure({});
  await until("a pause", () => told("process-died").length === 2);
  await Promise.all([child.stop(), child.kill()]);
  t.strictSame(releases, ["begun", "ended", "begun", "ended", "begun", "ended"]);
});

t.test("a child that cannot be started is tried again", async (t) => {
  const { execPath } = process;
  const { child, told } = childOf(`process.on("message", ({ type }) => {
    if (type === "configure") process.send({ type: "configured" });
    else process.exit(0);
  })`);
  process.execPath = "/nonexistent/node";
  const inForce = child.configure({});
  await until("a death", () => told("process-died").length > 0);
  process.execPath = execPath;
  t.match(told("process-died")[0]?.fields["how"], /ENOENT/);
  await inForce;
  await child.stop();
});

t.test("a call has the answer of its number, and none from a child that is not there or dies", async (t) => {
  const { child } = childOf(`process.on("message", ({ type, id, call }) => {
    if (type === "configure") process.send({ type: "configured" });
    else if (type === "call" && call === "die") process.exit(7);
    else if (type === "call") setTimeout(() => process.send({ type: "answer", id, answer: call }), call);
    else if (type === "stop") process.exit(0);
  })`);
  t.equal(await child.call("early"), undefined);
  await child.configure({});
  t.strictSame(await Promise.all([child.call(100), child.call(1)]), [100, 1]);
  t.strictSame(await Promise.all([child.call(60_000), child.call("die")]), [undefined, undefined]);
  await child.stop();
  t.equal(await child.call("late"), undefined);
});

t.test("a child that takes its time to leave is waited for as long as it tells of something", async (t) => {
  const leaving = (interval: number, left: number): string => `let left = ${left};
    process.on("message", ({ type }) => {
      if (type === "configure") process.send({ type: "configured" });
      else setInterval(() => {
        process.send({ type: "event", event: { name: "link-removed", fields: {} } });
        if ((left -= 1) === 0) process.exit(0);
      }, ${interval});
    })`;
  // Nine seconds in all, longer than it may be silent; one that says nothing for ten minutes; and one that never ends.
  for (const [interval, left, patience, released] of [
    [600, 15, { silentMs: 8_000, wholeMs: 60_000 }, []],
    [600_000, 15, { silentMs: 500, wholeMs: 60_000 }, ["begun", "ended"]],
    [200, Infinity, { silentMs: 60_000, wholeMs: 500 }, ["begun", "ended"]],
  ] as const) {
    const { child, releases } = childOf(leaving(interval, left), { patience });
    await child.configure({});
    await child.stop();
    t.strictSame(releases, released);
  }
});

t.test("the unit waits for both children, for programs of 30 seconds, and for those that read pipes", (t) => {
  const unit = readFileSync("systemd/relevo.service", "utf8");
  const whole = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
  const { silentMs, wholeMs } = STOP_PATIENCE;
  t.ok(silentMs < wholeMs);
  t.ok(wholeMs / 1_000 + Math.max(wholeMs / 1_000, 4 * 30) + 3 < whole);
  t.end();
});

t.test("each thing that would not go is told", async (t) => {
  const { child, told } = childOf("process.exit(7)", { unreleased: ["remove this", "remove that"] });
  void child.configure({});
  await until("a pause", () => told("process-died").length === 2);
  await child.stop();
  t.match(
    told("process-unclean").map(({ fields }) => fields),
    [
      { process: "balancer", error: /cannot remove this: .*EPERM/ },
      { process: "balancer", error: /cannot remove that: .*EPERM/ },
    ],
  );
});
