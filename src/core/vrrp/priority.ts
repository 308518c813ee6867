/**
 * A virtual router's effective priority: the configured one, and what the objects that it tracks add to it or take from
 * it (keepalived's weights). It is the one in adverts, comparisons and waits.
 */

import type { VirtualRouter } from "./model.ts";

/** The owner of an address (RFC 9568 §6.1); no tracked object alters it, and none makes anybody else one. */
const OWNER = 255;
/** 0 on the wire means that a master lets go. */
const LEAST = 1;
const MOST = 254;

/** The effective priority, 1..254; 255 for an owner. */
export function effectivePriority({ priority }: Pick<VirtualRouter, "priority">, adjustment: number): number {
  return priority === OWNER ? OWNER : Math.max(LEAST, Math.min(MOST, priority + adjustment));
}

/** The router with its effective priority. */
export function withAdjustment(router: VirtualRouter, adjustment: number): VirtualRouter {
  return adjustment === 0 ? router : { ...router, priority: effectivePriority(router, adjustment) };
}
