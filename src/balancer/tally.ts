/** What has come to pass since the last report: finished checks and counts, up to a limit that no supervisor reaches. */

import type { WatchedCheck, WatchedServer } from "../core/health/roster.ts";
import type { BalancerCount, CheckSample, Count } from "../core/report/channel.ts";

const SAMPLES_MAX = 20_000;

/** Collects until it is taken. */
export interface Tally {
  addSample(server: WatchedServer, check: WatchedCheck, ok: boolean, seconds: number): void;
  readonly count: (name: BalancerCount, labels: Readonly<Record<string, string>>, by: number) => void;
  /** All of it, and begins anew. */
  take(): { readonly checks: readonly CheckSample[]; readonly counts: readonly Count<BalancerCount>[] };
}

/** An empty tally. */
export function openTally(): Tally {
  let samples: CheckSample[] = [];
  let counts = new Map<string, Count<BalancerCount>>();

  function count(name: BalancerCount, labels: Readonly<Record<string, string>>, by: number): void {
    const key = JSON.stringify([name, labels]);
    counts.set(key, { name, labels, by: by + (counts.get(key)?.by ?? 0) });
  }

  return {
    count,
    addSample({ virtual, real }, { check }, ok, seconds) {
      const { type } = check.probe;
      count("checks", { virtual, real, check: type, result: ok ? "ok" : "failed" }, 1);
      if (samples.length < SAMPLES_MAX) samples.push({ virtual, real, check: type, ok, seconds });
    },
    take() {
      const taken = { checks: samples, counts: [...counts.values()] };
      samples = [];
      counts = new Map();
      return taken;
    },
  };
}
