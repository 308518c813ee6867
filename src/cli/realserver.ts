/**
 * `relevo realserver`: makes a machine ready for what the directors send it by direct routing or through a tunnel.
 */

import { hostname } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import { formatDiagnostic } from "../config/diagnostic.ts";
import { loadRealServer } from "../config/load.ts";
import type { RealServerConfig } from "../core/realserver/model.ts";
import { type IpAddress, parseIpAddress } from "../core/units/ip-address.ts";
import { runRealServer } from "../realserver/main.ts";

/** Where what is ours in a real server's kernel is remembered, unless told otherwise. */
const RUN_DIRECTORY = "/run/relevo-realserver";

interface RealServerOptions {
  readonly config: string;
  readonly address?: readonly IpAddress[];
  readonly node?: string;
  readonly runDir: string;
  readonly dryRun?: boolean;
}

/** Adds the subcommands. Exit status: 1 when something is not as it should be, or could not be done, 0 otherwise. */
export function addRealServer(program: Command): void {
  const realserver = program
    .command("realserver")
    .description("make this machine ready for what the directors send it, or undo that");
  withFile(realserver.command("apply").description("hold the virtual addresses without telling anybody"))
    .option("--dry-run", "show the steps, take none")
    .action((options: RealServerOptions) => withConfig("apply", options));
  withFile(realserver.command("check").description("say what is missing or wrong, change nothing")).action(
    (options: RealServerOptions) => withConfig("check", options),
  );
  withRunDirectory(realserver.command("remove").description("undo what apply did, and nothing else"))
    .option("-c, --config <file>", "not needed: what apply did is on record")
    .option("--dry-run", "show the steps, take none")
    .action((options: RealServerOptions) => run("remove", undefined, options));
}

function withFile(command: Command): Command {
  return withRunDirectory(command)
    .requiredOption("-c, --config <file>", "the directors' configuration file")
    .option(
      "-a, --address <address...>",
      "this machine's addresses in the file (default: all it has)",
      readAddresses,
    )
    .option("-n, --node <name>", "which of the file's directors this machine is, too (default: by hostname)");
}

function withRunDirectory(command: Command): Command {
  return command.option("-r, --run-dir <dir>", "where to remember what is ours; a tmpfs", RUN_DIRECTORY);
}

function readAddresses(text: string, before: readonly IpAddress[] = []): readonly IpAddress[] {
  const address = parseIpAddress(text);
  if (address === undefined) throw new InvalidArgumentError("It is an IPv4 or IPv6 address.");
  return [...before, address];
}

async function withConfig(action: "apply" | "check", options: RealServerOptions): Promise<void> {
  const { config, diagnostics } = loadRealServer(options.config);
  if (config !== undefined) return run(action, config, options);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  for (const error of errors) process.stderr.write(`${formatDiagnostic(options.config, error)}\n`);
  process.exitCode = 1;
}

async function run(
  action: "apply" | "check" | "remove",
  config: RealServerConfig | undefined,
  { address = [], node = hostname(), runDir, dryRun = false }: RealServerOptions,
): Promise<void> {
  const names = [node, node.split(".")[0] ?? ""];
  process.exitCode = await runRealServer({
    action,
    config,
    addresses: address,
    isDirector: names.some((name) => config?.directors.includes(name)),
    runDirectory: runDir,
    dryRun,
    say: (line) => process.stdout.write(`${line}\n`),
  });
}
