/**
 * Where a test runs that needs the kernel's IPVS and root: here when both are at hand, else in a guest (scripts/guest),
 * where the same file is started again. Its TAP becomes a subtest of the file that asked, so that every assertion and
 * every failure counts as if it had been made here.
 *
 *     if (hasIpvs(t, import.meta.url)) {
 *       t.test("…", …);
 *     }
 *
 * In the guest the project is read-only: a test that writes does so below os.tmpdir().
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { TAP } from "tap";

/** Below tap's own limit for a file, so that the guest says why it ended. */
const LIMIT_S = 230;

/** Whether this file's tests are to run here: we are root and the kernel has ip_vs. Else they run in the guest. */
export function hasIpvs(t: TAP, testUrl: string): boolean {
  return runsHereIf(isRoot() && kernelHasIpvs(), t, testUrl);
}

/** True, or false once the whole file has been handed to the guest. */
export function runsHereIf(here: boolean, t: TAP, testUrl: string): boolean {
  // A guest that has not got it either must fail, not start a guest of its own.
  if (here || process.env.RELEVO_GUEST !== undefined) return true;
  const file = fileURLToPath(testUrl);
  const guest = resolve("scripts/guest");
  const command = [process.execPath, "--enable-source-maps", file];
  t.spawn(
    guest,
    ["--limit", String(LIMIT_S), "--", ...command],
    { env: { ...process.env, TAP: "1", TAP_TIMEOUT: String(LIMIT_S) } },
    "in the guest",
  );
  return false;
}

/** Whether we are root, and in earnest: root in a container may be forbidden to make a network namespace. */
export function isRoot(): boolean {
  if (process.geteuid?.() !== 0) return false;
  const namespace = `relevo-trial-${process.pid}`;
  const ip = (...args: string[]) => spawnSync("ip", args, { stdio: "ignore", timeout: 10_000 }).status === 0;
  try {
    return ip("netns", "add", namespace) && ip("-n", namespace, "link", "set", "lo", "up");
  } finally {
    ip("netns", "del", namespace);
  }
}

/** Whether the kernel has ip_vs. */
export function kernelHasIpvs(): boolean {
  if (!existsSync("/proc/net/ip_vs")) spawnSync("modprobe", ["ip_vs"], { stdio: "ignore", timeout: 10_000 });
  return existsSync("/proc/net/ip_vs");
}
