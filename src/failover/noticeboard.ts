/**
 * Keeps an operator's log readable: the same thing is said once a minute at the most, unless it is asked for otherwise, with the number of times that it was
 * left unsaid; and a condition is said when it begins, not while it lasts.
 */

import { after, between, type Duration, type Instant, seconds, ZERO } from "../core/units/time.ts";

const MINUTE = seconds(60);
/** Things remembered at the most; a flood of ever new ones forgets the oldest. */
const REMEMBERED_MAX = 1_000;

/** What has been said. */
export class Noticeboard {
  readonly #said = new Map<string, { until: Instant; suppressed: number }>();
  readonly #lasting = new Map<string, string>();

  /**
   * How often this was left unsaid since it was last said; undefined when it is to be left unsaid now, within `quietFor`
   * from when it was said.
   */
  again(key: string, now: Instant, quietFor: Duration = MINUTE): number | undefined {
    const said = this.#said.get(key);
    if (said !== undefined && between(now, said.until) > ZERO) {
      said.suppressed += 1;
      return undefined;
    }
    this.#said.delete(key);
    this.#said.set(key, { until: after(now, quietFor), suppressed: 0 });
    forgetOldest(this.#said);
    return said?.suppressed ?? 0;
  }

  /** True when a condition has begun or changed; undefined as its value ends it. */
  changed(key: string, value: string | undefined): boolean {
    if (this.#lasting.get(key) === value) return false;
    if (value === undefined) this.#lasting.delete(key);
    else this.#lasting.set(key, value);
    forgetOldest(this.#lasting);
    return value !== undefined;
  }
}

function forgetOldest(remembered: Map<string, unknown>): void {
  const [oldest] = remembered.keys();
  if (remembered.size > REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
}
