/** Virtual time: what is to happen, in the order of its instants; at one instant, in the order of its planning. */

import { after, type Duration, type Instant, START } from "../../src/core/units/time.ts";

/** Something planned; it does not happen when `off`. */
export interface Entry {
  readonly at: Instant;
  readonly order: number;
  readonly run: () => void;
  off: boolean;
}

/** A binary heap of entries, and the clock. */
export class Agenda {
  now: Instant = START;
  #order = 0;
  readonly #heap: Entry[] = [];

  at(instant: Instant, run: () => void): Entry {
    const entry = { at: instant < this.now ? this.now : instant, order: this.#order, run, off: false };
    this.#order += 1;
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return entry;
  }

  in(duration: Duration, run: () => void): Entry {
    return this.at(after(this.now, duration), run);
  }

  /** Lets the next thing happen, if it is to happen by `until`; else moves the clock there and returns false. */
  next(until: Instant): boolean {
    for (let first = this.#heap[0]; first !== undefined && first.at <= until; first = this.#heap[0]) {
      this.#dropFirst();
      if (first.off) continue;
      this.now = first.at;
      first.run();
      return true;
    }
    this.now = until;
    return false;
  }

  #dropFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = isBefore(this.#heap[left + 1], this.#heap[left]) ? left + 1 : left;
      if (!isBefore(this.#heap[child], this.#heap[index])) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(this.#heap[index], this.#heap[parent])) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #swap(one: number, other: number): void {
    const kept = this.#heap[one] as Entry;
    this.#heap[one] = this.#heap[other] as Entry;
    this.#heap[other] = kept;
  }
}

function isBefore(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one === undefined) return false;
  if (other === undefined) return true;
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
