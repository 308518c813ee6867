/**
 * One entry of `virtual_servers`, with its real servers.
 */

import { z } from "zod";
import type { Scheduler } from "../../core/balance/model.ts";
import type { Protocol } from "../../core/balance/service.ts";
import type { Family } from "../../core/units/ip-address.ts";
import { type Duration, seconds } from "../../core/units/time.ts";
import { checkSchema, connectTimeout, timingShape } from "./check.ts";
import { duration } from "./duration.ts";
import { forwarding } from "./forwarding.ts";
import { ipHost } from "./ip-address.ts";
import { argument, choice, ownName, toggle, userName, whole } from "./leaf.ts";
import { granularity, persistenceTimeout } from "./persistence.ts";
import { firewallMark, groupEntry, serverRange } from "./range.ts";

const SCHEDULERS = [
  "rr",
  "wrr",
  "lc",
  "wlc",
  "lblc",
  "lblcr",
  "sh",
  "mh",
  "dh",
  "fo",
  "ovf",
  "sed",
  "nq",
  "twos",
];

/** The keys that name a scheduler's flag, and its number; those with a scheduler's name are for that one only. */
export const SCHEDULER_FLAGS = {
  "flag-1": 1,
  "flag-2": 2,
  "flag-3": 3,
  "sh-fallback": 1,
  "sh-port": 2,
  "mh-fallback": 1,
  "mh-port": 2,
} as const;

/** The most that the weights of a virtual server's real servers can add up to and still be meant. */
const QUORUM_MAX = 1_000_000_000;

function slowStart(): z.ZodType<Duration> {
  return duration("0s", "24h");
}

const realServerSchema = z.strictObject({
  address: serverRange(),
  port: whole(0, 65_535).optional(),
  weight: whole(0, 65_535).default(1),
  lvs_method: forwarding().optional(),
  uthreshold: whole(0, 0x7fffffff).default(0),
  lthreshold: whole(0, 0x7fffffff).default(0),
  inhibit_on_failure: toggle().optional(),
  alpha: toggle().optional(),
  slow_start: slowStart().optional(),
  notify_up: z.array(argument()).optional(),
  notify_down: z.array(argument()).optional(),
  ...timingShape,
  connect_timeout: connectTimeout,
  checks: z.array(checkSchema).default([]),
});

const sorryServerSchema = z.strictObject({ address: ipHost(), port: whole(0, 65_535).optional() });

/** A virtual server as the file has it. */
export const virtualServerSchema = z.strictObject({
  address: ipHost().optional(),
  port: whole(0, 65_535).optional(),
  fwmark: firewallMark().optional(),
  group: ownName().optional(),
  ip_family: choice<Family>({ inet: 4, inet6: 6 }).optional(),
  protocol: choice<Protocol>({ TCP: "tcp", UDP: "udp", SCTP: "sctp" }).default("tcp"),
  lvs_sched: choice<Scheduler>(
    Object.fromEntries(SCHEDULERS.map((name) => [name, name])) as Record<Scheduler, Scheduler>,
  ).default("wlc"),
  "flag-1": toggle().default(false),
  "flag-2": toggle().default(false),
  "flag-3": toggle().default(false),
  "sh-port": toggle().default(false),
  "sh-fallback": toggle().default(false),
  "mh-port": toggle().default(false),
  "mh-fallback": toggle().default(false),
  ops: toggle().default(false),
  hashed: toggle().default(false),
  lvs_method: forwarding().default({ method: "nat", tunnel: undefined }),
  persistence_timeout: persistenceTimeout().nullable().optional(),
  persistence_granularity: granularity().optional(),
  persistence_engine: choice<"sip">({ sip: "sip" }).optional(),
  quorum: whole(1, QUORUM_MAX).default(1),
  hysteresis: whole(0, QUORUM_MAX).default(0),
  quorum_up: z.array(argument()).optional(),
  quorum_down: z.array(argument()).optional(),
  notify_user: userName().optional(),
  notify_timeout: duration("10ms", "1h").default(seconds(30)),
  alpha: toggle().default(false),
  slow_start: slowStart().optional(),
  omega: toggle().default(false),
  ha_suspend: toggle().default(false),
  sorry_server: sorryServerSchema.optional(),
  sorry_server_inhibit: toggle().default(false),
  sorry_server_lvs_method: forwarding().optional(),
  inhibit_on_failure: toggle().optional(),
  ...timingShape,
  connect_timeout: connectTimeout,
  real_servers: z.array(realServerSchema).default([]),
});

/** `virtual_server_groups`: services that have real servers in common. */
export const virtualServerGroupsSchema = z.map(ownName(), z.array(groupEntry()));
