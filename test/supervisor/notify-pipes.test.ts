/**
 * Goal: pipes work with no more capabilities than the systemd unit leaves, and a reload loses, tears and misleads no line.
 * Method: setpriv takes the others from a process that opens a pipe, ends without closing it, and does so again; pipes
 * that are configured anew, and programs that write down what they have read.
 */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import type { Event } from "../../src/core/report/event.ts";
import type { NotifyFifo } from "../../src/core/supervision/notify.ts";
import { NotifyPipes } from "../../src/supervisor/notify-pipes.ts";

const MODULE = new URL("../../src/supervisor/notify-pipes.js", import.meta.url).href;
const NOBODY = 65_534;

t.test(
  "a pipe is made, and taken over from an earlier life",
  { skip: process.getuid?.() !== 0 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "relevo-pipes-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "notify");
    const unit = readFileSync("systemd/relevo.service", "utf8");
    const capabilities = (/^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1] ?? "")
      .split(" ")
      .map((name) => name.replace(/^CAP_/, "+").toLowerCase());
    const fifo = JSON.stringify({ path, owner: { name: "nobody", uid: NOBODY, gid: NOBODY }, about: [] });
    const script = `
      const { NotifyPipes } = await import("${MODULE}");
      const listener = { event: ({ name, fields }) => console.log(name, fields.error), dropped() {} };
      new NotifyPipes("${folder}", listener).configure([${fifo}]);`;
    const bounds = `--bounding-set=-all,${capabilities.join(",")}`;
    for (const life of ["first", "second"]) {
      const node = [process.execPath, "--input-type=module", "--eval", script];
      const { stdout, stderr } = spawnSync("setpriv", [bounds, ...node], { encoding: "utf8" });
      t.equal(stdout + stderr, "", `${life} life`);
      t.match(statSync(path), { uid: NOBODY, gid: NOBODY });
      t.ok(statSync(path).isFIFO());
    }
  },
);

const SELF = { name: "self", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const OTHER = SELF.uid === 0 ? { name: "nobody", uid: NOBODY, gid: NOBODY } : SELF;

/** Pipes, and a program that writes what it reads to a file of the name that is its argument. */
function stage(t: { teardown(end: () => Promise<void>): void }) {
  const folder = mkdtempSync(join(tmpdir(), "relevo-pipes-"));
  chmodSync(folder, 0o777);
  const program = join(folder, "program");
  writeFileSync(
    program,
    `#!/bin/sh
echo begun as $$ >> ${folder}/$1
[ "$1" = deaf ] && exec sleep 1000
while read -r line; do echo "$line" >> ${folder}/$1; done < "$2"
`,
  );
  chmodSync(program, 0o755);
  const events: Event[] = [];
  const listener = { event: (happened: Event) => void events.push(happened), dropped: () => {} };
  const pipes = new NotifyPipes(join(folder, "run"), listener);
  t.teardown(async () => {
    await pipes.close();
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, "pipe");
  const fifo = (name: string | undefined, given: Partial<NotifyFifo> = {}): NotifyFifo => {
    const owner = given.owner ?? SELF;
    const reader = name === undefined ? undefined : { command: [program, name] as const, user: owner };
    return { path, owner, about: ["instances"], reader, ...given };
  };
  const read = (name: string): string[] => {
    const file = join(folder, name);
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  };
  return { pipes, path, fifo, read, events };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !condition(); await delay(20))
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
}

function pidOf(line = ""): number {
  return Number(/\d+$/.exec(line)?.[0]);
}

function wake(pid: number): void {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // It is gone.
  }
}

const LINES = Array.from({ length: 20 }, (_, index) => `line-${index}`);

t.test("another program for somebody else's pipe reads alone what comes from then on", async (t) => {
  const { pipes, path, fifo, read } = stage(t);
  spawnSync("mkfifo", [path]);
  pipes.configure([fifo("old")]);
  pipes.tell("instances", "first\n");
  await until("the first line is read", () => read("old").length === 2);
  // As if it were at work on that line, and saw nothing of what happens to the pipe.
  const pid = pidOf(read("old")[0]);
  process.kill(pid, "SIGSTOP");
  pipes.configure([fifo("new")]);
  await until("the other program", () => read("new").length === 1);
  wake(pid);
  for (const line of LINES) {
    pipes.tell("instances", `${line}\n`);
    await delay(10);
  }
  const size = (lines: readonly string[]): number => lines.slice(1).join("").length;
  const told = size(["", "first", ...LINES]);
  await until("all is read", () => size(read("old")) + size(read("new")) === told);
  t.strictSame(read("old").slice(1), ["first"]);
  t.strictSame(read("new").slice(1), LINES);
  await pipes.close();
  t.ok(statSync(path).isFIFO(), "it stays");
});

t.test("what waits for room survives another program, account and kind of line", async (t) => {
  const { pipes, path, fifo, read, events } = stage(t);
  pipes.configure([fifo(undefined)]);
  const { ino } = statSync(path);
  // 100,000 bytes, of which the pipe takes 65,536 (pipe(7)).
  const lines = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(999, "."));
  for (const line of lines) pipes.tell("instances", `${line}\n`);
  pipes.configure([fifo("reader", { owner: OTHER, about: ["services"] })]);
  t.match(statSync(path), { ino, uid: OTHER.uid, gid: OTHER.gid });
  await until("all is read", () => read("reader").length === 101);
  t.strictSame(read("reader").slice(1), lines);
  pipes.tell("instances", "not of this kind\n");
  pipes.tell("services", "last\n");
  await pipes.close();
  t.strictSame(read("reader").slice(101), ["last"]);
  t.strictSame(events, []);
  t.notOk(existsSync(path));
});

t.test(
  "a pipe that is taken out and put back is another one: the old program reads what it had",
  async (t) => {
    const { pipes, fifo, read, events } = stage(t);
    pipes.configure([fifo("old")]);
    await until("it runs", () => read("old").length === 1);
    const pid = pidOf(read("old")[0]);
    process.kill(pid, "SIGSTOP");
    for (const line of LINES) pipes.tell("instances", `${line}\n`);
    pipes.configure([]);
    pipes.configure([fifo("new")]);
    pipes.tell("instances", "for the new one\n");
    wake(pid);
    await until("the other program", () => read("new").length === 2);
    t.strictSame(read("old").slice(1), LINES);
    t.strictSame(read("new").slice(1), ["for the new one"]);
    t.strictSame(events, []);
  },
);

t.test(
  "a pipe of an earlier life goes to whom the file names",
  { skip: process.getuid?.() !== 0 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "relevo-pipes-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "notify");
    spawnSync("mkfifo", [path]);
    chownSync(path, 2, 2);
    const events: Event[] = [];
    const listener = { event: (happened: Event) => void events.push(happened), dropped: () => {} };
    const pipes = new NotifyPipes(folder, listener);
    pipes.configure([{ path, owner: OTHER, about: ["instances"], reader: undefined }]);
    t.match(statSync(path), { uid: NOBODY, gid: NOBODY });
    t.strictSame(events, []);
    await pipes.close();
  },
);

t.test("a program that is given up is killed, and is not started again", async (t) => {
  const { pipes, fifo, read, events } = stage(t);
  pipes.configure([fifo("deaf")]);
  await until("it runs", () => read("deaf").length === 1);
  const pid = pidOf(read("deaf")[0]);
  pipes.abandon();
  await until("it is gone", () => !existsSync(`/proc/${pid}`));
  await pipes.close();
  t.equal(read("deaf").length, 1);
  t.strictSame(events, []);
});
