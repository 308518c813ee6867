/**
 * The supervisor process: `runSupervisor` is what `relevo run` does once its arguments are read.
 *
 * SIGHUP reads the configuration anew; SIGTERM and SIGINT let go of everything; either again does not wait.
 */

import { existsSync } from "node:fs";
import { formatDiagnostic } from "../config/diagnostic.ts";
import type { Reading } from "../config/read.ts";
import { missingCapabilities } from "../linux/capabilities.ts";
import { openLog } from "./log.ts";
import { BALANCER_RELEASES, FAILOVER_RELEASES, release } from "./release.ts";
import { RunDirectory, RunDirectoryError } from "./run-directory.ts";
import { Supervisor } from "./supervisor.ts";

/** What `relevo run` was told. */
export interface RunArguments {
  readonly version: string;
  /** The configuration file's name. */
  readonly file: string;
  readonly runDirectory: string;
  /** Reads and checks the configuration; touches nothing. */
  readonly read: () => Reading;
}

/** Runs until told to stop; resolves with the exit status: 1 when it could not start, and then nothing was touched. */
export async function runSupervisor({
  version,
  file,
  runDirectory: path,
  read,
}: RunArguments): Promise<number> {
  const first = read();
  const { config } = first;
  if (config === undefined) {
    return refuse(first.diagnostics.map((diagnostic) => formatDiagnostic(file, diagnostic)));
  }
  const missing = missingCapabilities();
  if (missing.length > 0)
    return refuse([`relevo: ${missing.join(" and ")} missing; run as root, or grant them`]);
  const runDirectory = take(path);
  if (runDirectory instanceof RunDirectoryError) return refuse([`relevo: ${runDirectory.message}`]);

  process.title = "relevo";
  const supervisor = new Supervisor({ version, file, runDirectory, log: openLog(), read });
  const stopped = whenStopped(supervisor);
  await Promise.race([supervisor.start({ ...first, config }), stopped]);
  return stopped;
}

/**
 * What `relevo release` does: removes what a Relevo that is gone has put into the kernel, by its records in the run
 * directory. Resolves with the exit status: 0 when nothing is left, 1 when something is, or a Relevo runs.
 */
export async function runRelease(path: string): Promise<number> {
  if (!existsSync(path)) return 0;
  const runDirectory = take(path);
  if (runDirectory instanceof RunDirectoryError) return refuse([`relevo: ${runDirectory.message}`]);
  const running = runDirectory.runningChild();
  const failures =
    running === undefined ? await releaseAll(path) : [`its ${running} process still runs: end it first`];
  if (running === undefined) runDirectory.clear();
  runDirectory.leave();
  return failures.length === 0 ? 0 : refuse(failures.map((failure) => `relevo: ${failure}`));
}

/** The reasons for what could not be removed; its record stays. */
async function releaseAll(path: string): Promise<readonly string[]> {
  const failures = await release([...FAILOVER_RELEASES, ...BALANCER_RELEASES], path);
  return failures.map(({ message }) => message);
}

function take(path: string): RunDirectory | RunDirectoryError {
  try {
    return new RunDirectory(path);
  } catch (error) {
    if (error instanceof RunDirectoryError) return error;
    throw error;
  }
}

function refuse(lines: readonly string[]): number {
  for (const line of lines) process.stderr.write(`${line}\n`);
  return 1;
}

function whenStopped(supervisor: Supervisor): Promise<number> {
  return new Promise((resolve) => {
    let asked = false;
    const onStop = (): void => {
      if (asked) supervisor.abandon();
      else void supervisor.stop().then(() => resolve(0));
      asked = true;
    };
    process.on("SIGTERM", onStop);
    process.on("SIGINT", onStop);
    process.on("SIGHUP", () => supervisor.reload());
  });
}
