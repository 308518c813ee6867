/**
 * `relevo check`: reads a configuration as the director would, tells what is wrong with it, and touches nothing.
 *
 * Standard output carries the diagnostics and nothing else, one a line or as JSON; the closing line for people goes to
 * standard error.
 */

import { hostname } from "node:os";
import type { Command } from "commander";
import { type Diagnostic, formatDiagnostic, type Severity } from "../config/diagnostic.ts";
import { loadConfig } from "../config/load.ts";
import { systemEnvironment } from "../config/system-environment.ts";

interface CheckOptions {
  readonly config: string;
  readonly node?: string;
  readonly json?: boolean;
}

/** Adds the subcommand. Exit status: 1 when there is an error, 0 otherwise; warnings do not count. */
export function addCheck(program: Command): void {
  program
    .command("check")
    .description("check a configuration file and change nothing")
    .requiredOption("-c, --config <file>", "the configuration file")
    .option("-n, --node <name>", "which of the file's directors to check for (default: by hostname)")
    .option("--json", "print the diagnostics as a JSON array")
    .action((options: CheckOptions) => {
      process.exitCode = check(options);
    });
}

function check({ config: file, node, json = false }: CheckOptions): number {
  const options = { node, hostname: hostname(), environment: systemEnvironment() };
  const { config, diagnostics } = loadConfig(file, options);
  if (json) {
    process.stdout.write(`${JSON.stringify(diagnostics, null, 2)}\n`);
  } else {
    for (const diagnostic of diagnostics) process.stdout.write(`${formatDiagnostic(file, diagnostic)}\n`);
    process.stderr.write(`${file}: ${summary(diagnostics)}\n`);
  }
  return config === undefined ? 1 : 0;
}

/** `OK`, `OK, 1 warning`, `2 errors, 1 warning`. */
function summary(diagnostics: readonly Diagnostic[]): string {
  const [errors, warnings] = [count(diagnostics, "error"), count(diagnostics, "warning")];
  if (errors === "") return warnings === "" ? "OK" : `OK, ${warnings}`;
  return warnings === "" ? errors : `${errors}, ${warnings}`;
}

function count(diagnostics: readonly Diagnostic[], severity: Severity): string {
  const number = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  return number === 0 ? "" : `${number} ${severity}${number === 1 ? "" : "s"}`;
}
