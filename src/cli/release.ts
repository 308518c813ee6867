/**
 * `relevo release`: takes out of the kernel what a Relevo that was killed has left there.
 */

import type { Command } from "commander";
import { runRelease } from "../supervisor/main.ts";
import { RUN_DIRECTORY } from "./run.ts";

interface ReleaseOptions {
  readonly runDir: string;
}

/** Adds the subcommand. Exit status: 0 when nothing is left, 1 when something is, or a Relevo runs. */
export function addRelease(program: Command): void {
  program
    .command("release")
    .description("take out of the kernel what a relevo that was killed has left there")
    .option("-r, --run-dir <dir>", "where it remembered what is its own in the kernel", RUN_DIRECTORY)
    .action(async ({ runDir }: ReleaseOptions) => {
      process.exitCode = await runRelease(runDir);
    });
}
