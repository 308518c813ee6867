/** The run directory: what must survive a process but not a reboot. One Relevo a directory. */

import { existsSync, mkdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  BALANCER_RECORD,
  FAILOVER_RECORD,
  FILTER_RECORD,
  LINK_RECORD,
  MASQUERADE_RECORD,
  ROUTING_RECORD,
} from "../core/report/record.ts";
import { lockHolder, tryLock, unlock } from "../linux/lock.ts";

/** The other processes, which have a lock each. */
const CHILDREN = ["failover", "balancer"];

/** A child's record is taken away with what it names, not here. */
const RECORDS = [
  FAILOVER_RECORD,
  ROUTING_RECORD,
  FILTER_RECORD,
  LINK_RECORD,
  MASQUERADE_RECORD,
  BALANCER_RECORD,
];
const LEFT_BY_CHILDREN = RECORDS.flatMap((name) => [`${name}.new`, name.replace(/json$/, "lock")]);

/** Someone else runs with this directory, or it cannot be used. */
export class RunDirectoryError extends Error {
  override readonly name = "RunDirectoryError";
}

/** A run directory that is ours until `leave`. */
export class RunDirectory {
  readonly path: string;
  readonly #lockPath: string;
  readonly #made: boolean;

  /** Makes the directory where it is missing, and takes it. Throws a RunDirectoryError. */
  constructor(path: string) {
    this.path = path;
    this.#lockPath = join(path, "supervisor.lock");
    try {
      this.#made = mkdirSync(path, { recursive: true, mode: 0o755 }) !== undefined;
      if (tryLock(this.#lockPath)) return;
    } catch (error) {
      throw new RunDirectoryError(`the run directory ${path} cannot be used: ${String(error)}`, {
        cause: error,
      });
    }
    const holder = lockHolder(this.#lockPath);
    throw new RunDirectoryError(
      `another relevo${holder === undefined ? "" : ` (process ${holder})`} runs with the run directory ${path}; ` +
        "stop it, or give this one another --run-dir",
    );
  }

  /** A child of an earlier life that has not left yet, by its name. */
  runningChild(): string | undefined {
    return CHILDREN.find((name) => {
      const path = join(this.path, `${name}.lock`);
      if (!existsSync(path)) return false;
      // Kept until this process ends: nobody is to start meanwhile.
      return !tryLock(path);
    });
  }

  /** Takes away what children that were ended left there. */
  clear(): void {
    for (const name of LEFT_BY_CHILDREN) rmSync(join(this.path, name), { force: true });
  }

  /** Takes away what is ours there, and the directory itself if we made it and nobody else uses it. */
  leave(): void {
    unlock(this.#lockPath);
    if (!this.#made) return;
    try {
      rmdirSync(this.path);
    } catch {
      // Somebody keeps something there.
    }
  }
}
