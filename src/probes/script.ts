/**
 * Runs a program without a shell, as an unprivileged user, in a process group of its own; exit status 0 is success.
 *
 * The verdict falls when the program itself exits, whoever else still holds its output open. When it has fallen, the
 * group is killed: a check leaves no process behind.
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { ProbeResult } from "../core/health/check.ts";
import type { ScriptProbe } from "../core/health/model.ts";
import { toMilliseconds, toSeconds } from "../core/units/time.ts";
import { shown } from "./shown.ts";

const OUTPUT_MAX = 4_096;
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/** Probes once. Never throws; an aborted probe fails. */
export function probe(spec: ScriptProbe, signal: AbortSignal): Promise<ProbeResult> {
  const [program, ...args] = spec.command;
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ ok: false, detail: "aborted" });
    let output = "";
    let finished = false;
    let timer: NodeJS.Timeout | undefined;
    const child = start(program, args, spec);
    if (child instanceof Error) return resolve({ ok: false, detail: cannotRun(program, child) });
    const onAbort = (): void => giveUp("aborted");

    function giveUp(detail: string): void {
      killGroup(child);
      finish(false, detail);
    }
    function finish(ok: boolean, detail: string): void {
      if (finished || child instanceof Error) return;
      finished = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      // Whoever left the group may still hold the pipes open.
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve({ ok, detail: output === "" ? detail : `${detail}; said ${shown(output.trimEnd())}` });
    }

    const collect = (bytes: Buffer): void => {
      output += bytes.toString("latin1", 0, OUTPUT_MAX - output.length);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.on("error", (error) => finish(false, cannotRun(program, error)));
    child.on("exit", (status, killedBy) => {
      if (finished) return;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      // At once: once nobody is left in the group, its number may become somebody else's.
      killGroup(child);
      // What it has said is in the pipe, and is read in this turn of the loop.
      setImmediate(() => {
        if (killedBy !== null) finish(false, `killed by ${killedBy}`);
        else finish(status === 0, `exit status ${status}`);
      });
    });
    timer = setTimeout(
      () => giveUp(`not done within ${toSeconds(spec.timeout)} s`),
      toMilliseconds(spec.timeout),
    );
    signal.addEventListener("abort", onAbort);
  });
}

function start(program: string, args: readonly string[], spec: ScriptProbe): ChildProcess | Error {
  // Only root may become somebody else.
  const account = process.getuid?.() === 0 ? { uid: spec.user.uid, gid: spec.user.gid } : {};
  try {
    return spawn(program, args, {
      ...account,
      cwd: "/",
      detached: true,
      env: ENVIRONMENT,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function killGroup(child: ChildProcess | Error): void {
  if (child instanceof Error || child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // There is nobody left in the group.
  }
}

function cannotRun(program: string, error: Error): string {
  const code = "code" in error ? String(error.code) : error.message;
  const reason: Readonly<Record<string, string>> = {
    ENOENT: "it is not there, or its interpreter is not",
    EACCES: "it may not be executed by the script's user",
    EPERM: "the director may not become the script's user",
  };
  return `cannot run ${program}: ${reason[code] ?? code}`;
}
