/** The times that VRRP derives from priority and advert interval. */

import { type Duration, microseconds, seconds } from "../units/time.ts";
import type { VirtualRouter, VrrpVersion } from "./model.ts";

/** A backup waits for so many advert intervals, plus skew (RFC 9568 §6.1). */
const MISSED_ADVERTS = 3;

/**
 * How much longer a backup of that priority waits than the best one would.
 * Version 3: (256 - priority) * interval / 256 (RFC 9568 §6.1); version 2: (256 - priority) / 256 seconds, whatever
 * the interval (RFC 3768 §6.1).
 */
export function skewTime(version: VrrpVersion, priority: number, advertInterval: Duration): Duration {
  const base = version === 2 ? seconds(1) : advertInterval;
  return microseconds(((256 - priority) * base) / 256);
}

/** Silence of the master for so long makes a backup take over (RFC 9568 §6.1, Active_Down_Interval). */
export function masterDownInterval(
  router: Pick<VirtualRouter, "version" | "priority">,
  advertInterval: Duration,
): Duration {
  return microseconds(
    MISSED_ADVERTS * advertInterval + skewTime(router.version, router.priority, advertInterval),
  );
}
