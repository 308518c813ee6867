/**
 * The kernel's IPVS table: to read what is ours of it, and to change it, one operation at a time.
 *
 * A dump of a service that is not there is empty and no error, and a dump that a change runs into may leave something
 * out. So what is read here is never final: who changes the table reads it again afterwards.
 */

import type { ConnectionTable, CountedDestination } from "../core/balance/connection-list.ts";
import {
  destinationOf,
  serviceOf,
  wireDestination,
  wireDestinationId,
  wireService,
  wireServiceId,
} from "../core/balance/kernel-table.ts";
import type { LvsTimeouts } from "../core/balance/model.ts";
import type { Operation, Plan } from "../core/balance/plan.ts";
import { operationText } from "../core/balance/plan-text.ts";
import { engineModule, schedulerModule } from "../core/balance/refusal.ts";
import { type ServiceId, serviceFamily, serviceKey } from "../core/balance/service.ts";
import { type Destination, destinationKey, type Service, type Table } from "../core/balance/table.ts";
import type { ServiceCounters, TableCounters } from "../core/balance/traffic.ts";
import {
  AF_INET,
  AF_INET6,
  decodeService,
  decodeTimeouts,
  destinationAttributes,
  encodeBare,
  encodeService,
  encodeServiceId,
  encodeTimeouts,
  IPVS_CMD_DEL_DEST,
  IPVS_CMD_DEL_SERVICE,
  IPVS_CMD_GET_CONFIG,
  IPVS_CMD_GET_DEST,
  IPVS_CMD_GET_SERVICE,
  IPVS_CMD_NEW_DEST,
  IPVS_CMD_NEW_SERVICE,
  IPVS_CMD_SET_DEST,
  IPVS_CMD_SET_SERVICE,
  IPVS_FAMILY,
  putDestination,
  putDestinationId,
  readConnections,
  readDestination,
  type WireServiceId,
  type WireTimeouts,
} from "../core/wire/ipvs.ts";
import {
  decodeServiceTraffic,
  type DestinationCounters,
  readDestinationCounters,
} from "../core/wire/ipvs-counters.ts";
import type { Attributes, NetlinkWriter } from "../core/wire/netlink.ts";
import { type GenericNetlinkFamily, openGenericNetlink } from "./generic-netlink-socket.ts";
import { KernelError } from "./kernel-error.ts";
import { loadModule } from "./kernel-module.ts";

/** The kernel's IPVS table of this network namespace. */
export interface Ipvs {
  /**
   * The services that can be ours; with their destinations only those that `wanted` says yes to, as each costs a dump of
   * its own. Throws KernelError.
   */
  observe(wanted: (key: string) => boolean): Promise<Table>;
  /** Sees to it that the kernel has what a plan needs, as far as it can be had. */
  prepare(plan: Plan): Promise<void>;
  /** Carries out operations in their order: what the kernel refused, by place. Throws NetlinkLost. */
  apply(operations: Plan): Promise<ReadonlyMap<number, KernelError>>;
  /**
   * What the kernel counts for the destinations of those of these services that are there; each costs a dump. Throws
   * KernelError.
   */
  connections(services: readonly ServiceId[]): Promise<ConnectionTable>;
  /** How long the kernel remembers connections. */
  timeouts(): Promise<WireTimeouts>;
  /** Changes that. */
  setTimeouts(timeouts: LvsTimeouts): Promise<void>;
  /** Closes the sockets. */
  close(): void;
}

/** Hears what the kernel counts for the services that were looked at, and which services are there. */
type CountersListener = (counters: TableCounters, isThere: (key: string) => boolean) => void;

/** Opens the table; undefined when the kernel has no IPVS. `counted` is called after each look. Throws KernelError. */
export async function openIpvs(counted: CountersListener = () => {}): Promise<Ipvs | undefined> {
  const family = await openIpvsFamily();
  return family && onFamily(family, counted);
}

/** Opens the netlink family, for which the module may have to be loaded; undefined when the kernel has no IPVS. */
export async function openIpvsFamily(): Promise<GenericNetlinkFamily | undefined> {
  const family = await openGenericNetlink(IPVS_FAMILY);
  if (family !== undefined) return family;
  await loadModule("ip_vs");
  return openGenericNetlink(IPVS_FAMILY);
}

/** A service without destinations looks in a dump like one that is not there. */
async function isThere(family: GenericNetlinkFamily, service: ServiceId): Promise<boolean> {
  const message = encodeServiceId(IPVS_CMD_GET_SERVICE, wireServiceId(service));
  try {
    await family.ask(`look for the IPVS service ${serviceKey(service)}`, message);
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errno === "ESRCH") return false;
    throw error;
  }
}

function onFamily(family: GenericNetlinkFamily, counted: CountersListener): Ipvs {
  return {
    async observe(wanted) {
      const table = new Map<string, Service>();
      const counters = new Map<string, ServiceCounters>();
      for (const part of await family.dump("list the IPVS services", encodeBare(IPVS_CMD_GET_SERVICE))) {
        const wire = decodeService(part);
        if (wire === undefined) throw new KernelError("understand an IPVS service", "EPROTO");
        const service = serviceOf(wire);
        if (service === undefined) continue;
        const key = serviceKey(service.id);
        if (!wanted(key)) {
          table.set(key, { ...service, destinations: new Map() });
          continue;
        }
        const found = await observeDestinations(family, service.id);
        table.set(key, { ...service, destinations: found.destinations });
        counters.set(key, { traffic: decodeServiceTraffic(part), destinations: found.counters });
      }
      counted(counters, (key) => table.has(key));
      return table;
    },
    async prepare(plan) {
      await Promise.all([...neededModules(plan)].map(loadModule));
    },
    apply(operations) {
      const services = new Map<ServiceId, WireServiceId>();
      const wireOf = (id: ServiceId): WireServiceId => {
        const known = services.get(id);
        if (known !== undefined) return known;
        const wire = wireServiceId(id);
        services.set(id, wire);
        return wire;
      };
      return family.requests(operations, {
        operation: (operation) => `ipvsadm ${operationText(operation)}`,
        write: (operation, to) => write(to, operation, wireOf(operation.service)),
      });
    },
    async connections(services) {
      const table = new Map<string, Map<string, CountedDestination>>();
      for (const service of services) {
        const found = new Map<string, CountedDestination>();
        for (const part of await dumpDestinations(family, service)) {
          const values = destinationAttributes(part);
          const { id, settings } = understood(values, service);
          const counts = values && readConnections(values);
          if (counts === undefined) throw new KernelError("understand an IPVS destination", "EPROTO");
          found.set(destinationKey(id), { id, weight: settings.weight, counts });
        }
        if (found.size === 0 && !(await isThere(family, service))) continue;
        table.set(serviceKey(service), found);
      }
      return table;
    },
    async timeouts() {
      const operation = "ask for the IPVS timeouts";
      const answer = await family.ask(operation, encodeBare(IPVS_CMD_GET_CONFIG));
      const timeouts = answer && decodeTimeouts(answer);
      if (timeouts === undefined) throw new KernelError(operation, "EPROTO");
      return timeouts;
    },
    setTimeouts(timeouts) {
      const { tcp = 0, tcpFin = 0, udp = 0 } = timeouts;
      return family.request(`ipvsadm --set ${tcp} ${tcpFin} ${udp}`, encodeTimeouts(timeouts));
    },
    close() {
      family.close();
    },
  };
}

async function observeDestinations(
  family: GenericNetlinkFamily,
  service: ServiceId,
): Promise<{
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly counters: ReadonlyMap<string, DestinationCounters>;
}> {
  const destinations = new Map<string, Destination>();
  const counters = new Map<string, DestinationCounters>();
  for (const part of await dumpDestinations(family, service)) {
    const values = destinationAttributes(part);
    const destination = understood(values, service);
    const key = destinationKey(destination.id);
    destinations.set(key, destination);
    counters.set(key, readDestinationCounters(values));
  }
  return { destinations, counters };
}

function dumpDestinations(family: GenericNetlinkFamily, service: ServiceId): Promise<readonly Uint8Array[]> {
  const message = encodeServiceId(IPVS_CMD_GET_DEST, wireServiceId(service));
  return family.dump(`list the destinations of ${serviceKey(service)}`, message);
}

function understood(values: Attributes | undefined, service: ServiceId): Destination {
  const wire = readDestination(values, serviceFamily(service) === 6 ? AF_INET6 : AF_INET);
  if (wire === undefined) throw new KernelError("understand an IPVS destination", "EPROTO");
  return destinationOf(wire);
}

/** Schedulers and persistence engines are modules of their own. */
function neededModules(plan: Plan): Set<string> {
  const modules = new Set<string>();
  for (const operation of plan) {
    if (operation.type !== "add-service" && operation.type !== "edit-service") continue;
    const { scheduler, engine } = operation.settings;
    modules.add(schedulerModule(scheduler));
    if (engine !== "") modules.add(engineModule(engine));
  }
  return modules;
}

function write(to: NetlinkWriter, operation: Operation, service: WireServiceId): void {
  switch (operation.type) {
    case "add-service":
      return to.raw(encodeService(IPVS_CMD_NEW_SERVICE, wireService(operation.service, operation.settings)));
    case "edit-service":
      return to.raw(encodeService(IPVS_CMD_SET_SERVICE, wireService(operation.service, operation.settings)));
    case "delete-service":
      return to.raw(encodeServiceId(IPVS_CMD_DEL_SERVICE, service));
    case "add-destination":
      return putDestination(
        to,
        IPVS_CMD_NEW_DEST,
        service,
        wireDestination(operation.destination, operation.settings),
      );
    case "edit-destination":
      return putDestination(
        to,
        IPVS_CMD_SET_DEST,
        service,
        wireDestination(operation.destination, operation.settings),
      );
    case "delete-destination":
      return putDestinationId(to, IPVS_CMD_DEL_DEST, service, wireDestinationId(operation.destination));
  }
}
