/** A second opinion on what tracked objects do to a router's priority, in the words of docs/config.md. */

import type { Tracked, Verdict } from "../../src/core/track/model.ts";
import { ZERO } from "../../src/core/units/time.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Working } from "./brain.ts";

/** The priority that a router speaks with: 1..254, but for an owner. */
export function priorityOf(router: VirtualRouter, adjustment: number): number {
  if (router.priority === 255) return 255;
  return Math.min(254, Math.max(1, router.priority + adjustment));
}

/** An owner that has given way to another one is, as a backup, the best of those who own nothing, and preempts at once. */
export function standing({ router, state }: Pick<Working, "router" | "state">): VirtualRouter {
  return state.name === "backup" && router.priority === 255
    ? { ...router, priority: 254, preempt: true, preemptDelay: ZERO }
    : router;
}

/** The router with the priority that it speaks, and waits, with. */
export function effective(working: Pick<Working, "router" | "state" | "adjustment">): VirtualRouter {
  const router = standing(working);
  return working.adjustment === 0 || working.router.priority === 255
    ? router
    : { ...router, priority: priorityOf(router, working.adjustment) };
}

/** What is to be added to the priority. */
export function adjustmentOf(
  tracks: readonly Tracked[],
  verdictOf: (tracked: Tracked) => Verdict | undefined,
): number {
  let sum = 0;
  for (const tracked of tracks) {
    const { weight, reverse } = tracked;
    const verdict = verdictOf(tracked);
    const sign = reverse ? -1 : 1;
    if (typeof verdict === "number") {
      const product = sign * weight * verdict;
      if (product >= -253) sum += Math.min(253, product);
    } else if (verdict !== undefined && verdict === weight > 0) sum += sign * weight;
  }
  return sum;
}

/** True while a tracked object keeps a router from working. */
export function isUnfit(
  tracks: readonly Tracked[],
  verdictOf: (tracked: Tracked) => Verdict | undefined,
): boolean {
  return tracks.some((tracked) => {
    const { weight, reverse } = tracked;
    const verdict = verdictOf(tracked);
    if (verdict === undefined) return false;
    if (typeof verdict === "number") {
      if (weight === 0) return (verdict !== 0) !== reverse;
      return (reverse ? -1 : 1) * weight * verdict < -253;
    }
    return weight === 0 && verdict === reverse;
  });
}
