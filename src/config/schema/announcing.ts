/**
 * How claimed addresses are announced: the same settings for all instances and for one.
 */

import type { z } from "zod";
import type { Duration } from "../../core/units/time.ts";
import { duration } from "./duration.ts";
import { whole } from "./leaf.ts";

/** garp_master_delay: zero means no second burst. */
export function announceDelay(): z.ZodType<Duration> {
  return duration("0s", "1h");
}

/** vrrp_garp_interval and vrrp_gna_interval: zero means that nothing waits. */
export function announceInterval(): z.ZodType<Duration> {
  return duration("0s", "10s");
}

/** garp_master_repeat and garp_master_refresh_repeat: at least one, since claimed means announced. */
export function announceRepeat(): z.ZodType<number> {
  return whole(1, 100);
}

/** garp_lower_prio_repeat: zero means no announcement. */
export function lowerPriorityRepeat(): z.ZodType<number> {
  return whole(0, 100);
}

/** garp_master_refresh: zero means never. */
export function announceRefresh(): z.ZodType<Duration> {
  return duration("0s", "24h");
}
