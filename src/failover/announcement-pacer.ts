/**
 * Makes announcements one after the other when they are not to be made at once. Nothing waits for it: adverts, and what an
 * instance decides, take their course meanwhile.
 */

import { type AnnouncementPace, AnnouncementQueue } from "../core/vrrp/announcement-queue.ts";
import { ZERO } from "../core/units/time.ts";
import type { VirtualAddress } from "../core/vrrp/model.ts";
import type { Clock } from "./clock.ts";

/** What it needs done for it. */
export interface PacerHands {
  readonly clock: Clock;
  announce(address: VirtualAddress): void;
  /** True when it is still worth announcing, by all that has arrived so far. */
  mayAnnounce(address: VirtualAddress): boolean;
}

/** The announcements of a director. */
export class AnnouncementPacer {
  readonly #hands: PacerHands;
  readonly #queue = new AnnouncementQueue();
  #takeBack: () => void = () => {};
  /** How far apart they are at least. */
  pace: AnnouncementPace = { 4: ZERO, 6: ZERO };

  constructor(hands: PacerHands) {
    this.#hands = hands;
  }

  /** Announces an address, now or soon. `round` others of the same burst go before it. */
  announce(address: VirtualAddress, round: number): void {
    this.#queue.put(address, round);
    // Whoever asks for it has just made sure that it is worth it.
    this.#flush((next) => next === address || this.#hands.mayAnnounce(next));
  }

  /** What of these waits is not announced any more. */
  drop(addresses: readonly VirtualAddress[]): void {
    this.#queue.drop(addresses);
    this.#arm();
  }

  close(): void {
    this.#takeBack();
  }

  #flush(isWorthIt: (address: VirtualAddress) => boolean): void {
    const { clock } = this.#hands;
    for (;;) {
      const next = this.#queue.take(clock.now(), this.pace);
      if (next === undefined) break;
      if (isWorthIt(next)) this.#hands.announce(next);
    }
    this.#arm();
  }

  #arm(): void {
    this.#takeBack();
    const { dueAt } = this.#queue;
    if (dueAt === undefined) return;
    this.#takeBack = this.#hands.clock.ringAt(dueAt, () =>
      this.#flush((next) => this.#hands.mayAnnounce(next)),
    );
  }
}
