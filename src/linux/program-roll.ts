/**
 * The programs that a process has started and that are not over, on record in the run directory: when it is killed, whoever
 * comes after it ends them. A program is known by its process id and the moment of its start, since ids are used again.
 */

import { readFileSync } from "node:fs";
import type { Event } from "../core/report/event.ts";
import { KeptRecord, readRecord, removeRecord } from "./record-file.ts";

/** The record, kept. */
export interface ProgramRoll {
  /** A program runs, as the leader of its process group. */
  begun(pid: number): void;
  /** It is over. */
  ended(pid: number): void;
}

/** The start of a process, in clock ticks since boot, by its id. */
type Starts = Readonly<Record<string, string>>;

/** Ends what an earlier life left running, and keeps the record at `path` from now on; `tell` hears that it cannot. */
export function openProgramRoll(path: string, tell: (event: Event) => void): ProgramRoll {
  endLeftOver(path);
  const record = new KeptRecord<Starts>(path, tell);
  const running = new Map<number, string>();
  const write = (): void => {
    if (running.size === 0) record.remove();
    else record.write(Object.fromEntries(running));
  };
  return {
    begun(pid) {
      const start = startOf(pid);
      if (start === undefined) return;
      running.set(pid, start);
      write();
    },
    ended(pid) {
      if (running.delete(pid)) write();
    },
  };
}

/** Kills the process groups of the programs on record at `path` that still run, and takes the record away. */
export function endLeftOver(path: string): void {
  for (const [id, start] of Object.entries(readRecord<Starts>(path) ?? {})) {
    const pid = Number(id);
    if (!Number.isSafeInteger(pid) || pid <= 1 || startOf(pid) !== start) continue;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
  removeRecord(path);
}

/** Field 22 of /proc/PID/stat (proc(5)); the name before it may contain anything but ends with the last bracket. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
