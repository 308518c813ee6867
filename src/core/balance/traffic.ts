/**
 * From the kernel's counters, look by look, to what each virtual and real server had to do since the look before.
 *
 * The kernel's counters begin anew when a service or destination is added anew, and when somebody zeroes them; an earlier
 * life of the balancer has told of what was there at the first look.
 */

import type { Check } from "../health/model.ts";
import type { WireConnections as Connections } from "../wire/ipvs.ts";
import type { DestinationCounters, Traffic } from "../wire/ipvs-counters.ts";
import { type RealServer, realServerName, type SorryServer, type VirtualServer } from "./model.ts";
import { type ServiceId, serviceKey } from "./service.ts";
import { destinationId, destinationKey } from "./table.ts";

/** What the kernel counts for a service, and for its destinations by `destinationKey`. */
export interface ServiceCounters {
  readonly traffic: Traffic | undefined;
  readonly destinations: ReadonlyMap<string, DestinationCounters>;
}

/** What the kernel counts for services, by `serviceKey`. */
export type TableCounters = ReadonlyMap<string, ServiceCounters>;

/** The counters as they were seen last, those of destinations that are gone included: they may come back with them. */
export type Ledger = TableCounters;

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
  const ledger = new Map<string, ServiceCounters>();
  const shares: Share[] = [];
  const increase = before === undefined ? () => NO_TRAFFIC : increaseSince;
  let servers = 0;
  for (const virtual of virtualServers) {
    const looks = virtual.services.map((id) => lookAt(id, before, counters));
    const total = { traffic: NO_TRAFFIC, connections: NO_CONNECTIONS };
    const own: Share[] = [];
    for (const real of serversOf(virtual)) {
      let traffic = NO_TRAFFIC;
      let connections = NO_CONNECTIONS;
      for (const { id, last, now, gone } of looks) {
        const key = destinationKey(destinationId(real, id));
        const known = last?.destinations.get(key);
        const found = now?.destinations.get(key);
        if (found === undefined && known !== undefined) gone.set(key, known);
        traffic = addTraffic(traffic, increase(known?.traffic, found?.traffic));
        connections = addConnections(connections, found?.connections ?? NO_CONNECTIONS);
      }
      total.connections = addConnections(total.connections, connections);
      servers += 1;
      if (servers <= seriesMax)
        own.push({ virtual: virtual.name, real: realServerName(real), traffic, connections });
    }
    for (const look of looks) {
      total.traffic = addTraffic(total.traffic, increase(look.last?.traffic, look.now?.traffic));
      const seen = seenLast(look);
      if (seen !== undefined) ledger.set(look.key, seen);
    }
    shares.push({ virtual: virtual.name, real: undefined, ...total }, ...own);
  }
  return { ledger, shares, untold: Math.max(0, servers - seriesMax) };
}

/** A real or sorry server that has series of its own. */
export interface ToldServer {
  readonly virtual: string;
  readonly real: string;
  /** None for a sorry server. */
  readonly checks: readonly Check[];
}

/** The first `seriesMax` of the real and sorry servers, in the configuration's order. */
export function toldServers(
  virtualServers: readonly VirtualServer[],
  seriesMax: number,
): readonly ToldServer[] {
  const all = virtualServers.flatMap((virtual) =>
    serversOf(virtual).map((server) => ({
      virtual: virtual.name,
      real: realServerName(server),
      checks: "checks" in server ? server.checks : [],
    })),
  );
  return all.slice(0, seriesMax);
}

/** One service, before and now. */
interface ServiceLook {
  readonly id: ServiceId;
  readonly key: string;
  readonly last: ServiceCounters | undefined;
  readonly now: ServiceCounters | undefined;
  /** What was seen last of its destinations that are not there now. */
  readonly gone: Map<string, DestinationCounters>;
}

function lookAt(id: ServiceId, before: Ledger | undefined, counters: TableCounters): ServiceLook {
  const key = serviceKey(id);
  return { id, key, last: before?.get(key), now: counters.get(key), gone: new Map() };
}

function seenLast({ last, now, gone }: ServiceLook): ServiceCounters | undefined {
  if (gone.size === 0) return now ?? last;
  const destinations = new Map([...(now?.destinations ?? []), ...gone]);
  return { traffic: now?.traffic ?? last?.traffic, destinations };
}

/** The real servers and the sorry server, which may be one of them. */
function serversOf({ realServers, sorryServer }: VirtualServer): readonly (RealServer | SorryServer)[] {
  if (sorryServer === undefined) return realServers;
  const isThere = realServers.some((real) => realServerName(real) === realServerName(sorryServer));
  return isThere ? realServers : [...realServers, sorryServer];
}

/** How much more there is than before; one that was not there before, or has begun anew, began with nought. */
function increaseSince(last: Traffic | undefined, now: Traffic | undefined): Traffic {
  if (now === undefined) return NO_TRAFFIC;
  return last === undefined || hasBegunAnew(last, now) ? now : difference(last, now);
}

function hasBegunAnew(last: Traffic, now: Traffic): boolean {
  return (
    now.connections < last.connections ||
    now.packetsIn < last.packetsIn ||
    now.packetsOut < last.packetsOut ||
    now.bytesIn < last.bytesIn ||
    now.bytesOut < last.bytesOut
  );
}

function difference(last: Traffic, now: Traffic): Traffic {
  return {
    connections: now.connections - last.connections,
    packetsIn: now.packetsIn - last.packetsIn,
    packetsOut: now.packetsOut - last.packetsOut,
    bytesIn: now.bytesIn - last.bytesIn,
    bytesOut: now.bytesOut - last.bytesOut,
  };
}

function addTraffic(one: Traffic, other: Traffic): Traffic {
  return {
    connections: one.connections + other.connections,
    packetsIn: one.packetsIn + other.packetsIn,
    packetsOut: one.packetsOut + other.packetsOut,
    bytesIn: one.bytesIn + other.bytesIn,
    bytesOut: one.bytesOut + other.bytesOut,
  };
}

function addConnections(one: Connections, other: Connections): Connections {
  return {
    active: one.active + other.active,
    inactive: one.inactive + other.inactive,
    persistent: one.persistent + other.persistent,
  };
}
