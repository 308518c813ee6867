/** Starts and kills the real servers. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Network } from "./network.ts";
import { processesIn, signalAll } from "./site.ts";

const PROGRAM = fileURLToPath(new URL("real-server.js", import.meta.url));

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
