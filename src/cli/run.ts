/** `relevo run`: the director, in the foreground. */

import { hostname } from "node:os";
import { loadConfig } from "../config/load.ts";
import { systemEnvironment } from "../config/system-environment.ts";
import { runSupervisor } from "../supervisor/main.ts";

/** The options of the command. */
export interface RunOptions {
  readonly config: string;
  readonly node?: string;
  readonly runDir: string;
}

/** Runs until told to stop; resolves with the exit status. */
export function run(version: string, options: RunOptions): Promise<number> {
  const { config: file, node, runDir } = options;
  const read = () =>
    loadConfig(file, { hostname: hostname(), environment: systemEnvironment(), ...(node === undefined ? {} : { node }) });
  return runSupervisor({ version, file, runDirectory: runDir, read });
}
