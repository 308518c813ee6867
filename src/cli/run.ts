/**
 * `relevo run`: the director, in the foreground.
 */

import { hostname } from "node:os";
import type { Command } from "commander";
import { loadConfig } from "../config/load.ts";
import { systemEnvironment } from "../config/system-environment.ts";
import { runSupervisor } from "../supervisor/main.ts";

/** Where what is ours in the kernel is remembered, unless told otherwise. */
export const RUN_DIRECTORY = "/run/relevo";

interface RunOptions {
  readonly config: string;
  readonly node?: string;
  readonly runDir: string;
}

/** Adds the subcommand. Exit status: 0 when told to stop, 1 when it could not start. */
export function addRun(program: Command, version: string): void {
  program
    .command("run")
    .description("run the director in the foreground, logging to standard output")
    .requiredOption("-c, --config <file>", "the configuration file")
    .option("-n, --node <name>", "which of the file's directors this is (default: by hostname)")
    .option("-r, --run-dir <dir>", "where to remember what is ours in the kernel; a tmpfs", RUN_DIRECTORY)
    .action(async ({ config: file, node, runDir }: RunOptions) => {
      const read = () =>
        loadConfig(file, { node, hostname: hostname(), environment: systemEnvironment(), running: true });
      process.exit(await runSupervisor({ version, file, runDirectory: runDir, read }));
    });
}
