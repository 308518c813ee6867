/**
 * A process's record in the run directory: what it has put into the kernel. Written whole or not at all, and small; the
 * run directory is a tmpfs, so that writing does not wait for a disk.
 */

import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Reads a record; undefined when there is none or it is not readable as one. */
export function readRecord<Record>(path: string): Record | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record;
  } catch {
    return undefined;
  }
}

/** Writes a record in the place of the one before. */
export function writeRecord<Record>(path: string, record: Record): void {
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Takes a record away: nothing of ours is in the kernel any more. */
export function removeRecord(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}.new`, { force: true });
}
