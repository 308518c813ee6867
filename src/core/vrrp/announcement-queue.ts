/**
 * Announcements that wait for their turn, so that a network which cannot take many at once is not given them at once
 * (keepalived's vrrp_garp_interval and vrrp_gna_interval).
 *
 * On one interface those of one family follow each other no closer than asked for. Every address that waits is announced
 * once before any is announced again, whatever was put in first. What waits already is not put in once more: when
 * announcements come faster than they may go, the queue does not grow.
 */

import { after, type Duration, earliest, type Instant, START } from "../units/time.ts";
import { type Family, familyOf } from "../units/ip-address.ts";
import { addressKey } from "./address-book.ts";
import type { VirtualAddress } from "./model.ts";

/** What waits on an interface, for one family. */
interface Lane {
  /** By how many of the same burst go before it; addresses by their key, in order. */
  readonly rounds: Map<string, VirtualAddress>[];
  quietUntil: Instant;
}

/** How far apart announcements are at least, for each family; zero: they do not wait. */
export type AnnouncementPace = Readonly<Record<Family, Duration>>;

/** The queue of a director. */
export class AnnouncementQueue {
  readonly #lanes = new Map<string, Lane>();

  /** Puts in an announcement that `round` others of the same burst go before. */
  put(address: VirtualAddress, round: number): void {
    const { rounds } = this.#lane(address);
    while (rounds.length <= round) rounds.push(new Map());
    rounds[round]?.set(addressKey(address), address);
  }

  /** Takes out an address that is to be announced now; undefined when none is. */
  take(now: Instant, pace: AnnouncementPace): VirtualAddress | undefined {
    for (const lane of this.#lanes.values()) {
      const round = waiting(lane);
      if (round === undefined || now < lane.quietUntil) continue;
      for (const [key, address] of round) {
        round.delete(key);
        lane.quietUntil = after(now, pace[familyOf(address.address)]);
        return address;
      }
    }
    return undefined;
  }

  /** These are not to be announced any more. */
  drop(addresses: readonly VirtualAddress[]): void {
    for (const address of addresses)
      for (const round of this.#lane(address).rounds) round.delete(addressKey(address));
  }

  /** When to take the next one; undefined when none waits. */
  get dueAt(): Instant | undefined {
    const busy = [...this.#lanes.values()].filter((lane) => waiting(lane) !== undefined);
    return earliest(...busy.map(({ quietUntil }) => quietUntil));
  }

  #lane({ address, interface: name }: VirtualAddress): Lane {
    const key = `${name} ${familyOf(address)}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, (lane = { rounds: [], quietUntil: START }));
    return lane;
  }
}

/** The first round of which any waits. */
function waiting({ rounds }: Lane): Map<string, VirtualAddress> | undefined {
  return rounds.find(({ size }) => size > 0);
}
