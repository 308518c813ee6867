/**
 * Goal: a program runs as the user that was asked for, or not at all, and one that is killed is gone when its run is over; what
 * cannot be killed holds nothing up. Method: a process that is no longer root and has no capability runs one for somebody
 * else; /proc is the witness; a debugger that keeps the dead one from being buried.
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { milliseconds } from "../../src/core/units/time.ts";
import { runProgram } from "../../src/linux/run-program.ts";

const MODULE = new URL("../../src/linux/run-program.js", import.meta.url).href;
const OTHER = 65_533;
const NOBODY = 65_534;
const ME = { name: "me", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
/** PTRACE_SEIZE, linux/ptrace.h */
const SEIZE = 0x4206;
const DEBUGGER = `
  const koffi = (await import("${import.meta.resolve("koffi")}")).default;
  const ptrace = koffi.load("libc.so.6").func("long ptrace(long request, int pid, long address, long data)");
  console.log(ptrace(${SEIZE}, Number(process.argv.at(-1)), 0, 0));
  setInterval(() => {}, 1_000);`;

t.test(
  "who may not become the program's user does not run it as themselves",
  { skip: process.getuid?.() !== 0 },
  async (t) => {
    const asNobody = (uid: number) => `
      const { runProgram } = await import("${MODULE}");
      process.setgroups([]);
      process.setgid(${NOBODY});
      process.setuid(${NOBODY});
      const user = { name: "checker", uid: ${uid}, gid: ${uid} };
      const end = await runProgram({ command: ["/bin/sh", "-c", "id -u"], user, timeout: 20_000_000 });
      console.log(JSON.stringify(end));`;
    const end = (uid: number) => {
      const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", asNobody(uid)]);
      return JSON.parse(stdout.toString()) as unknown;
    };
    t.match(end(OTHER), {
      status: undefined,
      detail: "cannot run /bin/sh: the director may not become the script's user",
    });
    t.match(end(NOBODY), { status: 0, output: `${NOBODY}\n` });
  },
);

t.test("a program that is killed is gone when its run is over", async (t) => {
  for (const [why, limit, abortAfter] of [
    ["not done within 0.2 s", milliseconds(200), undefined],
    ["aborted", undefined, 500],
  ] as const) {
    const signal = abortAfter === undefined ? undefined : AbortSignal.timeout(abortAfter);
    const command = ["/bin/sh", "-c", "echo $$; exec sleep 1000"] as const;
    const { status, detail, output } = await runProgram({ command, user: ME, timeout: limit }, signal);
    t.match(output, /^\d+\n$/);
    t.notOk(existsSync(`/proc/${output.trim()}`), detail);
    t.strictSame([status, detail], [undefined, why]);
  }
});

t.test("one that does not go is waited for no longer than that", { skip: ME.uid !== 0 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "relevo-run-program-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "pid");
  const abort = new AbortController();
  const command = [
    "/bin/sh",
    "-c",
    `echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 1000`,
  ] as const;
  const run = runProgram({ command, user: ME, timeout: undefined }, abort.signal);
  while (!existsSync(file)) await delay(10);
  const pid = readFileSync(file, "utf8").trim();
  const tracer = spawn(process.execPath, ["--input-type=module", "--eval", DEBUGGER, pid]);
  t.teardown(() => tracer.kill("SIGKILL"));
  const [seized] = (await once(tracer.stdout, "data")) as [Buffer];
  t.equal(seized.toString(), "0\n", "the debugger has it");
  abort.abort();
  t.match(await run, { status: undefined, detail: "aborted" });
  t.ok(existsSync(`/proc/${pid}`), "it is still there");
});
