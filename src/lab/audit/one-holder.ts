/**
 * Rule 1, one holder: two directors have an address at the same instant only while one of them is dead to the world,
 * or for the short time in which one takes it over from the other.
 */

import type { Duration, Instant } from "../../core/units/time.ts";
import { type Holding, livingHoldings, type Observation, type Span } from "../observation.ts";
import { clock, ms, type Verdict, verdict } from "./verdict.ts";

/** Judges every pair of holdings of each address up to `end`. */
export function auditOneHolder(
  seen: readonly Observation[],
  addresses: readonly string[],
  allowed: Duration,
  end: Instant,
): Verdict {
  const breaches: string[] = [];
  let cases = 0;
  let longest = 0;
  for (const address of addresses) {
    const held = livingHoldings(seen, address, end);
    cases += held.length;
    for (const overlap of overlaps(held)) {
      const length = overlap.until - overlap.from;
      longest = Math.max(longest, length);
      if (length > allowed)
        breaches.push(`${address} was held twice for ${ms(length)}, from ${clock(overlap.from)}`);
    }
  }
  const evidence = `${cases} holdings, longest overlap ${ms(longest)} (allowed ${ms(allowed)})`;
  return verdict("1 one holder", breaches, cases, evidence);
}

function overlaps(held: readonly Holding[]): readonly Span[] {
  return held.flatMap((one, index) =>
    held
      .slice(index + 1)
      .filter((other) => other.director !== one.director)
      .map((other) => ({
        from: Math.max(one.from, other.from) as Instant,
        until: Math.min(one.until, other.until) as Instant,
      }))
      .filter((span) => span.from < span.until),
  );
}
