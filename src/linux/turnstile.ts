/** Lets so many through at once, the others in the order in which they came. */

/** A bound on what is under way. */
export class Turnstile {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `most`: so many at once. */
  constructor(most: number) {
    this.#free = most;
  }

  /** Does some work when its turn has come; the first ones at once, in this very call. */
  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
