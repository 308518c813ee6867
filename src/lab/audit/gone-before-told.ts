/**
 * Rule 6, gone before told: when a director tells the others that it lets go, an advert of priority 0, none of the
 * addresses is on it any more. Both times are the kernel's, so the order is the true one and nothing is allowed for.
 */

import { between, type Instant } from "../../core/units/time.ts";
import { type Advert, holdings, type Observation } from "../observation.ts";
import { clock, ms, type Verdict, verdict } from "./verdict.ts";

/** Judges every farewell up to `end`. */
export function auditGoneBeforeTold(
  seen: readonly Observation[],
  addresses: readonly string[],
  end: Instant,
): Verdict {
  const farewells = seen
    .filter((item): item is Advert => item.type === "advert" && item.priority === 0)
    .filter((item) => item.at < end);
  const breaches: string[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const address of addresses) {
    const held = holdings(seen, address, end);
    for (const farewell of farewells) {
      const own = held.filter((holding) => holding.director === farewell.director);
      const still = own.find((holding) => holding.from <= farewell.at && farewell.at < holding.until);
      const last = own.findLast((holding) => holding.until <= farewell.at);
      if (last !== undefined) least = Math.min(least, between(last.until, farewell.at));
      if (still !== undefined) {
        const late = ms(between(farewell.at, still.until));
        breaches.push(
          `${farewell.director} let go at ${clock(farewell.at)} and had ${address} for ${late} more`,
        );
      }
    }
  }
  const shortest = Number.isFinite(least) ? `, gone ${(least / 1000).toFixed(1)} ms before at the least` : "";
  return verdict(
    "6 gone before told",
    breaches,
    farewells.length,
    `${farewells.length} farewells${shortest}`,
  );
}
