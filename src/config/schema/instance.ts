/**
 * One entry of `vrrp_instances`.
 */

import { z } from "zod";
import { seconds, ZERO } from "../../core/units/time.ts";

import { announceDelay, announceRefresh, announceRepeat, lowerPriorityRepeat } from "./announcing.ts";
import { authenticationSchema } from "./authentication.ts";
import { duration } from "./duration.ts";
import { downTimerAdverts, priority, vipLease, vrrpVersion } from "./globals.ts";
import { sourceAddress, unicastPeer } from "./ip-address.ts";
import { instanceNotifyShape } from "./notify.ts";
import { choice, interfaceName, ownName, toggle, whole } from "./leaf.ts";
import { routeSchema, ruleSchema } from "./routing.ts";
import { trackShape } from "./tracking.ts";
import { virtualAddress } from "./virtual-address.ts";
import { useIpvlan, useVmac } from "./virtual-link.ts";

/** A VRRP instance as the file has it. What is optional without a default comes from `global_defs` or `directors`. */
export const instanceSchema = z.strictObject({
  interface: interfaceName(),
  virtual_router_id: whole(1, 255),
  version: vrrpVersion().optional(),
  // Who is master is decided by priority; that the file says otherwise is told: rules/mastership.ts.
  state: choice({ MASTER: "master", BACKUP: "backup" }).optional(),
  priority: z.union([priority(), z.map(ownName(), priority())]).optional(),
  // What fits depends on the version, which may be the global one: rules/instances.ts.
  advert_int: duration("10ms", "255s").default(seconds(1)),
  down_timer_adverts: downTimerAdverts().optional(),
  nopreempt: toggle().optional(),
  preempt: toggle().optional(),
  preempt_delay: duration("0s", "1000s").default(ZERO),
  v3_checksum_as_v2: toggle().optional(),
  strict_mode: toggle().optional(),
  accept: toggle().optional(),
  no_accept: toggle().optional(),
  virtual_ipaddress: z.array(virtualAddress()),
  virtual_ipaddress_excluded: z.array(virtualAddress()).default([]),
  virtual_routes: z.array(routeSchema).default([]),
  virtual_rules: z.array(ruleSchema).default([]),
  vip_lease: vipLease().optional(),
  promote_secondaries: toggle().default(false),
  authentication: authenticationSchema.optional(),
  mcast_src_ip: sourceAddress().optional(),
  unicast_peer: z.array(unicastPeer()).optional(),
  unicast_src_ip: sourceAddress().optional(),
  unicast_ttl: whole(1, 255).optional(),
  check_unicast_src: toggle().optional(),
  use_vmac: useVmac().optional(),
  vmac_xmit_base: toggle().optional(),
  use_ipvlan: useIpvlan().optional(),
  ...instanceNotifyShape,
  garp_master_delay: announceDelay().optional(),
  garp_master_repeat: announceRepeat().optional(),
  garp_master_refresh: announceRefresh().optional(),
  garp_master_refresh_repeat: announceRepeat().optional(),
  garp_lower_prio_delay: announceDelay().optional(),
  garp_lower_prio_repeat: lowerPriorityRepeat().optional(),
  lower_prio_no_advert: toggle().optional(),
  higher_prio_send_advert: toggle().optional(),
  owner_ignore_adverts: toggle().optional(),
  ...trackShape,
});
