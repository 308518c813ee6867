/**
 * Goal: programs that a killed process left running are ended by whoever comes next, with all that they started, and nothing
 * else is. Method: a shell and its child in a process group; a record with another start.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { openProgramRoll } from "../../src/linux/program-roll.ts";
import { runProgram } from "../../src/linux/run-program.ts";

const folder = mkdtempSync(join(tmpdir(), "relevo-roll-"));
const path = join(folder, "programs.json");
const started: ChildProcess[] = [];
t.teardown(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** A shell with a child, and what tells that both are gone: the end of their output. */
function program(): { pid: number; over: () => boolean } {
  const child = spawn("/bin/sh", ["-c", "sleep 300 & wait"], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  started.push(child);
  let over = false;
  child.stdout?.on("close", () => (over = true)).resume();
  return { pid: child.pid ?? 0, over: () => over };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !holds(); await delay(10))
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
}

t.test("what was left running is ended, group and all", async (t) => {
  const { pid, over } = program();
  const other = program();
  const roll = openProgramRoll(path, () => {});
  roll.begun(pid);
  roll.begun(other.pid);
  roll.ended(other.pid);
  t.same(Object.keys(JSON.parse(readFileSync(path, "utf8")) as object), [`${pid}`]);
  openProgramRoll(path, () => {});
  await until("it is over", over);
  t.notOk(existsSync(path));
  t.notOk(other.over(), "what was taken off the record runs on");
  process.kill(-other.pid, "SIGKILL");
});

t.test("a process that has got the id of one on record is left alone", async (t) => {
  const { pid, over } = program();
  writeFileSync(path, JSON.stringify({ [pid]: "1", 1: "2", x: "3", "-1": "4" }));
  openProgramRoll(path, () => {});
  await delay(200);
  t.notOk(over());
  writeFileSync(path, "no record");
  openProgramRoll(path, () => {});
  t.notOk(existsSync(path));
  process.kill(-pid, "SIGKILL");
});

t.test("a program is on record while it runs", async (t) => {
  const roll = openProgramRoll(path, () => {});
  const { username: name, uid, gid } = userInfo();
  const command = ["/bin/sh", "-c", `while [ ! -e ${path} ]; do sleep 0.01; done; cat ${path}`] as const;
  const end = await runProgram({ command, user: { name, uid, gid }, timeout: seconds(30) }, undefined, roll);
  t.match(end.output, /^\{"\d+":"\d+"\}$/);
  t.notOk(existsSync(path));
});
