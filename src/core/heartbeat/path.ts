/**
 * One path: whether the peer's word comes through on it.
 *
 * It is silent when nothing has counted for `dead_after` intervals of the peer. While more arrives than can be read, the
 * peer's word may be among what is lost: then the judgement waits. But not for ever, or whoever floods a path could keep a
 * dead master's addresses from being taken over.
 */

import { after, type Duration, type Instant, microseconds } from "../units/time.ts";

/** A flood puts the judgement off to at most so many times the usual wait. */
const FLOOD_PATIENCE = 10;

/** Where a path stands. */
type PathState =
  /** Nothing has counted since the start. */
  | { readonly name: "unheard" }
  | {
      readonly name: "up";
      readonly heardAt: Instant;
      /** The peer's, as it last said. */
      readonly interval: Duration;
      /** When more than could be read was there last. */
      readonly floodedAt: Instant | undefined;
    }
  /** `since` is when it was last heard on. */
  | { readonly name: "silent"; readonly since: Instant };

/** A path and what has become of it. */
export interface Path {
  readonly name: string;
  readonly state: PathState;
  /** The last silence that is over. */
  readonly outage: Outage | undefined;
}

/** A silence, from the last word before it to the first one after it. */
interface Outage {
  readonly from: Instant;
  readonly until: Instant;
}

/** A path on which nothing was heard. */
export function unheardPath(name: string): Path {
  return { name, state: { name: "unheard" }, outage: undefined };
}

/** A datagram that counts has come. */
export function hear(path: Path, interval: Duration, now: Instant): Path {
  const { state } = path;
  const outage = state.name === "silent" ? { from: state.since, until: now } : path.outage;
  const floodedAt = state.name === "up" ? state.floodedAt : undefined;
  return { ...path, state: { name: "up", heardAt: now, interval, floodedAt }, outage };
}

/** More was there than could be read. */
export function flood(path: Path, now: Instant): Path {
  return path.state.name === "up" ? { ...path, state: { ...path.state, floodedAt: now } } : path;
}

/** When there was last more than could be read, on any of them. */
export function lastFlood(paths: readonly Path[]): Instant | undefined {
  const floods = paths.flatMap(({ state }) => (state.name === "up" ? (state.floodedAt ?? []) : []));
  return floods.length === 0 ? undefined : (Math.max(...floods) as Instant);
}

/** When the path will be silent if nothing comes; undefined when it is not up. */
export function silentAt({ state }: Path, deadAfter: number): Instant | undefined {
  if (state.name !== "up") return undefined;
  const wait = deadAfter * state.interval;
  const usual = after(state.heardAt, microseconds(wait));
  if (state.floodedAt === undefined) return usual;
  const excused = after(state.floodedAt, microseconds(wait));
  const longest = after(state.heardAt, microseconds(FLOOD_PATIENCE * wait));
  return Math.max(usual, Math.min(excused, longest)) as Instant;
}

/** The path, judged: silent from its last word on when its time is over. */
export function judge(path: Path, deadAfter: number, now: Instant): Path {
  const deadline = silentAt(path, deadAfter);
  if (path.state.name !== "up" || deadline === undefined || now < deadline) return path;
  return { ...path, state: { name: "silent", since: path.state.heardAt } };
}

/** True when the path was silent at some time after `since`, or is. */
export function wasSilentAfter({ state, outage }: Path, since: Instant): boolean {
  return state.name !== "up" || (outage !== undefined && outage.until > since);
}
