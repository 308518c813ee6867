/**
 * One entry of `virtual_servers`, with its real servers.
 */

import { z } from "zod";
import type { ForwardingMethod, Protocol, Scheduler } from "../../core/balance/model.ts";
import { hostAddress } from "./address.ts";
import { checkSchema, connectTimeout, timingShape } from "./check.ts";
import { choice, toggle, whole } from "./leaf.ts";

const forwarding = choice<ForwardingMethod>({ NAT: "nat", DR: "dr" });

const realServerSchema = z.strictObject({
  address: hostAddress(),
  port: whole(1, 65_535).optional(),
  weight: whole(0, 65_535).default(1),
  lvs_method: forwarding.optional(),
  inhibit_on_failure: toggle().optional(),
  ...timingShape,
  connect_timeout: connectTimeout,
  checks: z.array(checkSchema).default([]),
});

/** A virtual server as the file has it. */
export const virtualServerSchema = z.strictObject({
  address: hostAddress(),
  port: whole(1, 65_535),
  protocol: choice<Protocol>({ TCP: "tcp", UDP: "udp" }).default("tcp"),
  lvs_sched: choice<Scheduler>({ rr: "rr", wrr: "wrr", lc: "lc", wlc: "wlc" }).default("wlc"),
  lvs_method: forwarding.default("nat"),
  inhibit_on_failure: toggle().optional(),
  ...timingShape,
  connect_timeout: connectTimeout,
  real_servers: z.array(realServerSchema).default([]),
});
