#!/usr/bin/env node
/**
 * The `relevo` command. Each subcommand is a file of its own and adds itself here.
 *
 * Exit status: 2 for a command line that cannot be understood; everything else is the subcommand's.
 */

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addCheck } from "./check.ts";
import { addKeygen } from "./keygen.ts";
import { addRealServer } from "./realserver.ts";
import { addRelease } from "./release.ts";
import { addRun } from "./run.ts";

const USAGE_ERROR = 2;

/** From dist/src/cli, where this file is when it runs. */
const PACKAGE = new URL("../../../package.json", import.meta.url);

const { version } = JSON.parse(readFileSync(PACKAGE, "utf8")) as { version: string };
const program = new Command("relevo")
  .description("A high-availability director for Linux Virtual Server")
  .version(version)
  .exitOverride();
addCheck(program);
addKeygen(program);
addRun(program, version);
addRelease(program);
addRealServer(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version that were asked for arrive here too, with 0.
  process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
}
