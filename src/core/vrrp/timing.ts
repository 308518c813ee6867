/** The times that VRRP derives from priority and advert interval. */

import { type Duration, microseconds, seconds } from "../units/time.ts";
import type { VirtualRouter, VrrpVersion } from "./model.ts";

/**
 * How much longer a backup of that priority waits than the best one would.
 * Version 3: (256 - priority) * interval / 256 (RFC 9568 §6.1); version 2: (256 - priority) / 256 seconds, whatever
 * the interval (RFC 3768 §6.1).
 */
export function skewTime(version: VrrpVersion, priority: number, advertInterval: Duration): Duration {
  const base = version === 2 ? seconds(1) : advertInterval;
  return microseconds(((256 - priority) * base) / 256);
}

/**
 * Silence of the master for so long makes a backup take over (RFC 9568 §6.1, Active_Down_Interval, where
 * `downTimerAdverts` is 3).
 */
export function masterDownInterval(
  router: Pick<VirtualRouter, "version" | "priority" | "downTimerAdverts">,
  advertInterval: Duration,
): Duration {
  return microseconds(
    router.downTimerAdverts * advertInterval + skewTime(router.version, router.priority, advertInterval),
  );
}

/**
 * A router may be so late before its peers have counted it out: with the interval of silence before it, which is in order,
 * that is as long as a backup of its own priority waits. One of lower priority waits longer.
 */
export function stallBudget(router: VirtualRouter): Duration {
  return microseconds(masterDownInterval(router, router.advertInterval) - router.advertInterval);
}
