/** `lvs_sync_daemon`: keepalived's words, each with its key. */

import { z } from "zod";
import type { Ipv4 } from "../../core/units/ipv4.ts";
import { anyMulticastGroup } from "./ip-address.ts";
import { interfaceName, ownName, whole } from "./leaf.ts";

/** The kernel's own: IP_VS_SYNC_GROUP and IP_VS_SYNC_PORT of net/netfilter/ipvs/ip_vs_sync.c, and a TTL of one hop. */
const GROUP = "224.0.0.81" as Ipv4;
const PORT = 8_848;

/** The daemons' settings. */
export const syncDaemonSchema = z.strictObject({
  interface: interfaceName(),
  instance: ownName().optional(),
  id: whole(0, 255).optional(),
  maxlen: whole(1, 65_507).optional(),
  port: whole(1, 65_535).default(PORT),
  ttl: whole(1, 255).default(1),
  group: anyMulticastGroup().default(GROUP),
});
