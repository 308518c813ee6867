/** Whether the lab can run on this kernel, or else needs the guest. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Method } from "./plan.ts";
import { namespaceOf } from "./site.ts";

const GUEST = fileURLToPath(new URL("../../../scripts/guest", import.meta.url));
const LIMIT_S = 600;
/** Long enough to look around in it. */
const KEPT_LIMIT_S = 86_400;

/** Whether this is the guest. */
export function isGuest(): boolean {
  return process.env.RELEVO_GUEST !== undefined;
}

/** Why the lab cannot run right here; undefined when it can. */
export function whyNotHere(method: Method): string | undefined {
  if (process.geteuid?.() !== 0) return "we are not root";
  if (!existsSync("/proc/net/ip_vs")) spawnSync("modprobe", ["ip_vs"], { stdio: "ignore", timeout: 10_000 });
  if (!existsSync("/proc/net/ip_vs")) return "the kernel has no ip_vs";
  return whyNoInterfaces(method);
}

/** Tries a namespace, and in it the monitor that the witnesses need, and a tunnel when one is asked for. */
function whyNoInterfaces(method: Method): string | undefined {
  const kinds = method === "tun" ? ["nlmon", "ipip"] : ["nlmon"];
  for (const kind of kinds) spawnSync("modprobe", [kind], { stdio: "ignore", timeout: 10_000 });
  const namespace = namespaceOf(process.pid, "trial");
  const ip = (...args: string[]) => spawnSync("ip", args, { stdio: "ignore", timeout: 10_000 }).status === 0;
  try {
    if (!ip("netns", "add", namespace)) return "we may not make a network namespace";
    const missing = kinds.find(
      (kind) => !ip("-n", namespace, "link", "add", `trial-${kind}`, "type", kind, ...localOf(kind)),
    );
    return missing && `the kernel has no ${missing}`;
  } finally {
    ip("netns", "del", namespace);
  }
}

/** A tunnel with neither end is there already: the one that comes with the module. */
function localOf(kind: string): readonly string[] {
  return kind === "ipip" ? ["local", "192.0.2.1"] : [];
}

/** Runs the lab in the guest, as if it ran here, and gives its exit status. */
export function runInGuest(main: string, args: readonly string[], keep: boolean): Promise<number> {
  const terminal = keep && process.stdin.isTTY ? ["--terminal"] : [];
  const limit = ["--limit", String(terminal.length > 0 ? KEPT_LIMIT_S : LIMIT_S)];
  const command = [process.execPath, "--enable-source-maps", main, ...args];
  const child = spawn(GUEST, [...limit, ...terminal, "--", ...command], { stdio: "inherit" });
  // The guest ends on these signals by itself, and its status says so.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (status) => resolve(status ?? 1));
  });
}
