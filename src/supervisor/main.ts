/**
 * The supervisor process: `runSupervisor` is what `relevo run` does once its arguments are read.
 *
 * SIGHUP reads the configuration anew; SIGTERM and SIGINT let go of everything; either again does not wait.
 */

import { openLog } from "./log.ts";
import { RunDirectory } from "./run-directory.ts";
import { type Reading, Supervisor } from "./supervisor.ts";

/** Runs until told to stop; resolves with the exit status. Throws a RunDirectoryError before anything is touched. */
export async function runSupervisor(
  version: string,
  runDirectoryPath: string,
  first: Reading,
  read: () => Reading,
): Promise<number> {
  const { config } = first;
  if (config === undefined) return 1;
  const runDirectory = new RunDirectory(runDirectoryPath);
  process.title = "relevo";
  const supervisor = new Supervisor({ version, runDirectory, log: openLog(), read });

  const stopped = new Promise<number>((resolve) => {
    let asked = false;
    const onStop = (): void => {
      void (asked ? supervisor.abandon() : supervisor.stop()).then(() => resolve(0));
      asked = true;
    };
    process.on("SIGTERM", onStop);
    process.on("SIGINT", onStop);
    process.on("SIGHUP", () => supervisor.reload());
  });
  await Promise.race([supervisor.start(config), stopped]);
  return stopped;
}
