/**
 * What the table that an earlier life of the balancer left in the kernel says about real servers: it goes on from there, so
 * that a balancer which is started again neither lets work through to a dead one nor changes what works.
 */

import type { RealServer, SorryServer, VirtualServer } from "../balance/model.ts";
import { type ServiceId, serviceKey } from "../balance/service.ts";
import { destinationId, destinationKey, type Service, type Table } from "../balance/table.ts";
import type { Instant } from "../units/time.ts";
import { isUp, type Roster, type StartsUp, type WatchedServer } from "./roster.ts";
import { returnOf } from "./slow-start.ts";

/** A table that was found, and the keys of the services in it that were on record as ours. */
export interface Heritage {
  readonly observed: Table;
  readonly owned: ReadonlySet<string>;
}

/** Who starts as up: those that worked in all services that were there. It says nothing of virtual servers without any. */
export function adoptedVerdicts(heritage: Heritage): StartsUp {
  if (heritage.owned.size === 0) return () => undefined;
  return (virtual, real) => {
    const weights = inherited(virtual, heritage).map(([id, service]) => weightIn(service, id, real));
    return weights.length === 0 ? undefined : weights.every((weight) => weight > 0);
  };
}

/** Whether a virtual server had its quorum: its sorry server was not at work. Undefined when nothing of it was there. */
export function adoptedQuorum(virtual: VirtualServer, heritage: Heritage): boolean | undefined {
  const services = inherited(virtual, heritage);
  if (services.length === 0) return undefined;
  const { sorryServer } = virtual;
  return (
    sorryServer === undefined || services.every(([id, service]) => weightIn(service, id, sorryServer) === 0)
  );
}

/**
 * Who was on the way to the weight that is configured (`slow_start`), and since when, as far as the weight in the table
 * tells: in small weights several steps are one.
 */
export function adoptedReturns(
  virtualServers: readonly VirtualServer[],
  roster: Roster,
  heritage: Heritage,
  now: Instant,
): ReadonlyMap<WatchedServer, Instant> {
  const returns = new Map<WatchedServer, Instant>();
  for (const virtual of virtualServers) {
    const services = inherited(virtual, heritage);
    for (const [index, server] of (roster.listed.get(virtual.realServers) ?? []).entries()) {
      const real = virtual.realServers[index];
      if (real === undefined || services.length === 0 || !isUp(server)) continue;
      const found = Math.min(...services.map(([id, service]) => weightIn(service, id, real)));
      const since = returnOf(found, real.weight, real.slowStart, now);
      if (since !== undefined) returns.set(server, since);
    }
  }
  return returns;
}

function inherited(
  { services }: VirtualServer,
  { observed, owned }: Heritage,
): readonly (readonly [ServiceId, Service])[] {
  return services.flatMap((id) => {
    const key = serviceKey(id);
    const service = owned.has(key) ? observed.get(key) : undefined;
    return service === undefined ? [] : [[id, service] as const];
  });
}

function weightIn(service: Service, id: ServiceId, server: RealServer | SorryServer): number {
  return service.destinations.get(destinationKey(destinationId(server, id)))?.settings.weight ?? 0;
}
