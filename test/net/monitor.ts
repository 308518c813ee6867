/** `ip monitor`: every change of a host's network that the kernel tells of. */

import { type Host, until } from "./namespace.ts";

/** Something that is not there but for a moment. */
const SIGN = ["198.51.100.77/32", "dev", "eth1"] as const;

/** The lines that it prints from now on, a line for each thing with `-o`; `address` is among what it is to tell of. */
export async function monitor(host: Host, ...options: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  const child = host.spawn("stdbuf", "-oL", "ip", ...options);
  child.stdout?.on("data", (text: Buffer) => lines.push(...text.toString().split("\n").filter(Boolean)));
  // It says nothing when it is ready; so something is done until it has seen it.
  await until("ip monitor listens", () => {
    host.ip("address", "replace", ...SIGN, "valid_lft", "99", "preferred_lft", "99");
    return lines.length > 0;
  });
  host.ip("address", "del", ...SIGN);
  await until("ip monitor has seen the end of it", () => lines.some((line) => line.startsWith("Deleted")));
  lines.length = 0;
  return lines;
}
