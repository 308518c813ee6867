/**
 * A kernel's IPVS table that behaves: it refuses what the real one refuses, by the same errno
 * (net/netfilter/ipvs/ip_vs_ctl.c), and prints itself.
 */

import { operationText } from "../../../src/core/balance/plan-text.ts";
import type { Operation } from "../../../src/core/balance/plan.ts";
import {
  type Destination,
  destinationKey,
  type Service,
  serviceKey,
  type ServiceSettings,
  type ServiceId,
  type Table,
} from "../../../src/core/balance/table.ts";

interface Entry {
  readonly id: ServiceId;
  settings: ServiceSettings;
  readonly destinations: Map<string, Destination>;
}

/** The table of one network namespace. */
export class ModelKernel {
  readonly #services = new Map<string, Entry>();

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
      this.#services.set(key, {
        id: operation.service,
        settings: operation.settings,
        destinations: new Map(),
      });
      return undefined;
    }
    if (service === undefined) return "ESRCH";
    if (operation.type === "edit-service") service.settings = operation.settings;
    else if (operation.type === "delete-service") this.#services.delete(key);
    else return applyToDestination(operation, service.destinations);
    return undefined;
  }

  /** The table as a dump gives it. */
  table(): Table {
    return new Map(
      [...this.#services].map(([key, { id, settings, destinations }]): [string, Service] => [
        key,
        { id, settings, destinations: new Map(destinations) },
      ]),
    );
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
      if (present) return "EEXIST";
      destinations.set(key, { id: operation.destination, settings: operation.settings });
      return undefined;
    case "edit-destination":
      if (!present) return "ENOENT";
      destinations.set(key, { id: operation.destination, settings: operation.settings });
      return undefined;
    case "delete-destination":
      return destinations.delete(key) ? undefined : "ENOENT";
  }
}
