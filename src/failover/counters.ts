/** Counts what comes to pass between two reports. */

import type { Count } from "../core/report/channel.ts";

/** Counts under names and labels; taking them starts anew from zero. */
export class Counters<Name extends string> {
  readonly #counts = new Map<string, Count<Name>>();

  /** One more. */
  count(name: Name, labels: Readonly<Record<string, string>>, by = 1): void {
    const key = JSON.stringify([name, labels]);
    this.#counts.set(key, { name, labels, by: (this.#counts.get(key)?.by ?? 0) + by });
  }

  /** What has been counted since the last call. */
  take(): readonly Count<Name>[] {
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    return counts;
  }
}
