/**
 * `--keep`: the lab stays up for somebody to look inside. On the host it is left and how to look is printed; in the
 * guest, which ends with the lab, the terminal gets a shell.
 */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isGuest } from "./place.ts";
import { folderOf, keep, namespaceOf } from "./site.ts";
import type { Timeline } from "./timeline.ts";

/** Leaves the lab to the operator. True when it is to stay up after we have ended. */
export function handOver(run: number, machines: readonly string[], timeline: Timeline): boolean {
  if (!isGuest()) {
    keep(run);
    timeline.print(hints(run));
    return true;
  }
  if (process.stdin.isTTY !== true) {
    timeline.print("The guest ends now: to look inside, --keep needs a terminal on stdin.");
    return false;
  }
  const startup = join(folderOf(run), "shell");
  writeFileSync(startup, shellFunctions(run, machines));
  timeline.print("\nA shell in the guest. The lab ends with it (exit, or Ctrl-D). Look inside with, say:\n");
  timeline.print(
    "  lvs2 ip address      lvs2 ipvsadm -ln      lvs2 curl -s localhost:9165/metrics      client curl -s 192.0.2.100\n",
  );
  spawnSync("bash", ["--rcfile", startup, "-i"], { stdio: "inherit" });
  return false;
}

function hints(run: number): string {
  const inside = (machine: string) => `ip netns exec ${namespaceOf(run, machine)}`;
  return `
The lab stays up. Look inside with, say:

  ${inside("lvs2")} ip address
  ${inside("lvs2")} ipvsadm -ln
  ${inside("lvs2")} curl -s http://127.0.0.1:9165/metrics
  ${inside("client")} curl http://192.0.2.100/
  tail -f ${folderOf(run)}/lvs2.log

and remove it with: npm run lab -- --clean`;
}

/** One function for each machine that runs a command on it. */
function shellFunctions(run: number, machines: readonly string[]): string {
  const functions = machines.map((name) => `${name}() { ip netns exec ${namespaceOf(run, name)} "$@"; }`);
  return `${functions.join("\n")}\nPS1='lab> '\n`;
}
