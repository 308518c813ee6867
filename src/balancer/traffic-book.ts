/** What virtual and real servers have to do, from the kernel's counters at each look, for the metrics. */

import type { BalancerConfig } from "../core/balance/model.ts";
import { account, type Ledger, type Share, type TableCounters } from "../core/balance/traffic.ts";
import { serviceKey } from "../core/balance/service.ts";
import type { BalancerCount, ConnectionsReport, TrafficCount } from "../core/report/channel.ts";
import { type Event, event } from "../core/report/event.ts";
import type { Traffic } from "../core/wire/ipvs-counters.ts";

const NAMES: readonly (readonly [keyof Traffic, string])[] = [
  ["connections", "connections"],
  ["packetsIn", "incoming_packets"],
  ["packetsOut", "outgoing_packets"],
  ["bytesIn", "incoming_bytes"],
  ["bytesOut", "outgoing_bytes"],
];

/** The book. */
export interface TrafficBook {
  /** Goes by this configuration from the next look on. */
  configure(config: BalancerConfig): void;
  /**
   * These services have been looked at; `isThere` says of the others whether they are in the table at all. A look that was
   * not at all of ours is passed over: the next one at all of them comes within ten seconds.
   */
  enter(counters: TableCounters, isThere: (key: string) => boolean): void;
  /** As of the last look; connections once after each. */
  report(): {
    readonly connections: readonly ConnectionsReport[] | undefined;
    readonly trafficUntold: number;
  };
}

/** An empty book; `count` hears of what has come to pass. */
export function openTrafficBook(
  count: (name: BalancerCount, labels: Readonly<Record<string, string>>, by: number) => void,
  tell: (event: Event) => void,
): TrafficBook {
  let config: BalancerConfig | undefined;
  let ledger: Ledger | undefined;
  let connections: readonly ConnectionsReport[] | undefined;
  let untold = 0;
  /** Those that have been counted at least once: a series begins with nought. */
  let begun = new Set<string>();

  function countShare({ virtual, real, traffic }: Share, isNew: boolean): void {
    const labels: Readonly<Record<string, string>> = real === undefined ? { virtual } : { virtual, real };
    for (const [key, name] of NAMES) {
      const counter = `${real === undefined ? "virtual" : "real"}_server_${name}` as TrafficCount;
      if (isNew || traffic[key] > 0) count(counter, labels, traffic[key]);
    }
  }

  return {
    configure(next) {
      config = next;
    },
    enter(counters, isThere) {
      // A look before there is a configuration is for something else.
      if (config === undefined) return;
      const { virtualServers, trafficSeriesMax } = config;
      const services = virtualServers.flatMap((virtual) => virtual.services.map(serviceKey));
      if (services.some((key) => isThere(key) && !counters.has(key))) return;
      if (ledger === undefined && counters.size === 0) {
        // Nothing of ours is there yet: all of it will begin with nought, and its way into the kernel is not held up.
        ledger = counters;
        return;
      }
      const entry = account(ledger, counters, virtualServers, trafficSeriesMax);
      ledger = entry.ledger;
      const known = begun;
      begun = new Set();
      for (const share of entry.shares) {
        const name = `${share.virtual} ${share.real ?? ""}`;
        begun.add(name);
        countShare(share, !known.has(name));
      }
      connections = entry.shares.map(({ virtual, real, connections: now }) => ({ virtual, real, ...now }));
      if (entry.untold > 0 && entry.untold !== untold)
        tell(event("real-servers-untold", { untold: entry.untold, limit: trafficSeriesMax }));
      untold = entry.untold;
    },
    report() {
      const told = connections;
      connections = undefined;
      return { connections: told, trafficUntold: untold };
    },
  };
}
