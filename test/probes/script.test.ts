/**
 * Goal: a script's exit status is its verdict, in time, whoever holds its output open, and it leaves no process behind.
 * Method: small shell scripts; /proc tells who is left.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import type { ScriptProbe } from "../../src/core/health/model.ts";
import { milliseconds } from "../../src/core/units/time.ts";
import { probe } from "../../src/probes/script.ts";

const never = new AbortController().signal;
const ME = userInfo();
const NOBODY = { name: "nobody", uid: 65534, gid: 65534 };

function shell(script: string, given: Partial<ScriptProbe> = {}): ScriptProbe {
  return {
    type: "script",
    command: ["/bin/sh", "-c", script],
    timeout: milliseconds(20_000),
    user: { name: ME.username, uid: ME.uid, gid: ME.gid },
    ...given,
  };
}

function gone(pid: number): boolean {
  try {
    // A killed process that nobody has waited for yet is a zombie.
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true;
  }
}

t.test("exit status 0 is success, any other is not, and what it said is shown", async (t) => {
  t.strictSame(await probe(shell("exit 0"), never), { ok: true, detail: "exit status 0" });
  t.strictSame(await probe(shell("exit 3"), never), { ok: false, detail: "exit status 3" });
  t.match(await probe(shell("echo broken; exit 1"), never), {
    ok: false,
    detail: 'exit status 1; said "broken"',
  });
  t.strictSame(await probe(shell("kill -TERM $$"), never), { ok: false, detail: "killed by SIGTERM" });
});

t.test(
  "its surroundings: the root folder, a plain environment, nothing to read, its own group",
  async (t) => {
    const script = 'read line; [ "$(pwd)" = / ] && [ -z "$HOME" ] && [ -n "$PATH" ] && [ -z "$line" ]';
    t.strictSame(await probe(shell(script), never), { ok: true, detail: "exit status 0" });
    t.ok((await probe(shell('[ "$(ps -o pgid= -p $$ | tr -d " ")" = $$ ]'), never)).ok);
  },
);

t.test("root becomes the script's user, without root's groups", { skip: ME.uid !== 0 }, async (t) => {
  const script = '[ "$(id -u):$(id -g):$(id -G)" = 65534:65534:65534 ]';
  t.strictSame(await probe(shell(script, { user: NOBODY }), never), { ok: true, detail: "exit status 0" });
});

t.test("a program that is not there says so", async (t) => {
  t.strictSame(await probe(shell("", { command: ["/nonexistent/check"] }), never), {
    ok: false,
    detail: "cannot run /nonexistent/check: it is not there, or its interpreter is not",
  });
  const folder = mkdtempSync("/tmp/relevo-script-");
  t.teardown(() => rmSync(folder, { recursive: true }));
  const plain = join(folder, "plain");
  writeFileSync(plain, "#!/bin/sh\n", { mode: 0o644 });
  t.match(await probe(shell("", { command: [plain] }), never), {
    ok: false,
    detail: /it may not be executed/,
  });
});

t.test(
  "one that hangs is killed with all of its group, and no child of its holds the verdict up",
  async (t) => {
    const folder = mkdtempSync("/tmp/relevo-script-");
    t.teardown(() => rmSync(folder, { recursive: true }));
    const pids = join(folder, "pids");
    const script = `sleep 300 & echo $! $$ > ${pids}; echo started; sleep 300`;
    const begun = Date.now();
    t.strictSame(await probe(shell(script, { timeout: milliseconds(1_000) }), never), {
      ok: false,
      detail: 'not done within 1 s; said "started"',
    });
    t.ok(Date.now() - begun < 60_000);
    for (const pid of readFileSync(pids, "utf8").trim().split(" ").map(Number))
      while (!gone(pid)) await delay(10);
  },
);

t.test("a child that it leaves behind does not hold the verdict up, and is killed", async (t) => {
  const folder = mkdtempSync("/tmp/relevo-script-");
  t.teardown(() => rmSync(folder, { recursive: true }));
  const pidFile = join(folder, "pid");
  const begun = Date.now();
  t.strictSame(await probe(shell(`sleep 300 & echo $! > ${pidFile}; exit 0`), never), {
    ok: true,
    detail: "exit status 0",
  });
  t.ok(Date.now() - begun < 60_000);
  const pid = Number(readFileSync(pidFile, "utf8"));
  while (!gone(pid)) await delay(10);
});

t.test("one that talks without end is cut short", async (t) => {
  const result = await probe(shell("yes relevo", { timeout: milliseconds(500) }), never);
  t.match(result, { ok: false, detail: /^not done within 0.5 s; said "relevo\\nrelevo.* more$/ });
  t.ok(result.detail.length < 300);
});

t.test("an abort kills it", async (t) => {
  const folder = mkdtempSync("/tmp/relevo-script-");
  t.teardown(() => rmSync(folder, { recursive: true }));
  const pidFile = join(folder, "pid");
  const abort = new AbortController();
  const probing = probe(
    shell(`echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; sleep 300`),
    abort.signal,
  );
  while (!existsSync(pidFile)) await delay(10);
  abort.abort();
  t.strictSame(await probing, { ok: false, detail: "aborted" });
  while (!gone(Number(readFileSync(pidFile, "utf8")))) await delay(10);
  t.strictSame(await probe(shell("exit 0"), abort.signal), { ok: false, detail: "aborted" });
});
