/** A copy of what was built with one thing broken, run by itself. The working tree and dist stay as they are. */

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutation } from "./mutations.ts";

/** Where the build is that this file is part of. */
const BUILT = fileURLToPath(new URL("../../", import.meta.url));

/** What the simulator says of a mutant: the rule that it breaks, at which seed. */
export interface Verdict {
  readonly caught: { readonly rule: string; readonly seed: number } | undefined;
  readonly seconds: number;
}

/** Makes the copy, runs `main` of the simulator in it, and removes it. */
export async function judge({ file, find, replace, seeds }: Mutation): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), "relevo-mutant-"));
  try {
    cpSync(join(BUILT, "src/core"), join(folder, "src/core"), { recursive: true });
    cpSync(join(BUILT, "test/sim"), join(folder, "test/sim"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    const path = join(folder, file);
    writeFileSync(path, broken(readFileSync(path, "utf8"), find, replace, file));
    const begun = process.uptime();
    const output = await ran(join(folder, "test/sim/main.js"), seeds);
    const [, seed, rule] = /^seed (\d+): rule (\S+) broken/m.exec(output) ?? [];
    const caught = seed === undefined || rule === undefined ? undefined : { rule, seed: Number(seed) };
    if (caught === undefined && !/^\d+ seeds from/m.test(output))
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

function ran(main: string, seeds: number): Promise<string> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [main, "--seeds", String(seeds), "--workers", "1"]);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
    child.stderr.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
    child.on("close", () => done(output));
  });
}
