/** Short commands, each with an end in sight. */

import { execFile } from "node:child_process";

const TIMEOUT_MS = 20_000;

/** Runs a command and gives its stdout; a failure says which command and what it said. */
export function run(command: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, killSignal: "SIGKILL", maxBuffer: 1 << 24 } as const;
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ")}: ${stderr.trim() || error.message}`));
    });
    // Gone before it has read its input: the exit status says why.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** Runs lines of `ip`, in a namespace when one is named. */
export async function ip(lines: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ["-n", namespace];
  await run("ip", [...where, "-batch", "-"], `${lines.join("\n")}\n`);
}
