/**
 * What becomes of a tunnel that a kernel does not know: it passes over what it does not know in a change, says that all is
 * well, and wraps packets as it can. Only what it tells afterwards shows it. To ask again would change nothing.
 */

import type { Tunnel } from "./model.ts";
import type { Operation } from "./plan.ts";
import type { DestinationSettings, Table, TunnelKnowledge } from "./table.ts";

/** What stands for the errno that such a kernel owes. */
export const UNHEEDED = "EOPNOTSUPP";

const IPIP: Tunnel = { type: "ipip", port: 0, checksum: "nocsum" };

/** What a kernel holds that was given these settings. */
export function asKnown(
  settings: DestinationSettings,
  knowledge: TunnelKnowledge = "all",
): DestinationSettings {
  const { tunnel } = settings;
  if (tunnel === undefined || isKnown(tunnel, knowledge)) return settings;
  const withoutChecksum = { ...tunnel, checksum: "nocsum" } as const;
  return { ...settings, tunnel: isKnown(withoutChecksum, knowledge) ? withoutChecksum : IPIP };
}

/** The changes that a kernel took and did not carry out, in a table in which nothing else is left to do. */
export function unheeded(desired: Table, observed: Table): readonly Operation[] {
  const operations: Operation[] = [];
  for (const [key, { id: service, destinations }] of desired)
    for (const [name, { id: destination, settings }] of destinations) {
      if (settings.tunnel === undefined) continue;
      const found = observed.get(key)?.destinations.get(name);
      if (found !== undefined && !isKnown(settings.tunnel, found.kernelKnows))
        operations.push({ type: "edit-destination", service, destination, settings });
    }
  return operations;
}

function isKnown({ type, checksum }: Tunnel, knowledge: TunnelKnowledge = "all"): boolean {
  if (type === "ipip" || knowledge === "all") return true;
  return knowledge === "gue" && type === "gue" && checksum === "nocsum";
}
