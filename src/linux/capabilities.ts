/** What this process may do, by its effective capabilities (capabilities(7), linux/capability.h). */

import { readFileSync } from "node:fs";

/** Those that a director cannot do without, by their bit. */
const NEEDED = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n } as const;

/** The names of the capabilities that a director needs and this process lacks. */
export function missingCapabilities(): readonly string[] {
  const status = readFileSync("/proc/self/status", "latin1");
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return Object.entries(NEEDED).flatMap(([name, bit]) => ((effective >> bit) & 1n ? [] : [name]));
}
