/**
 * What holds for the whole director: `global_defs`, `metrics`, `directors`.
 */

import { z } from "zod";
import { type Duration, seconds, ZERO } from "../../core/units/time.ts";
import { VRRP_GROUP, VRRP_GROUP6 } from "../../core/wire/vrrp.ts";
import { listenAddress } from "./address.ts";
import {
  announceDelay,
  announceInterval,
  announceRefresh,
  announceRepeat,
  lowerPriorityRepeat,
} from "./announcing.ts";
import { duration, wholeSeconds } from "./duration.ts";
import { pathAddressesSchema } from "./heartbeat.ts";
import { multicastGroup } from "./ip-address.ts";
import { ipvsSysctlsSchema } from "./ipvs-sysctls.ts";
import { syncDaemonSchema } from "./sync-daemon.ts";
import { absolutePath, fifoShape } from "./notify.ts";
import { ownName, toggle, userName, whole } from "./leaf.ts";
import { vmacPrefix } from "./virtual-link.ts";

/** `version` and `vrrp_version`. */
export function vrrpVersion(): z.ZodType<2 | 3> {
  return whole(2, 3) as z.ZodType<2 | 3>;
}

/** A VRRP priority. */
export function priority(): z.ZodType<number> {
  return whole(1, 255);
}

/** `down_timer_adverts` and `vrrp_down_timer_adverts`. */
export function downTimerAdverts(): z.ZodType<number> {
  return whole(1, 100);
}

/** `vip_lease`: zero is no lease. */
export function vipLease(): z.ZodType<Duration> {
  const none = z
    .union([z.literal(false).describe("false"), z.literal(0).describe("0")])
    .transform(() => ZERO);
  return z.union([none, duration("1s", "1h")]) as z.ZodType<Duration>;
}

/** Whom scripts run as when the file does not say. */
export const DEFAULT_SCRIPT_USER = "nobody";

/** `lvs_timeouts`: what the kernel's own limit allows, INT_MAX / HZ. */
const lvsTimeoutsSchema = z.strictObject({
  tcp: wholeSeconds("1s", "596h").optional(),
  tcpfin: wholeSeconds("1s", "596h").optional(),
  udp: wholeSeconds("1s", "596h").optional(),
});

/** `metrics.real_servers_max`: six gauges and five counters each, and two counters for each check. */
const TRAFFIC_SERIES_MAX = 20_000;

/** `global_defs`. */
export const globalsSchema = z.strictObject({
  script_user: userName().optional(),
  ...fifoShape,
  lvs_timeouts: lvsTimeoutsSchema.default({}),
  lvs_sync_daemon: syncDaemonSchema.optional(),
  lvs_active_only: toggle().default(false),
  ipvs_sysctls: ipvsSysctlsSchema.default({}),
  maintenance_directory: absolutePath().optional(),
  rs_init_notifies: toggle().default(false),
  vrrp_notify_priority_changes: toggle().default(false),
  vrrp_version: vrrpVersion().default(2),
  vrrp_strict: toggle().default(false),
  vrrp_down_timer_adverts: downTimerAdverts().default(3),
  vrrp_startup_delay: duration("0s", "1h").default(ZERO),
  vrrp_rt_priority: whole(0, 99).default(50),
  vip_lease: vipLease().default(seconds(3)),
  vrrp_mcast_group4: multicastGroup(4).default(VRRP_GROUP),
  vrrp_mcast_group6: multicastGroup(6).default(VRRP_GROUP6),
  vmac_prefix: vmacPrefix().default("vrrp"),
  // What they are when left out depends on vrrp_min_garp: build/failover.ts.
  vrrp_garp_master_delay: announceDelay().optional(),
  vrrp_garp_master_repeat: announceRepeat().optional(),
  vrrp_garp_master_refresh: announceRefresh().default(seconds(60)),
  vrrp_garp_master_refresh_repeat: announceRepeat().default(1),
  vrrp_garp_lower_prio_delay: announceDelay().optional(),
  vrrp_garp_lower_prio_repeat: lowerPriorityRepeat().optional(),
  vrrp_min_garp: toggle().default(false),
  vrrp_garp_interval: announceInterval().default(ZERO),
  vrrp_gna_interval: announceInterval().default(ZERO),
  vrrp_lower_prio_no_advert: toggle().default(false),
  vrrp_higher_prio_send_advert: toggle().optional(),
  vrrp_owner_ignore_adverts: toggle().default(false),
});

/** `metrics.real_servers_max` where it is not said. */
export const REAL_SERVERS_MAX = 1_000;

/** `metrics`: where they are served, or false. */
export const metricsSchema = z.union([
  z.literal(false).describe("false"),
  z.strictObject({
    address: listenAddress().default("127.0.0.1"),
    port: whole(1, 65_535).default(9_165),
    real_servers_max: whole(0, TRAFFIC_SERIES_MAX).default(REAL_SERVERS_MAX),
  }),
]);

/** `directors`: the machines that carry the file. */
export const directorsSchema = z.map(
  ownName(),
  z.strictObject({ priority: priority(), addresses: pathAddressesSchema.optional() }),
);
