/**
 * From the kernel's counters, look by look, to what each virtual and real server had to do since the look before.
 *
 * The kernel's counters begin anew when a service or destination is added anew, and when somebody zeroes them; an earlier
 * life of the balancer has told of what was there at the first look.
 */

import type { WireConnections as Connections } from "../wire/ipvs.ts";
import type { DestinationCounters, Traffic } from "../wire/ipvs-counters.ts";
import { realServerName, type VirtualServer } from "./model.ts";
import { serviceKey } from "./service.ts";
import { destinationId, destinationKey } from "./table.ts";

/** What the kernel counts for a service, and for its destinations by `destinationKey`. */
export interface ServiceCounters {
  readonly traffic: Traffic | undefined;
  readonly destinations: ReadonlyMap<string, DestinationCounters>;
}

/** What the kernel counts for services, by `serviceKey`. */
export type TableCounters = ReadonlyMap<string, ServiceCounters>;

/** The counters as they were seen last, those of destinations that are gone included: they may come back with them. */
export type Ledger = ReadonlyMap<string, Traffic>;

/** What a virtual server had to do, or one of its real servers. */
export interface Share {
  readonly virtual: string;
  /** Undefined for the virtual server as a whole. */
  readonly real: string | undefined;
  /** Since the look before. */
  readonly traffic: Traffic;
  /** At this look. */
  readonly connections: Connections;
}

/** What a look has brought. */
export interface Account {
  readonly ledger: Ledger;
  readonly shares: readonly Share[];
  /** Real servers that are counted in their virtual server's share only. */
  readonly untold: number;
}

const NO_TRAFFIC: Traffic = { connections: 0, packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0 };
const NO_CONNECTIONS: Connections = { active: 0, inactive: 0, persistent: 0 };

/**
 * One look more. `before` is undefined at the first. Of real and sorry servers the first `seriesMax`, in the
 * configuration's order, have a share of their own.
 */
export function account(
  before: Ledger | undefined,
  counters: TableCounters,
  virtualServers: readonly VirtualServer[],
  seriesMax: number,
): Account {
  const ledger = new Map<string, Traffic>();
  const shares: Share[] = [];
  let servers = 0;

  /** Brings the ledger up to date; how much more there is than before. */
  function increase(key: string, now: Traffic | undefined): Traffic {
    const last = before?.get(key);
    const known = now ?? last;
    if (known !== undefined) ledger.set(key, known);
    if (now === undefined || before === undefined) return NO_TRAFFIC;
    return last === undefined || hasBegunAnew(last, now) ? now : difference(last, now);
  }

  for (const virtual of virtualServers) {
    const total: { traffic: Traffic; connections: Connections } = {
      traffic: NO_TRAFFIC,
      connections: NO_CONNECTIONS,
    };
    const own: Share[] = [];
    for (const real of serversOf(virtual)) {
      let traffic = NO_TRAFFIC;
      let connections = NO_CONNECTIONS;
      for (const id of virtual.services) {
        const service = serviceKey(id);
        const destination = destinationKey(destinationId(real, id));
        const found = counters.get(service)?.destinations.get(destination);
        traffic = sum(traffic, increase(`${service} ${destination}`, found?.traffic));
        connections = sum(connections, found?.connections ?? NO_CONNECTIONS);
      }
      total.connections = sum(total.connections, connections);
      servers += 1;
      if (servers <= seriesMax)
        own.push({ virtual: virtual.name, real: realServerName(real), traffic, connections });
    }
    for (const id of virtual.services) {
      const service = serviceKey(id);
      total.traffic = sum(total.traffic, increase(service, counters.get(service)?.traffic));
    }
    shares.push({ virtual: virtual.name, real: undefined, ...total }, ...own);
  }
  return { ledger, shares, untold: Math.max(0, servers - seriesMax) };
}

/** The real servers and the sorry server, which may be one of them. */
function serversOf({ realServers, sorryServer }: VirtualServer): readonly Named[] {
  if (sorryServer === undefined) return realServers;
  const isThere = realServers.some((real) => realServerName(real) === realServerName(sorryServer));
  return isThere ? realServers : [...realServers, sorryServer];
}

type Named = Parameters<typeof realServerName>[0];

function hasBegunAnew(last: Traffic, now: Traffic): boolean {
  return (Object.keys(now) as (keyof Traffic)[]).some((name) => now[name] < last[name]);
}

function difference(last: Traffic, now: Traffic): Traffic {
  return combined(now, last, (a, b) => a - b);
}

function sum<Counts extends Traffic | Connections>(one: Counts, other: Counts): Counts {
  return combined(one, other, (a, b) => a + b);
}

function combined<Counts extends Traffic | Connections>(
  one: Counts,
  other: Counts,
  operation: (a: number, b: number) => number,
): Counts {
  const entries = (Object.keys(one) as (keyof Counts)[]).map((name) => [
    name,
    operation(Number(one[name]), Number(other[name])),
  ]);
  return Object.fromEntries(entries) as Counts;
}
