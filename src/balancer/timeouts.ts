/**
 * How long the kernel remembers connections (`lvs_timeouts`): kept at what is configured, and put back where it is not.
 * The value from before us is on record before it is written over.
 */

import type { LvsTimeouts } from "../core/balance/model.ts";
import type { Ipvs } from "../linux/ipvs.ts";
import type { Footprint } from "./footprint.ts";

/** No wishes. */
export const NO_TIMEOUTS: LvsTimeouts = { tcp: undefined, tcpFin: undefined, udp: undefined };

const NAMES = ["tcp", "tcpFin", "udp"] as const;

/** Brings the kernel's timeouts to `wanted`. Throws KernelError. */
export async function keepTimeouts(ipvs: Ipvs, wanted: LvsTimeouts, footprint: Footprint): Promise<void> {
  const before = footprint.originalTimeouts();
  const concerned = NAMES.filter((name) => wanted[name] !== undefined || before[name] !== undefined);
  if (concerned.length === 0) return;
  const found = await ipvs.timeouts();
  const target = { ...NO_TIMEOUTS };
  const originals = { ...before };
  for (const name of concerned) {
    const value = wanted[name] ?? before[name];
    originals[name] ??= found[name];
    if (value !== found[name]) target[name] = value;
  }
  footprint.noteOriginalTimeouts(originals);
  if (NAMES.some((name) => target[name] !== undefined)) await ipvs.setTimeouts(target);
  for (const name of concerned) if (wanted[name] === undefined) originals[name] = undefined;
  footprint.noteOriginalTimeouts(originals);
}
