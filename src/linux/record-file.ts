/**
 * A process's record in the run directory: what it has put into the kernel. Written whole or not at all, and small; the
 * run directory is a tmpfs, so that writing does not wait for a disk.
 */

import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type Event, event } from "../core/report/event.ts";
import { KernelError } from "./kernel-error.ts";

/** So often it is tried again to write a record that could not be written. */
const WRITE_AGAIN_MS = 10_000;

/** Reads a record; undefined when there is none or it is not readable as one. */
export function readRecord<Record>(path: string): Record | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record;
  } catch {
    return undefined;
  }
}

/** Takes a record away: nothing of ours is in the kernel any more. */
export function removeRecord(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}.new`, { force: true });
}

/**
 * A record that is kept up to date. A run directory that is full, or cannot be written for another reason, is told once
 * and tried again: what the record is for must not stop for it.
 */
export class KeptRecord<Record> {
  readonly #path: string;
  readonly #tell: (event: Event) => void;
  #failure: string | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(path: string, tell: (event: Event) => void) {
    this.#path = path;
    this.#tell = tell;
  }

  /** What it says; undefined when there is none, or it is not readable as one. */
  read(): Record | undefined {
    return readRecord<Record>(this.#path);
  }

  /** Writes it in the place of the one before. */
  write(record: Record): void {
    clearTimeout(this.#again);
    try {
      writeRecord(this.#path, record);
      this.#failure = undefined;
    } catch (error) {
      const { message } = failureOf(error);
      if (message !== this.#failure) this.#tell(event("record-failed", { path: this.#path, error: message }));
      this.#failure = message;
      this.#again = setTimeout(() => this.write(record), WRITE_AGAIN_MS).unref();
    }
  }

  /** Takes it away: nothing of ours is in the kernel any more. */
  remove(): void {
    clearTimeout(this.#again);
    removeRecord(this.#path);
  }

  /** Writes it no more. */
  close(): void {
    clearTimeout(this.#again);
  }
}

/** Writes a record, whole or not at all. Throws when the run directory cannot be written. */
function writeRecord<Record>(path: string, record: Record): void {
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** A file system's refusal; anything else is a fault of ours. */
function failureOf(error: unknown): KernelError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) throw error;
  return new KernelError("write", code, error);
}
