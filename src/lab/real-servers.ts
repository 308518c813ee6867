/** Starts and kills the real servers. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./command.ts";
import type { Network } from "./network.ts";
import { processesIn, signalAll } from "./site.ts";

const PROGRAM = fileURLToPath(new URL("real-server.js", import.meta.url));

const CLI = fileURLToPath(new URL("../cli/main.js", import.meta.url));

/** Makes a real server's machine ready for what the directors send it, from their own file. */
export async function prepareRealServer(network: Network, name: string, folder: string): Promise<void> {
  const file = ["--config", join(folder, "relevo.yaml"), "--run-dir", join(folder, `${name}.run`)];
  const command = [process.execPath, CLI, "realserver", "apply", ...file];
  await run("ip", ["netns", "exec", network.namespace(name), ...command]);
}

/** Starts a real server's process on its machine. */
export function startRealServer(network: Network, name: string): void {
  const command = [process.execPath, PROGRAM, name];
  const child = spawn("ip", ["netns", "exec", network.namespace(name), ...command], {
    stdio: "ignore",
    detached: true,
  });
  child.on("error", () => {}); // The checks see it.
}

/** Kills it; its machine stays and refuses connections. */
export function killRealServer(network: Network, name: string): void {
  signalAll(processesIn(network.namespace(name)), "SIGKILL");
}
