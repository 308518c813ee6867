/**
 * Two masters that hear each other: since when, for how long, and which paths had been down meanwhile.
 *
 * It is found when the paths are whole again, and reaches back to when the second of the two became master. While a handover
 * is under way both hold the addresses by agreement, which is no split.
 */

import { after, between, type Duration, type Instant } from "../units/time.ts";
import type { HeartbeatConfig } from "./model.ts";
import { type Path, wasSilentAfter } from "./path.ts";
import type { Peer } from "./peer.ts";
import { localInstance, type Roster } from "./roster.ts";

/** A split that is not over: the instance, and when the second of the two became master. */
export type Splits = ReadonlyMap<number, Instant>;

/** Two directors are, or were, master of one instance. */
export type SplitEffect =
  | {
      readonly type: "split-brain";
      readonly id: number;
      readonly since: Instant;
      readonly paths: readonly string[];
    }
  | {
      readonly type: "split-brain-over";
      readonly id: number;
      readonly since: Instant;
      readonly lasted: Duration;
      /** Those that were down at some time of it. */
      readonly paths: readonly string[];
      /** True when we are the one that is left: our addresses are to be announced again. */
      readonly stays: boolean;
    };

/** What splits are looked for in. */
export interface Pair {
  readonly roster: Roster;
  readonly peer: Peer;
  readonly paths: readonly Path[];
  /** Until when an instance is being handed over, by id. */
  readonly agreed: ReadonlyMap<number, Instant>;
}

/** The splits there are now, and which of them are new or over. */
export function judgeSplits(
  splits: Splits,
  pair: Pair,
  now: Instant,
): { readonly splits: Splits; readonly effects: readonly SplitEffect[] } {
  const effects: SplitEffect[] = [];
  const found = new Map<number, Instant>();
  for (const [id, theirs] of pair.peer.instances) {
    const ours = localInstance(pair.roster, id);
    if (theirs.state !== "master" || ours?.state !== "master") continue;
    if (now < (pair.agreed.get(id) ?? now)) continue;
    const since = splits.get(id) ?? (Math.max(theirs.since, ours.since) as Instant);
    found.set(id, since);
    if (!splits.has(id))
      effects.push({ type: "split-brain", id, since, paths: downSince(pair.paths, since) });
  }
  for (const [id, since] of splits) {
    if (found.has(id)) continue;
    const stays = localInstance(pair.roster, id)?.state === "master";
    if (stays && !pair.peer.instances.has(id)) {
      // The peer is not heard, or in a new life that has not told of this one: it may be split still.
      found.set(id, since);
      continue;
    }
    const paths = downSince(pair.paths, since);
    effects.push({ type: "split-brain-over", id, since, lasted: between(since, now), paths, stays });
  }
  return { splits: found, effects };
}

/** An agreed overlap, and the time that both need to say that it is over. */
export function agreementEnds(overlap: Duration, { interval }: HeartbeatConfig, now: Instant): Instant {
  return after(after(now, overlap), (2 * interval) as Duration);
}

function downSince(paths: readonly Path[], since: Instant): readonly string[] {
  return paths.filter((path) => wasSilentAfter(path, since)).map(({ name }) => name);
}
