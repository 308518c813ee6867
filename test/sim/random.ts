/** All chance of the simulator: one small generator (sfc32, Chris Doty-Humphrey's), so that a seed is a whole run. */

import { type Duration, microseconds } from "../../src/core/units/time.ts";

/** Numbers that look random and are the same for the same seed. */
export class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    for (let round = 0; round < 15; round += 1) this.word();
  }

  /** 0..2^32-1 */
  word(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** 0 <= fraction < 1 */
  fraction(): number {
    return this.word() / 2 ** 32;
  }

  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }

  /** Both ends included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  duration(least: number, most: number): Duration {
    return microseconds(least + this.fraction() * (most - least));
  }

  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    return list[this.integer(0, list.length - 1)] as T;
  }
}
