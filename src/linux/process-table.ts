/** The processes of this machine as /proc has them (proc(5)), which is memory and no disk. */

import { readdirSync, readFileSync } from "node:fs";
import type { ProcessDescription } from "../core/track/process-pattern.ts";

/** The ids of all processes. */
export function processIds(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** What a process is; undefined when it is there no more, or has ended and only waits to be reaped. */
export function describeProcess(pid: number): ProcessDescription | undefined {
  try {
    const state = /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\)/s, ")"))?.[1];
    if (state === "Z" || state === "X") return undefined;
    const name = readFileSync(`/proc/${pid}/comm`, "utf8").replace(/\n$/, "");
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return { name, command: line === "" ? [] : line.replace(/\0$/, "").split("\0") };
  } catch {
    return undefined;
  }
}
