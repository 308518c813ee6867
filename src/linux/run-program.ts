/**
 * Runs a program without a shell, as an unprivileged user, in a process group of its own, within a time limit.
 *
 * It is over when the program itself exits, whoever else still holds its output open. Then, and when the time is up, the
 * group is killed: a run leaves no process behind, and it is over when the program is gone, or has not gone within two seconds:
 * the kernel does not kill what waits for a device. What the end means is for the caller to say.
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { ScriptUser } from "../core/health/model.ts";
import { type Duration, toMilliseconds, toSeconds } from "../core/units/time.ts";
import type { ProgramRoll } from "./program-roll.ts";

/** So long a program that was killed is waited for. */
const GONE_WITHIN_MS = 2_000;
/** So much of what a program says is kept. */
const OUTPUT_MAX = 4_096;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A program to run. */
export interface Program {
  /** Its absolute path and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** It runs as this user, without supplementary groups; or not at all, where we are neither that user nor may be. */
  readonly user: ScriptUser;
  /** Past it the whole process group is killed; undefined for one that is to run on. */
  readonly timeout: Duration | undefined;
  /** The variables that it sees besides PATH. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How a run ended. */
export interface ProgramEnd {
  /** 0..255; undefined when the program did not end by itself, or never began. */
  readonly status: number | undefined;
  /** The end in words. */
  readonly detail: string;
  /** The beginning of what it said on both outputs, a byte a character. */
  readonly output: string;
}

/** Runs it once. Never throws; `signal` kills it, and so does, after our own death, whoever finds it on the `roll`. */
export function runProgram(program: Program, signal?: AbortSignal, roll?: ProgramRoll): Promise<ProgramEnd> {
  const [path, ...args] = program.command;
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve({ status: undefined, detail: "aborted", output: "" });
    let output = "";
    let finished = false;
    let timer: NodeJS.Timeout | undefined;
    /** Why it was killed. */
    let givenUp: string | undefined;
    const child = start(path, args, program);
    if (child instanceof Error)
      return resolve({ status: undefined, detail: cannotRun(path, child), output: "" });
    const { pid } = child;
    if (pid !== undefined) roll?.begun(pid);
    const onAbort = (): void => giveUp("aborted");

    function giveUp(detail: string): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      givenUp = detail;
      killGroup(child);
      timer = setTimeout(() => finish(undefined, detail), GONE_WITHIN_MS);
    }
    function finish(status: number | undefined, detail: string): void {
      if (finished || child instanceof Error) return;
      finished = true;
      if (pid !== undefined) roll?.ended(pid);
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      // Whoever left the group may still hold the pipes open.
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve({ status, detail, output });
    }

    const collect = (bytes: Buffer): void => {
      output += bytes.toString("latin1", 0, OUTPUT_MAX - output.length);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.on("error", (error) => finish(undefined, cannotRun(path, error)));
    child.on("exit", (status, killedBy) => {
      if (finished) return;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      // At once: once nobody is left in the group, its number may become somebody else's.
      killGroup(child);
      // What it has said is in the pipe, and is read in this turn of the loop.
      setImmediate(() => {
        if (givenUp !== undefined) finish(undefined, givenUp);
        else if (status === null) finish(undefined, `killed by ${killedBy}`);
        else finish(status, `exit status ${status}`);
      });
    });
    const { timeout } = program;
    if (timeout !== undefined)
      timer = setTimeout(() => giveUp(`not done within ${toSeconds(timeout)} s`), toMilliseconds(timeout));
    signal?.addEventListener("abort", onAbort);
  });
}

function start(path: string, args: readonly string[], { user, environment }: Program): ChildProcess | Error {
  const account = process.getuid?.() === user.uid ? {} : { uid: user.uid, gid: user.gid };
  try {
    return spawn(path, args, {
      ...account,
      cwd: "/",
      detached: true,
      env: { ...environment, PATH },
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

function cannotRun(path: string, error: Error): string {
  const code = "code" in error ? String(error.code) : error.message;
  const reason: Readonly<Record<string, string>> = {
    ENOENT: "it is not there, or its interpreter is not",
    EACCES: "it may not be executed by the script's user",
    EPERM: "the director may not become the script's user",
  };
  return `cannot run ${path}: ${reason[code] ?? code}`;
}
