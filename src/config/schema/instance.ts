/**
 * One entry of `vrrp_instances`.
 */

import { z } from "zod";
import { seconds } from "../../core/units/time.ts";
import { virtualAddress } from "./address.ts";
import { announceDelay, announceRefresh, announceRepeat } from "./announcing.ts";
import { duration } from "./duration.ts";
import { priority, vrrpVersion } from "./globals.ts";
import { sourceAddress, unicastPeer } from "./ip-address.ts";
import { interfaceName, ownName, toggle, whole } from "./leaf.ts";

/** A VRRP instance as the file has it. What is optional without a default comes from `global_defs` or `directors`. */
export const instanceSchema = z.strictObject({
  interface: interfaceName(),
  virtual_router_id: whole(1, 255),
  version: vrrpVersion().optional(),
  priority: z.union([priority(), z.map(ownName(), priority())]).optional(),
  // What fits depends on the version, which may be the global one: rules/instances.ts.
  advert_int: duration("10ms", "255s").default(seconds(1)),
  nopreempt: toggle().optional(),
  preempt: toggle().optional(),
  v3_checksum_as_v2: toggle().default(false),
  virtual_ipaddress: z.array(virtualAddress()),
  mcast_src_ip: sourceAddress().optional(),
  unicast_peer: z.array(unicastPeer()).optional(),
  unicast_src_ip: sourceAddress().optional(),
  unicast_ttl: whole(1, 255).optional(),
  check_unicast_src: toggle().optional(),
  garp_master_delay: announceDelay().optional(),
  garp_master_repeat: announceRepeat().optional(),
  garp_master_refresh: announceRefresh().optional(),
  garp_master_refresh_repeat: announceRepeat().optional(),
});
