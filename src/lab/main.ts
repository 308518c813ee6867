/**
 * The lab: `npm run lab`. The same pair that runs on two machines, on one machine, with a story of failures and a
 * verdict on each rule. This file decides where it runs and sees to it that nothing is left behind.
 */

import { fileURLToPath } from "node:url";
import { handOver } from "./inspection.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { isGuest, runInGuest, whyNotHere } from "./place.ts";
import { IN_GUEST, machines, ON_HOST } from "./plan.ts";
import { leftovers, makeFolder, removeRun } from "./site.ts";
import { playStory } from "./story.ts";
import { summarize } from "./summary.ts";
import { Stopwatch } from "./stopwatch.ts";
import { Timeline } from "./timeline.ts";

const RUN = process.pid;

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "number") return options;
  const reason = whyNotHere(options.method);
  if (options.clean) return clean();
  if (reason === undefined) return runHere(options);
  if (isGuest()) throw new Error(`the guest is of no use: ${reason}`);
  process.stdout.write(`The lab runs in a guest, as ${reason}.\n`);
  return runInGuest(fileURLToPath(import.meta.url), args, options.keep);
}

function readOptions(args: readonly string[]): Options | number {
  try {
    const options = parseOptions(args);
    if (!options.help) return options;
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
}

function clean(): number {
  const runs = leftovers(true);
  for (const run of runs) removeRun(run);
  process.stdout.write(`Removed ${runs.length} runs of the lab.\n`);
  return 0;
}

async function runHere({ method, keep }: Options): Promise<number> {
  for (const run of leftovers(false)) removeRun(run);
  removeAtExit();
  makeFolder(RUN);
  const allowance = isGuest() ? IN_GUEST : ON_HOST;
  const verdicts = await playStory(RUN, method, allowance);
  const timeline = new Timeline(new Stopwatch());
  const where = `${method}, ${isGuest() ? "in the guest, with the allowances of a slow machine" : "on this machine"}`;
  const held = summarize(timeline, verdicts, where);
  const names = machines(method).map(({ name }) => name);
  if (keep && handOver(RUN, names, timeline)) process.removeAllListeners("exit");
  return held ? 0 : 1;
}

/** However we end, short of SIGKILL, nothing stays; after that the next run takes it away. */
function removeAtExit(): void {
  process.on("exit", () => removeRun(RUN));
  process.on("SIGINT", () => process.exit(130));
  process.on("SIGTERM", () => process.exit(143));
  process.on("SIGHUP", () => process.exit(129));
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`lab: ${(error as Error).stack}\n`);
  process.exit(1);
}
