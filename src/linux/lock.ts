/**
 * One process of a kind per run directory. The kernel gives a lock back when its holder ends, however it ends; so who
 * gets it may be sure that no earlier life is still at work.
 */

import { fstatSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { close, openLocked } from "./libc.ts";

const RETRY_MS = 20;
/** An earlier life that has not left after so long is hung: it loses its process. */
const PATIENCE_MS = 5_000;

/** Takes the lock, or says that somebody else has it. It is held until the process ends, or `unlock`. */
export function tryLock(path: string): boolean {
  const fd = openLocked(path);
  if (fd === undefined) return false;
  if (fstatSync(fd).ino !== statSync(path, { throwIfNoEntry: false })?.ino) {
    // Its last holder took the file away after we had opened it.
    close(fd);
    return false;
  }
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch {
    // The run directory is full. The lock is held all the same; only its holder's name is missing.
  }
  return true;
}

/** Takes the lock's file away; the lock itself ends with the process. Called when all else is cleaned up. */
export function unlock(path: string): void {
  rmSync(path, { force: true });
}

/** Takes the lock, waiting for an earlier life to leave, and ending it when it does not. */
export async function lock(path: string): Promise<void> {
  for (let waited = 0; !tryLock(path); waited += RETRY_MS) {
    if (waited === PATIENCE_MS) endHolder(path);
    await sleep(RETRY_MS);
  }
}

/** The process that holds a lock, as it wrote itself down; undefined when nothing is written, or it is just leaving. */
export function lockHolder(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function endHolder(path: string): void {
  const pid = lockHolder(path);
  if (pid === undefined) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It left in this very moment.
  }
}
