/**
 * All real servers with their checks: who is up, and what of it survives a new configuration.
 *
 * A real server is up when all of its checks are; one without checks always is. Over a reconfiguration a real server is
 * the same when its virtual server, address and port are, and a check of it is the same when its probe is, in whatever
 * rhythm: both keep where they stand. A check that is new on a real server that is known starts with that one's verdict,
 * so that a change of configuration neither lets work through to a dead one nor takes a live one out.
 */

import {
  type BalancerConfig,
  type RealServer,
  realServerName,
  type VirtualServer,
} from "../balance/model.ts";
import { type DrainState, drainedWeight } from "../balance/drain.ts";
import type { Share, Standing } from "../balance/table.ts";
import { type Duration, earliest, type Instant } from "../units/time.ts";
import { type CheckState, retimeCheck, startCheck } from "./check.ts";
import type { Check } from "./model.ts";
import { nextStepAt, rampedWeight } from "./slow-start.ts";

/** One check of one real server. Its driver replaces `state`. */
export interface WatchedCheck {
  /** What is the same over a reconfiguration. */
  readonly identity: string;
  check: Check;
  state: CheckState;
}

/** One real server of one virtual server. */
export interface WatchedServer {
  /** Its virtual server's name, such as `tcp 192.0.2.100:80`. */
  readonly virtual: string;
  /** `198.51.100.21:80` */
  readonly real: string;
  /** The weight when up. */
  readonly weight: number;
  /** From its return to that weight. */
  readonly slowStart: Duration;
  /** When it last came up; undefined for one that was up from the start. Its driver sets it. */
  returnedAt: Instant | undefined;
  /** An operator's drain; undefined without one. Its driver sets it. */
  drain: DrainState | undefined;
  readonly checks: readonly WatchedCheck[];
}

/** All real servers, by `rosterKey`. */
export interface Roster extends ReadonlyMap<string, WatchedServer> {
  /** Those that a virtual server lists, in the list's order: to find thousands by their keys takes its time. */
  readonly listed: ReadonlyMap<VirtualServer["realServers"], readonly WatchedServer[]>;
}

/** No real servers. */
export const EMPTY_ROSTER: Roster = Object.assign(new Map<string, WatchedServer>(), { listed: new Map() });

/** The key of a real server of a virtual server. */
export function rosterKey(virtual: string, real: string): string {
  return `${virtual} ${real}`;
}

/** True when a real server is to get work. */
export function isUp(server: WatchedServer): boolean {
  for (const { state } of server.checks) if (!state.up) return false;
  return true;
}

/** What it counts for a quorum: its weight when up, unless it is drained. */
export function effectiveWeight(server: WatchedServer): number {
  return isUp(server) && server.drain === undefined ? server.weight : 0;
}

/** The weight asked of the kernel, less while it starts slowly: 0 also when it is not to be in the table. */
export function tableWeight(server: WatchedServer, now: Instant): number {
  return isUp(server) ? weightWhenUp(server, now) : 0;
}

function weightWhenUp({ weight: full, drain, returnedAt, slowStart }: WatchedServer, now: Instant): number {
  const weight = drain === undefined ? full : 0;
  return returnedAt === undefined ? weight : rampedWeight(weight, returnedAt, slowStart, now);
}

/** When the weight of some real server that starts slowly is to change next; undefined when none does. */
export function nextWeightChange(roster: Roster, now: Instant): Instant | undefined {
  let next: Instant | undefined;
  for (const server of roster.values()) {
    const { returnedAt, slowStart } = server;
    if (returnedAt !== undefined && effectiveWeight(server) > 0)
      next = earliest(next, nextStepAt(returnedAt, slowStart, now));
  }
  return next;
}

/** Whether a real server that is new counts as up until its checks know better; undefined leaves that to its `alpha`. */
export type StartsUp = (virtual: VirtualServer, real: RealServer) => boolean | undefined;

/**
 * The roster of a new configuration. `startsUp` says of real servers that are new where they start; `chance` gives a
 * fresh number in 0..1 at each call. Checks that stay are the same objects, so that a probe under way goes on.
 */
export function reviseRoster(
  roster: Roster,
  config: BalancerConfig,
  startsUp: StartsUp,
  now: Instant,
  chance: () => number,
): Roster {
  const revised = new Map<string, WatchedServer>();
  const listed = new Map<VirtualServer["realServers"], readonly WatchedServer[]>();
  for (const virtual of config.virtualServers) {
    const servers = virtual.realServers.map((real) => {
      const name = realServerName(real);
      const key = rosterKey(virtual.name, name);
      const server = watch(virtual, real, name, roster.get(key), startsUp, now, chance);
      revised.set(key, server);
      return server;
    });
    listed.set(virtual.realServers, servers);
  }
  return Object.assign(revised, { listed });
}

/** The weights of those real servers of a virtual server that are up and not drained, added. */
export function liveWeight(virtual: VirtualServer, roster: Roster): number {
  const servers = roster.listed.get(virtual.realServers) ?? [];
  return servers.reduce((sum, server) => sum + effectiveWeight(server), 0);
}

/** Where the real servers of a virtual server stand, for the table. */
export function standing(virtual: VirtualServer, roster: Roster, hasQuorum: boolean, now: Instant): Standing {
  const servers = roster.listed.get(virtual.realServers) ?? [];
  return {
    hasQuorum,
    share(index) {
      const server = servers[index];
      return server === undefined ? DOWN : shareOf(server, now);
    },
  };
}

const DOWN: Share = { weight: undefined, drain: undefined };

function shareOf(server: WatchedServer, now: Instant): Share {
  const up = isUp(server);
  const weight = up ? weightWhenUp(server, now) : undefined;
  if (server.drain === undefined) return { weight, drain: undefined };
  if (drainedWeight(server.drain) === undefined) return { weight, drain: "removed" };
  // The connections of one that is down do not finish.
  return { weight, drain: up ? "finishing" : undefined };
}

function watch(
  virtual: VirtualServer,
  real: RealServer,
  name: string,
  known: WatchedServer | undefined,
  startsUp: StartsUp,
  now: Instant,
  chance: () => number,
): WatchedServer {
  const up = known === undefined ? startsAs(virtual, real, startsUp) : isUp(known);
  return {
    virtual: virtual.name,
    real: name,
    weight: real.weight,
    slowStart: real.slowStart,
    returnedAt: known?.returnedAt,
    drain: known?.drain,
    checks: real.checks.length === 0 ? UNCHECKED : watchChecks(real, known, up, now, chance),
  };
}

/** There may be thousands of them. */
const UNCHECKED: readonly WatchedCheck[] = [];

function watchChecks(
  real: RealServer,
  known: WatchedServer | undefined,
  up: boolean,
  now: Instant,
  chance: () => number,
): readonly WatchedCheck[] {
  const left = [...(known?.checks ?? [])];
  return real.checks.map((check): WatchedCheck => {
    const identity = probeIdentity(check);
    const index = left.findIndex((candidate) => candidate.identity === identity);
    const [same] = index < 0 ? [] : left.splice(index, 1);
    if (same === undefined) return { identity, check, state: startCheck(check.timing, up, now, chance()) };
    same.check = check;
    same.state = retimeCheck(same.state, check.timing, now);
    return same;
  });
}

function startsAs(virtual: VirtualServer, real: RealServer, startsUp: StartsUp): boolean {
  // Configured as 0 it has weight 0 in the table also when all is well, which therefore tells nothing about it.
  const earlier = real.weight === 0 ? undefined : startsUp(virtual, real);
  return earlier ?? !real.alpha;
}

function probeIdentity(check: Check): string {
  return JSON.stringify(check.probe, (_, value: unknown) =>
    value instanceof Uint8Array ? Array.from(value) : value,
  );
}
