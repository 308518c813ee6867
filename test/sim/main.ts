/**
 * `npm run sim -- [--seeds N] [--from N] [--seconds S] [--workers N] [--rule NAME]`, `npm run sim -- --seed N`
 *
 * Runs seeds and says how fast; stops at the first one that breaks a rule and shows what happened.
 */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { Rule } from "./rule.ts";
import { RULES } from "./rules/all.ts";
import { run } from "./run.ts";

/** What a worker is told: its seeds, and when to end. */
interface Share {
  readonly from: number;
  readonly stride: number;
  readonly seeds: number;
  readonly until: number;
  /** The only rule to be watched; undefined: all. */
  readonly rule: string | undefined;
}

/** What it says, now and then and at its end. */
interface Progress {
  readonly done: number;
  readonly failed: number | undefined;
  readonly ended: boolean;
}

const REPORT_EACH = 200;

if (isMainThread) await main();
else work(workerData as Share);

function work({ from, stride, seeds, until, rule }: Share): void {
  const tell = (progress: Progress) => parentPort?.postMessage(progress);
  let done = 0;
  for (let seed = from; seed < from + seeds * stride; seed += stride) {
    if (done % REPORT_EACH === 0 && process.uptime() > until) break;
    if (run(seed, false, rulesNamed(rule)).violation !== undefined)
      return tell({ done, failed: seed, ended: true });
    done += 1;
    if (done % REPORT_EACH === 0) tell({ done, failed: undefined, ended: false });
  }
  tell({ done, failed: undefined, ended: true });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "100000" },
      seed: { type: "string" },
      rule: { type: "string" },
      from: { type: "string", default: "0" },
      seconds: { type: "string" },
      workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
    },
  });
  if (values.seed !== undefined) {
    process.exitCode = show(Number(values.seed), values.rule);
    return;
  }
  const workers = Number(values.workers);
  const from = Number(values.from);
  const each = Math.ceil(Number(values.seeds) / workers);
  const until = values.seconds === undefined ? Infinity : process.uptime() + Number(values.seconds);
  const begun = process.uptime();
  const shares = Array.from({ length: workers }, (_, index) => ({
    from: from + index,
    stride: workers,
    seeds: each,
    until,
    rule: values.rule,
  }));
  const ends = await Promise.all(shares.map(inWorker));
  const seeds = ends.reduce((sum, { done }) => sum + done, 0);
  const failed = ends.flatMap((end) => end.failed ?? []).sort((a, b) => a - b);
  const took = process.uptime() - begun;
  console.log(
    `${seeds} seeds from ${from} in ${took.toFixed(1)} s: ${Math.round(seeds / took)} a second with ${workers} workers`,
  );
  const [first] = failed;
  if (first !== undefined) process.exitCode = show(first, values.rule);
}

function rulesNamed(name: string | undefined): readonly Rule[] {
  return RULES.filter((rule) => name === undefined || rule.name === name);
}

function inWorker(share: Share): Promise<Progress> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    worker.on("message", (progress: Progress) => {
      if (progress.ended) resolve(progress);
    });
    worker.on("error", reject);
  });
}

/** Shows one run in full. */
function show(seed: number, rule: string | undefined): number {
  const { violation, at, trace } = run(seed, true, rulesNamed(rule));
  for (const line of trace) console.log(line);
  if (violation === undefined) {
    console.log(`seed ${seed}: no rule was broken in ${at / 1_000_000} s`);
    return 0;
  }
  console.log(`seed ${seed}: rule ${violation.rule} broken at ${at / 1_000_000} s: ${violation.message}`);
  console.log(`again: npm run sim -- --seed ${seed}`);
  return 1;
}
