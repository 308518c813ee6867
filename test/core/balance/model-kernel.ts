/**
 * A kernel's IPVS table that behaves: it refuses what the real one refuses, by the same errno
 * (net/netfilter/ipvs/ip_vs_ctl.c), and prints itself.
 */

import { operationText } from "../../../src/core/balance/plan-text.ts";
import type { Operation } from "../../../src/core/balance/plan.ts";
import { type ServiceId, serviceFamily, serviceKey } from "../../../src/core/balance/service.ts";
import {
  type Destination,
  type DestinationId,
  destinationKey,
  type DestinationSettings,
  type Service,
  type ServiceSettings,
  type Table,
  type TunnelKnowledge,
} from "../../../src/core/balance/table.ts";
import { destinationOf, wireDestination } from "../../../src/core/balance/kernel-table.ts";
import type { WireDestination, WireTimeouts } from "../../../src/core/wire/ipvs.ts";
import { familyOf, isIpv6 } from "../../../src/core/units/ip-address.ts";
import { isUnicastIpv4 } from "../../../src/core/units/ipv4.ts";
import { isLinkLocal, isUnicastIpv6 } from "../../../src/core/units/ipv6.ts";

interface Entry {
  readonly id: ServiceId;
  settings: ServiceSettings;
  readonly destinations: Map<string, Destination>;
}

/** The table of one network namespace. */
export class ModelKernel {
  readonly #services = new Map<string, Entry>();
  /** Schedulers and persistence engines whose modules cannot be loaded. */
  readonly missing = new Set<string>();
  /** What it knows of tunnels: it passes over the rest, and its dumps tell of no more. */
  tunnels: TunnelKnowledge = "all";
  /** In seconds, as the kernel has them at the start. */
  timeouts: WireTimeouts = { tcp: 900, tcpFin: 120, udp: 300 };

  constructor(table: Table = new Map()) {
    for (const [key, { id, settings, destinations }] of table)
      this.#services.set(key, { id, settings, destinations: new Map(destinations) });
  }

  /** Carries an operation out, or gives the errno's name of the refusal. */
  apply(operation: Operation): string | undefined {
    const key = serviceKey(operation.service);
    const service = this.#services.get(key);
    if (operation.type === "add-service") {
      if (service !== undefined) return "EEXIST";
      const refusal = this.#refuseSettings(operation.settings, operation.service);
      if (refusal !== undefined) return refusal;
      this.#services.set(key, {
        id: operation.service,
        settings: operation.settings,
        destinations: new Map(),
      });
      return undefined;
    }
    if (service === undefined) return "ESRCH";
    if (operation.type === "edit-service") {
      const refusal = this.#refuseSettings(operation.settings, operation.service);
      if (refusal === undefined) service.settings = operation.settings;
      return refusal;
    }
    if (operation.type === "delete-service") this.#services.delete(key);
    else return applyToDestination(operation, service.destinations);
    return undefined;
  }

  #refuseSettings({ scheduler, engine, netmask }: ServiceSettings, id: ServiceId): string | undefined {
    if (this.missing.has(scheduler) || this.missing.has(engine)) return "ENOENT";
    return serviceFamily(id) === 6 && (netmask < 1 || netmask > 128) ? "EINVAL" : undefined;
  }

  /** The table as a dump gives it. */
  table(): Table {
    return new Map(
      [...this.#services].map(([key, { id, settings, destinations }]): [string, Service] => [
        key,
        { id, settings, destinations: this.#dumped(destinations) },
      ]),
    );
  }

  #dumped(destinations: ReadonlyMap<string, Destination>): ReadonlyMap<string, Destination> {
    return new Map([...destinations].map(([key, one]) => [key, destinationOf(this.#onWire(one))]));
  }

  /** As a kernel tells of it: before 5.2 nothing of tunnels, in 5.2 the type and port that it was given. */
  #onWire({ id, settings }: Destination): WireDestination {
    const wire = wireDestination(id, settings);
    const tunnel = wire.tunnel ?? { type: 0, port: 0, flags: 0 };
    if (this.tunnels === "all") return { ...wire, tunnel };
    return { ...wire, tunnel: this.tunnels === "gue" ? { ...tunnel, flags: undefined } : undefined };
  }

  /** The table as `ipvsadm -Sn` would print it, sorted. */
  text(): string {
    const lines = [...this.#services.values()]
      .sort((a, b) => serviceKey(a.id).localeCompare(serviceKey(b.id)))
      .flatMap(({ id: service, settings, destinations }) => [
        operationText({ type: "add-service", service, settings }),
        ...[...destinations.values()]
          .map(({ id: destination, settings }) =>
            operationText({ type: "add-destination", service, destination, settings }),
          )
          .sort(),
      ]);
    return lines.join("\n");
  }
}

function applyToDestination(
  operation: Extract<Operation, { destination: unknown }>,
  destinations: Map<string, Destination>,
): string | undefined {
  const key = destinationKey(operation.destination);
  const present = destinations.has(key);
  switch (operation.type) {
    case "add-destination":
    case "edit-destination": {
      const { service, destination: id, settings } = operation;
      const refusal = refuseFamily(service, id, settings) ?? refuseNumbers(settings);
      if (refusal !== undefined) return refusal;
      if (present !== (operation.type === "edit-destination")) return present ? "EEXIST" : "ENOENT";
      if (!present && !isReachable(id)) return "EINVAL";
      destinations.set(key, { id, settings });
      return undefined;
    }
    case "delete-destination":
      return destinations.delete(key) ? undefined : "ENOENT";
  }
}

/** Between the families there are tunnels only. */
function refuseFamily(
  service: ServiceId,
  { address }: DestinationId,
  { method }: DestinationSettings,
): string | undefined {
  return method !== "tunnel" && familyOf(address) !== serviceFamily(service) ? "EINVAL" : undefined;
}

function refuseNumbers(settings: DestinationSettings): string | undefined {
  const { weight, upperThreshold, lowerThreshold, tunnel } = settings;
  if (weight < 0 || lowerThreshold > upperThreshold) return "ERANGE";
  return tunnel?.type === "gue" && tunnel.port === 0 ? "EINVAL" : undefined;
}

function isReachable({ address }: DestinationId): boolean {
  return isIpv6(address)
    ? isUnicastIpv6(address) && !isLinkLocal(address)
    : isUnicastIpv4(address) || address.endsWith(".0");
}
