/** Which virtual servers have their quorum, kept up with the verdicts; what changes is told. */

import type { BalancerConfig, VirtualServer } from "../core/balance/model.ts";
import { hasQuorum, quorumThreshold } from "../core/health/quorum.ts";
import { liveWeight, type Roster } from "../core/health/roster.ts";
import { type Event, event } from "../core/report/event.ts";

/** The quora, kept. */
export interface QuorumKeeper {
  /** True while a virtual server has its quorum. */
  has(virtual: VirtualServer): boolean;
  /**
   * Goes by this configuration; `before` says of virtual servers that are new whether they had their quorum, if that is
   * known. What was not known before is told whichever way it is.
   */
  configure(
    config: BalancerConfig,
    roster: Roster,
    before: (virtual: VirtualServer) => boolean | undefined,
  ): void;
  /** A real server of this virtual server has changed. */
  review(name: string, roster: Roster): void;
}

/** Knows of no virtual server yet. */
export function keepQuora(tell: (event: Event) => void): QuorumKeeper {
  let virtuals = new Map<string, VirtualServer>();
  let held = new Map<string, boolean>();

  function judge(virtual: VirtualServer, before: boolean | undefined, roster: Roster): void {
    const weight = liveWeight(virtual, roster);
    const has = hasQuorum(before, weight, virtual.quorum);
    held.set(virtual.name, has);
    if (has === before) return;
    const threshold = quorumThreshold(before, virtual.quorum);
    tell(event(has ? "quorum-gained" : "quorum-lost", { virtual: virtual.name, weight, threshold }));
  }

  return {
    has: ({ name }) => held.get(name) ?? false,
    configure(config, roster, before) {
      const known = held;
      virtuals = new Map(config.virtualServers.map((virtual) => [virtual.name, virtual]));
      held = new Map();
      for (const virtual of config.virtualServers)
        judge(virtual, known.get(virtual.name) ?? before(virtual), roster);
    },
    review(name, roster) {
      const virtual = virtuals.get(name);
      if (virtual !== undefined) judge(virtual, held.get(name), roster);
    },
  };
}
