/**
 * Which routes and rules shall be in the kernel, who wants them, and which may be there because of us. One of ours is
 * known by this book and by the protocol number that it carries; whatever lacks either is not ours to touch.
 */

import type { RoutingEntry } from "./model.ts";
import { identity, planRouting, type RoutingOperation } from "./plan.ts";

/** The book. What is wanted is written here before the kernel is asked. */
export class RoutingBook {
  /** What each holder wants: an instance, or the configuration as such. */
  readonly #held = new Map<string, readonly RoutingEntry[]>();
  /** All that may be there because of us, by identity. */
  #known: ReadonlyMap<string, RoutingEntry> = new Map();

  /** All that may be in the kernel because of us. */
  ours(): readonly RoutingEntry[] {
    return [...this.#known.values()];
  }

  /** True when an entry is one of ours, or has the place of one. */
  concerns(entry: RoutingEntry): boolean {
    return this.#known.has(identity(entry));
  }

  /** All that shall be there. */
  wanted(): readonly RoutingEntry[] {
    return [...this.#held.values()].flat();
  }

  /** These may become ours. */
  know(entries: readonly RoutingEntry[]): void {
    this.#known = new Map([...this.#known, ...byIdentity(entries)]);
  }

  /** Nothing but these and what is wanted will be ours any more. */
  forgetAllBut(entries: readonly RoutingEntry[]): void {
    this.#known = byIdentity([...entries, ...this.wanted()]);
  }

  /** From now on `holder` wants exactly these; what is to be done for that, going by what was done before. */
  hold(holder: string, entries: readonly RoutingEntry[]): readonly RoutingOperation[] {
    const before = this.#held.get(holder) ?? [];
    if (entries.length === 0) this.#held.delete(holder);
    else this.#held.set(holder, entries);
    return planRouting(entries, before);
  }

  /**
   * What is to be done about what was found in the kernel with our number on it. `alsoKept` are about to be wanted.
   */
  repair(
    found: readonly RoutingEntry[],
    alsoKept: readonly RoutingEntry[] = [],
  ): readonly RoutingOperation[] {
    const ours = found.filter((entry) => this.#known.has(identity(entry)));
    const kept = new Set(alsoKept.map(identity));
    return planRouting(
      this.wanted(),
      ours.filter((entry) => !kept.has(identity(entry))),
    );
  }
}

/** What the kernel says when all is as it was to become. */
const NEEDLESS: Readonly<Record<RoutingOperation["type"], readonly string[]>> = {
  add: [],
  replace: [],
  remove: ["ESRCH", "ENOENT", "ENODEV"],
};

/** True when the kernel's refusal of an operation says that there is nothing to do. */
export function isNeedlessRouting(type: RoutingOperation["type"], errno: string): boolean {
  return NEEDLESS[type].includes(errno);
}

function byIdentity(entries: readonly RoutingEntry[]): ReadonlyMap<string, RoutingEntry> {
  return new Map(entries.map((entry) => [identity(entry), entry]));
}
