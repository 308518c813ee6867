/**
 * A virtual router's effective priority: the configured one, and what the objects that it tracks add to it or take from
 * it (keepalived's weights). It is the one in adverts, comparisons and waits.
 *
 * An owner is master at once and never gives way but to another owner, which is a mistake in somebody's configuration. So
 * an owner that is a backup has lost its addresses to another one; until it is master again it counts as the best of those
 * who own nothing.
 */

import { ZERO } from "../units/time.ts";
import type { VirtualRouter } from "./model.ts";
import type { State } from "./state.ts";

/** The owner of an address (RFC 9568 §6.1); no tracked object alters it, and none makes anybody else one. */
export const OWNER = 255;
/** The least that a master speaks with: 0 on the wire means that it lets go. */
export const LEAST = 1;
const MOST = 254;

/** The effective priority, 1..254; 255 for an owner. */
export function effectivePriority({ priority }: Pick<VirtualRouter, "priority">, adjustment: number): number {
  return priority === OWNER ? OWNER : Math.max(LEAST, Math.min(MOST, priority + adjustment));
}

/** The router with its effective priority. */
export function withAdjustment(router: VirtualRouter, adjustment: number): VirtualRouter {
  return adjustment === 0 ? router : { ...router, priority: effectivePriority(router, adjustment) };
}

/** The router as it stands in that state: an owner that has given way to another owner is one no more, and preempts. */
export function asItStands(router: VirtualRouter, state: State["name"]): VirtualRouter {
  return state === "backup" && router.priority === OWNER
    ? { ...router, priority: MOST, preempt: true, preemptDelay: ZERO }
    : router;
}
