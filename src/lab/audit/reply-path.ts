/**
 * The way of the replies: with NAT each comes to the client through a director, which gives it the virtual address; with
 * direct routing and tunnels each comes from the real server itself, around both directors. The hardware address that a
 * reply leaves from says who sent it.
 */

import type { Instant } from "../../core/units/time.ts";
import type { Observation, Reply } from "../observation.ts";
import { DIRECTORS, type Method, REAL_SERVERS } from "../plan.ts";
import { clock, type Verdict, verdict } from "./verdict.ts";

/** Judges every reply up to `end`. */
export function auditReplyPath(method: Method, seen: readonly Observation[], end: Instant): Verdict {
  const senders: readonly string[] = method === "nat" ? DIRECTORS : REAL_SERVERS;
  const replies = seen.filter((item): item is Reply => item.type === "reply" && item.at < end);
  const counts = new Map<string, number>();
  for (const { machine } of replies) counts.set(machine, 1 + (counts.get(machine) ?? 0));
  const astray = new Map<string, Reply>();
  for (const reply of replies)
    if (!senders.includes(reply.machine) && !astray.has(reply.machine)) astray.set(reply.machine, reply);
  const breaches = [...astray].map(
    ([machine, { at }]) => `${counts.get(machine)} replies came from ${machine}, the first at ${clock(at)}`,
  );
  const told = [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `${name} ${count}`);
  const rule = method === "nat" ? "replies through the director" : "replies around the director";
  return verdict(rule, breaches, replies.length, `${replies.length} replies: ${told.join(", ")}`);
}
