/** Drains on record in the run directory, so that a balancer or a Relevo which is started again goes on with them. */

import type { Drain } from "../core/balance/drain-book.ts";
import { rosterKey } from "../core/health/roster.ts";
import type { Event } from "../core/report/event.ts";
import type { DrainRecord } from "../core/report/record.ts";
import { KeptRecord } from "../linux/record-file.ts";

/** The record, kept. */
export interface DrainKeepsake {
  /** What an earlier life left. */
  readonly drains: readonly Drain[];
  /** Whether a real server was up when it was last recorded; undefined when it was not drained. */
  wasUp(key: string): boolean | undefined;
  /** Records these, in the place of what was on record before. */
  write(drains: Iterable<Drain>, isUp: (key: string) => boolean): void;
}

/** Opens the record at `path`; `tell` hears when it cannot be written. */
export function openDrainRecord(path: string, tell: (event: Event) => void): DrainKeepsake {
  const record = new KeptRecord<DrainRecord>(path, tell);
  const left = (record.read()?.drains ?? []).filter(isWhole);
  const upBefore = new Map(left.map(({ virtual, real, up }) => [rosterKey(virtual, real), up]));
  return {
    drains: left.map(({ virtual, real, source, state }) => ({ virtual, real, source, state })),
    wasUp: (key) => upBefore.get(key),
    write(drains, isUp) {
      const recorded = [...drains].map((drain) => ({
        ...drain,
        up: isUp(rosterKey(drain.virtual, drain.real)),
      }));
      if (recorded.length === 0) record.remove();
      else record.write({ drains: recorded });
    },
  };
}

/** What another version has written may be of another shape. */
function isWhole({ virtual, real, source, state, up }: Partial<DrainRecord["drains"][number]>): boolean {
  return (
    typeof virtual === "string" &&
    typeof real === "string" &&
    (source === "operator" || source === "maintenance") &&
    (state?.name === "draining" || state?.name === "drained") &&
    (state.order?.end === "remove" || state.order?.end === "hold") &&
    typeof up === "boolean"
  );
}
