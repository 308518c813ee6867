/**
 * From the table that the kernel has to the one that is asked for, as a list of operations in an order in which the
 * table is of use at every step:
 *
 * 1. A service comes before its destinations, and destinations that take work come before those that lose it. So a
 *    service that has work to give, before and after, has somebody to give it to at every step in between.
 * 2. Services that are no longer asked for go last.
 *
 * Only services that are asked for or owned are touched. A service that somebody else made under an identity which is
 * configured as ours is ours: it is brought to what is asked for. All others stay as they are; there is no operation
 * that could empty the table.
 */

import type { Tunnel } from "./model.ts";
import { asKnown } from "./tunnel-knowledge.ts";
import { type ServiceId, serviceKey } from "./service.ts";
import {
  type Destination,
  type DestinationId,
  destinationKey,
  type DestinationSettings,
  type Service,
  type ServiceSettings,
  type Table,
} from "./table.ts";

/** One change of the kernel's table. */
export type Operation =
  | { readonly type: "add-service"; readonly service: ServiceId; readonly settings: ServiceSettings }
  | { readonly type: "edit-service"; readonly service: ServiceId; readonly settings: ServiceSettings }
  | { readonly type: "delete-service"; readonly service: ServiceId }
  | {
      readonly type: "add-destination";
      readonly service: ServiceId;
      readonly destination: DestinationId;
      readonly settings: DestinationSettings;
    }
  | {
      readonly type: "edit-destination";
      readonly service: ServiceId;
      readonly destination: DestinationId;
      readonly settings: DestinationSettings;
    }
  | {
      readonly type: "delete-destination";
      readonly service: ServiceId;
      readonly destination: DestinationId;
    };

/** Operations in the order in which they are to be carried out. */
export type Plan = readonly Operation[];

/** What turns `observed` into `desired`. `owned` are services of an earlier configuration or life of ours. */
export function plan(desired: Table, observed: Table, owned: readonly ServiceId[]): Plan {
  const operations: Operation[] = [];
  for (const [key, service] of desired) planService(service, observed.get(key), operations);
  const deleted = new Set<string>();
  for (const service of owned) {
    const key = serviceKey(service);
    if (desired.has(key) || !observed.has(key) || deleted.has(key)) continue;
    deleted.add(key);
    operations.push({ type: "delete-service", service });
  }
  return operations;
}

/** What an operation is about: `tcp 192.0.2.100:80`, or `tcp 192.0.2.100:80 198.51.100.21:80` for a destination. */
export function subject(operation: Operation): string {
  const key = serviceKey(operation.service);
  return "destination" in operation ? `${key} ${destinationKey(operation.destination)}` : key;
}

function planService(service: Service, observed: Service | undefined, operations: Operation[]): void {
  const { id, settings, destinations } = service;
  if (observed === undefined) operations.push({ type: "add-service", service: id, settings });
  else if (!sameService(settings, observed.settings))
    operations.push({ type: "edit-service", service: id, settings });
  planDestinations(id, destinations, observed?.destinations ?? NONE, operations);
}

const NONE: ReadonlyMap<string, Destination> = new Map();

function planDestinations(
  service: ServiceId,
  desired: ReadonlyMap<string, Destination>,
  observed: ReadonlyMap<string, Destination>,
  operations: Operation[],
): void {
  const others: Operation[] = [];
  for (const [key, { id: destination, settings }] of desired) {
    const found = observed.get(key);
    const present = found?.settings;
    const step = settings.weight > 0 && !(present !== undefined && present.weight > 0) ? operations : others;
    if (present === undefined) step.push({ type: "add-destination", service, destination, settings });
    else if (!sameDestination(asKnown(settings, found?.kernelKnows), present))
      step.push({ type: "edit-destination", service, destination, settings });
  }
  for (const operation of others) operations.push(operation);
  for (const [key, { id: destination }] of observed)
    if (!desired.has(key)) operations.push({ type: "delete-destination", service, destination });
}

function sameService(one: ServiceSettings, other: ServiceSettings): boolean {
  return (
    one.scheduler === other.scheduler &&
    one.flags === other.flags &&
    one.timeout === other.timeout &&
    one.netmask === other.netmask &&
    one.engine === other.engine
  );
}

function sameDestination(one: DestinationSettings, other: DestinationSettings): boolean {
  return (
    one.method === other.method &&
    sameTunnel(one.tunnel, other.tunnel) &&
    one.weight === other.weight &&
    one.upperThreshold === other.upperThreshold &&
    one.lowerThreshold === other.lowerThreshold
  );
}

function sameTunnel(one: Tunnel | undefined, other: Tunnel | undefined): boolean {
  return one?.type === other?.type && one?.port === other?.port && one?.checksum === other?.checksum;
}
