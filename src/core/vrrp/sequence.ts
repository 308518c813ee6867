/**
 * Sequence numbers of the authentication header (RFC 2402 §2.5, §3.4.3), for one virtual router.
 *
 * The routers of one VRID go on from each other's numbers, as keepalived does: a new master starts above all that was
 * heard. A process starts from the wall clock's seconds, which is above what its earlier life has used, since a master
 * sends about one advert a second at the most.
 */

import type { IpAddress } from "../units/ip-address.ts";

/** What was used. */
export interface Sequences {
  /** The highest number that anybody used. */
  readonly highest: number;
  /** The highest number of each sender. */
  readonly heard: ReadonlyMap<IpAddress, number>;
}

/** Nothing was heard yet. `seconds` is the wall clock's, since 1970. */
export function firstSequences(seconds: number): Sequences {
  return { highest: Math.floor(seconds) >>> 0, heard: new Map() };
}

/** A number was heard from `source`, in a packet that has been accepted. */
export function heardSequence({ highest, heard }: Sequences, source: IpAddress, sequence: number): Sequences {
  return { highest: Math.max(highest, sequence), heard: new Map(heard).set(source, sequence) };
}

/** Takes the next number, `highest` of what is returned, for a packet of ours. */
export function nextSequence(sequences: Sequences): Sequences {
  return { ...sequences, highest: (sequences.highest + 1) >>> 0 };
}
