/**
 * Our own instances, as the peer is told of them: what has changed at once and three times over, the whole list in turn,
 * as much in each datagram as there is room for.
 */

import type { IpAddress } from "../units/ip-address.ts";
import { between, type Duration, type Instant } from "../units/time.ts";
import type { InstanceState, RosterPart } from "../wire/heartbeat.ts";

/** A change goes out in so many rounds, for a datagram may be lost. */
const REPEATS = 3;

/** An instance of ours as it stands. */
export interface LocalInstance {
  /** `nameId` of its name. */
  readonly id: number;
  readonly state: InstanceState;
  /** The effective one. */
  readonly priority: number;
  readonly advertInterval: Duration;
  /** Where its adverts come from; undefined when it has no such address. */
  readonly primary: IpAddress | undefined;
  /** Its sync group: offers are for a whole one. */
  readonly group: string | undefined;
  /** How many addresses it has: so long it takes to claim them. */
  readonly addresses: number;
}

interface Entry extends LocalInstance {
  /** When it entered its state. */
  readonly since: Instant;
  /** It still goes to the front of so many rounds. */
  readonly repeats: number;
}

/** Our instances, in the order of their ids. */
export interface Roster {
  readonly entries: readonly Entry[];
  /** The place of each id in them. */
  readonly places: ReadonlyMap<number, number>;
  readonly edition: number;
  /** Where the next turn begins. */
  readonly cursor: number;
}

/** No instances. */
export const EMPTY_ROSTER: Roster = { entries: [], places: new Map(), edition: 0, cursor: 0 };

/** The roster with our instances as they are now; the same one when nothing that the peer is told has changed. */
export function update(roster: Roster, instances: readonly LocalInstance[], now: Instant): Roster {
  const known = new Map(roster.entries.map((entry) => [entry.id, entry]));
  const entries = instances
    .map((instance) => refreshed(known.get(instance.id), instance, now))
    .toSorted((a, b) => a.id - b.id);
  const same = entries.length === roster.entries.length;
  if (same && entries.every((entry, index) => entry === roster.entries[index])) return roster;
  const places = new Map(entries.map(({ id }, place) => [id, place]));
  return { entries, places, edition: editionOf(entries), cursor: 0 };
}

function refreshed(before: Entry | undefined, instance: LocalInstance, now: Instant): Entry {
  const sameState = before?.state === instance.state;
  const same =
    sameState &&
    before.priority === instance.priority &&
    before.advertInterval === instance.advertInterval &&
    before.primary === instance.primary &&
    before.group === instance.group &&
    before.addresses === instance.addresses;
  return same ? before : { ...instance, since: sameState ? before.since : now, repeats: REPEATS };
}

/** Our instance of that id. */
export function localInstance(
  { entries, places }: Roster,
  id: number,
): (LocalInstance & { readonly since: Instant }) | undefined {
  return entries[places.get(id) ?? -1];
}

/** Those that are to go to the front of the next round, the latest to change first. */
export function changedInstances({ entries }: Roster): readonly number[] {
  const changed = entries.filter(({ repeats }) => repeats > 0);
  return changed.toSorted((a, b) => b.repeats - a.repeats).map(({ id }) => id);
}

/** A datagram's part with these in front and the turn's next ones behind, and the roster with its turn moved on. */
export function takePart(
  roster: Roster,
  front: readonly number[],
  room: number,
  now: Instant,
): { readonly part: RosterPart; readonly roster: Roster } {
  const { entries, edition, cursor } = roster;
  const total = entries.length;
  const inFront = front.slice(0, room).flatMap((id) => entries[roster.places.get(id) ?? -1] ?? []);
  const wanted = new Set(inFront);
  const others = Math.min(room, total) - inFront.length;
  const turn: Entry[] = [];
  let next = cursor;
  for (let looked = 0; looked < total && turn.length < others; looked += 1) {
    const entry = entries[next];
    next = (next + 1) % total;
    if (entry !== undefined && !wanted.has(entry)) turn.push(entry);
  }
  const told = [...inFront, ...turn].map(({ id, state, priority, advertInterval, primary, since }) => ({
    id,
    state,
    priority,
    advertInterval,
    age: between(since, now),
    primary,
  }));
  const part = { total, edition, changed: inFront.length, first: cursor, entries: told };
  return { part, roster: { ...roster, cursor: next } };
}

/** The roster after a round that had these in front. */
export function afterRound(roster: Roster, front: readonly number[]): Roster {
  if (front.length === 0) return roster;
  const wanted = new Set(front);
  const told = (entry: Entry): Entry =>
    wanted.has(entry.id) ? { ...entry, repeats: entry.repeats - 1 } : entry;
  return { ...roster, entries: roster.entries.map(told) };
}

/** Which instances there are, in 32 bits: FNV-1a over their ids. */
function editionOf(entries: readonly Entry[]): number {
  let hash = 0x811c9dc5;
  for (const { id } of entries) {
    for (const shift of [24, 16, 8, 0]) hash = Math.imul(hash ^ ((id >>> shift) & 0xff), 0x01000193);
  }
  return hash >>> 0;
}
