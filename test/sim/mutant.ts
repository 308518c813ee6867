/** A copy of what was built with one thing broken, run by itself. The working tree and dist stay as they are. */

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutation } from "./mutations.ts";

/** Where the build is that this file is part of. */
const BUILT = fileURLToPath(new URL("../../", import.meta.url));

/** What judges a mutant: the simulator with its seeds, or the search with its states. */
export type Judge = "seed" | "state";

/** What is said of a mutant: the rule that it breaks, at which seed, or after how many states. */
export interface Verdict {
  readonly caught: { readonly rule: string; readonly at: number } | undefined;
  readonly seconds: number;
}

/** Makes the copy, runs its judge in it, and removes it. */
export async function judge(
  { file, find, replace, seeds, rule }: Mutation,
  by: Judge = "seed",
  most = seeds,
): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), "relevo-mutant-"));
  try {
    for (const part of ["src/core", "src/failover", "src/linux", "test/sim"])
      cpSync(join(BUILT, part), join(folder, part), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    const path = join(folder, file);
    writeFileSync(path, broken(readFileSync(path, "utf8"), find, replace, file));
    const begun = process.uptime();
    const main = by === "seed" ? "test/sim/main.js" : "test/sim/exhaustive/main.js";
    const limit = by === "seed" ? ["--workers", "1", "--seeds"] : ["--states"];
    const only = by === "seed" && rule !== undefined ? ["--rule", rule] : [];
    const output = await ran([join(folder, main), ...only, ...limit, String(most)]);
    const [, at, seenBy] = /^(?:seed|state) (\d+): rule (\S+) broken/m.exec(output) ?? [];
    const caught = at === undefined || seenBy === undefined ? undefined : { rule: seenBy, at: Number(at) };
    if (caught === undefined && !/^\d+ (seeds|states)/m.test(output))
      throw new Error(`the mutant did not run: ${output}`);
    return { caught, seconds: process.uptime() - begun };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The text with the one occurrence replaced. */
export function broken(text: string, find: string, replace: string, file: string): string {
  const count = text.split(find).length - 1;
  if (count !== 1) throw new Error(`${file} has this ${count} times, not once: ${find}`);
  return text.replace(find, () => replace);
}

/** Where a file of the build is. */
export function built(file: string): string {
  return join(BUILT, file);
}

function ran(command: readonly string[]): Promise<string> {
  return new Promise((done) => {
    const child = spawn(process.execPath, command);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
    child.stderr.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
    child.on("close", () => done(output));
  });
}
