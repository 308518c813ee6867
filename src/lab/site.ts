/**
 * Where a run of the lab lives: its namespaces, named `relevo-<pid>-<machine>`, and one folder for files. Everything
 * that the lab starts runs inside one of the namespaces, so a run is removed by ending whatever is in them and deleting
 * them; that also works from outside for a run whose own process was killed.
 *
 * Removing is synchronous, so that it can be done while the process exits.
 */

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAMESPACES = "/run/netns";
const KEPT = "kept";

/** The namespace of a machine, or of the switch. */
export function namespaceOf(run: number, machine: string): string {
  return `relevo-${run}-${machine}`;
}

/** The folder of a run. */
export function folderOf(run: number): string {
  return join(tmpdir(), `relevo-lab-${run}`);
}

/** Makes the folder of a run. */
export function makeFolder(run: number): void {
  mkdirSync(folderOf(run), { mode: 0o700 });
}

/** The processes in a namespace. */
export function processesIn(namespace: string): readonly number[] {
  const file = join(NAMESPACES, namespace);
  if (!existsSync(file)) return [];
  const wanted = `net:[${statSync(file).ino}]`;
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name) && namespaceLink(name) === wanted)
    .map(Number);
}

function namespaceLink(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // It has ended, or has no namespace any more because it is ending.
  }
}

/** Sends all of them a signal; one that has ended by itself needs none. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // Ended already.
    }
  }
}

/** Ends and deletes everything of a run. */
export function removeRun(run: number): void {
  const namespaces = allNamespaces().filter((name) => runOf(name) === run);
  for (const namespace of namespaces) signalAll(processesIn(namespace), "SIGKILL");
  const lines = namespaces.map((name) => `netns del ${name}\n`).join("");
  if (lines !== "") spawnSync("ip", ["-force", "-batch", "-"], { input: lines, timeout: 20_000 });
  rmSync(folderOf(run), { recursive: true, force: true });
}

/** Marks a run as left up on purpose. */
export function keep(run: number): void {
  writeFileSync(join(folderOf(run), KEPT), "");
}

/** The runs of which something is left though their process is gone; those kept on purpose only when asked for. */
export function leftovers(kept: boolean): readonly number[] {
  const folders = readdirSync(tmpdir()).map((name) => /^relevo-lab-([0-9]+)$/.exec(name)?.[1]);
  const runs = new Set([...allNamespaces().map(runOf), ...folders.map(Number)]);
  return [...runs]
    .filter((run): run is number => run !== undefined && Number.isInteger(run))
    .filter((run) => !isRunning(run))
    .filter((run) => kept || !existsSync(join(folderOf(run), KEPT)));
}

function allNamespaces(): readonly string[] {
  return existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [];
}

function runOf(namespace: string): number | undefined {
  const run = /^relevo-([0-9]+)-/.exec(namespace)?.[1];
  return run === undefined ? undefined : Number(run);
}

/** Whether that process is a lab; another one may have got its number since. */
function isRunning(run: number): boolean {
  if (run === process.pid) return true;
  try {
    return readFileSync(`/proc/${run}/cmdline`, "utf8").includes("lab/main.js");
  } catch {
    return false;
  }
}
