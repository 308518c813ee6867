/**
 * The kernel's IPVS table: to read what is ours of it, and to change it, one operation at a time.
 *
 * A dump of a service that is not there is empty and no error, and a dump that a change runs into may leave something
 * out. So what is read here is never final: who changes the table reads it again afterwards.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  destinationOf,
  serviceOf,
  wireDestination,
  wireDestinationId,
  wireService,
  wireServiceId,
} from "../core/balance/kernel-table.ts";
import type { Operation } from "../core/balance/plan.ts";
import { operationText } from "../core/balance/plan-text.ts";
import {
  type Destination,
  destinationKey,
  type Service,
  type ServiceId,
  serviceKey,
  type Table,
} from "../core/balance/table.ts";
import {
  AF_INET,
  decodeDestination,
  decodeService,
  encodeBare,
  encodeDestination,
  encodeDestinationId,
  encodeService,
  encodeServiceId,
  IPVS_CMD_DEL_DEST,
  IPVS_CMD_DEL_SERVICE,
  IPVS_CMD_GET_DEST,
  IPVS_CMD_GET_SERVICE,
  IPVS_CMD_NEW_DEST,
  IPVS_CMD_NEW_SERVICE,
  IPVS_CMD_SET_DEST,
  IPVS_CMD_SET_SERVICE,
  IPVS_FAMILY,
} from "../core/wire/ipvs.ts";
import { type GenericNetlinkFamily, openGenericNetlink } from "./generic-netlink-socket.ts";
import { KernelError } from "./kernel-error.ts";

const MODPROBE_TIMEOUT_MS = 10_000;

/** The kernel's IPVS table of this network namespace. */
export interface Ipvs {
  /**
   * The services that can be ours; with their destinations only those that `wanted` says yes to, as each costs a dump of
   * its own. Throws KernelError.
   */
  observe(wanted: (key: string) => boolean): Promise<Table>;
  /** Carries out one operation. Several may be under way together: they take effect in the order of the calls. */
  apply(operation: Operation): Promise<void>;
  /** Closes the sockets. */
  close(): void;
}

/** Opens the table; undefined when the kernel has no IPVS. Throws KernelError. */
export async function openIpvs(): Promise<Ipvs | undefined> {
  let family = await openGenericNetlink(IPVS_FAMILY);
  if (family === undefined) {
    await loadModule();
    family = await openGenericNetlink(IPVS_FAMILY);
  }
  return family && onFamily(family);
}

let loading: Promise<void> | undefined;

/** Asks for the module, once in the life of the process. That it is not there is no error: there may be no modules. */
function loadModule(): Promise<void> {
  loading ??= promisify(execFile)("modprobe", ["ip_vs"], { timeout: MODPROBE_TIMEOUT_MS }).then(
    () => undefined,
    () => undefined,
  );
  return loading;
}

function onFamily(family: GenericNetlinkFamily): Ipvs {
  return {
    async observe(wanted) {
      const table = new Map<string, Service>();
      for (const part of await family.dump("list the IPVS services", encodeBare(IPVS_CMD_GET_SERVICE))) {
        const wire = decodeService(part);
        if (wire === undefined) throw new KernelError("understand an IPVS service", "EPROTO");
        const service = serviceOf(wire);
        if (service === undefined) continue;
        const key = serviceKey(service.id);
        const destinations = wanted(key) ? await observeDestinations(family, service.id) : new Map();
        table.set(key, { ...service, destinations });
      }
      return table;
    },
    apply(operation) {
      return family.request(`ipvsadm ${operationText(operation)}`, encode(operation));
    },
    close() {
      family.close();
    },
  };
}

async function observeDestinations(
  family: GenericNetlinkFamily,
  service: ServiceId,
): Promise<ReadonlyMap<string, Destination>> {
  const message = encodeServiceId(IPVS_CMD_GET_DEST, wireServiceId(service));
  const parts = await family.dump(`list the destinations of ${serviceKey(service)}`, message);
  const destinations = new Map<string, Destination>();
  for (const part of parts) {
    const wire = decodeDestination(part, AF_INET);
    if (wire === undefined) throw new KernelError("understand an IPVS destination", "EPROTO");
    const destination = destinationOf(wire);
    destinations.set(destinationKey(destination.id), destination);
  }
  return destinations;
}

function encode(operation: Operation): Uint8Array {
  const service = wireServiceId(operation.service);
  switch (operation.type) {
    case "add-service":
      return encodeService(IPVS_CMD_NEW_SERVICE, wireService(operation.service, operation.settings));
    case "edit-service":
      return encodeService(IPVS_CMD_SET_SERVICE, wireService(operation.service, operation.settings));
    case "delete-service":
      return encodeServiceId(IPVS_CMD_DEL_SERVICE, service);
    case "add-destination":
      return encodeDestination(
        IPVS_CMD_NEW_DEST,
        service,
        wireDestination(operation.destination, operation.settings),
      );
    case "edit-destination":
      return encodeDestination(
        IPVS_CMD_SET_DEST,
        service,
        wireDestination(operation.destination, operation.settings),
      );
    case "delete-destination":
      return encodeDestinationId(IPVS_CMD_DEL_DEST, service, wireDestinationId(operation.destination));
  }
}
