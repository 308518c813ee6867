/**
 * Rule 5, claimed means announced: whoever claims an address tells the segment at once, and again after
 * garp_master_delay, if it still has it then. And the other way round: nobody announces what it does not have.
 */

import { after, between, type Duration, type Instant, ZERO } from "../../core/units/time.ts";
import { type Announcement, type Holding, livingHoldings, type Observation } from "../observation.ts";
import type { Floating } from "../plan.ts";
import { clock, ms, type Verdict, verdict } from "./verdict.ts";

/** When an announcement is due. */
export interface AnnouncingBounds {
  /** So long after the claim it must have been seen; the second time, so long before or after it is due. */
  readonly within: Duration;
  /** garp_master_delay */
  readonly secondAfter: Duration;
}

/** Judges every claim of each address up to `end`, and every announcement. */
export function auditAnnounced(
  seen: readonly Observation[],
  addresses: readonly Floating[],
  bounds: AnnouncingBounds,
  end: Instant,
): Verdict {
  const breaches: string[] = [];
  let claims = 0;
  let repeated = 0;
  let slowest = 0;
  for (const floating of addresses) {
    const told = announcements(seen, floating);
    const held = livingHoldings(seen, floating.address, end);
    breaches.push(...unfounded(told, held, bounds.within, end));
    for (const holding of held) {
      const due = after(holding.from, bounds.secondAfter);
      const first = firstIn(told, holding, holding.from, bounds.within);
      // The claim was decided a little before the kernel had the address.
      const second = firstIn(
        told,
        holding,
        (due - bounds.within) as Instant,
        (2 * bounds.within) as Duration,
      );
      if (lasts(holding, bounds.within)) {
        claims += 1;
        if (first === undefined) breaches.push(silent(told, holding, `within ${ms(bounds.within)}`));
        else slowest = Math.max(slowest, between(holding.from, first.at));
      }
      if (lasts(holding, (bounds.secondAfter + bounds.within) as Duration)) {
        repeated += 1;
        if (second === undefined)
          breaches.push(silent(told, holding, `again after ${ms(bounds.secondAfter)}`));
      }
    }
  }
  const evidence = `${claims} claims, slowest ${ms(slowest)} (allowed ${ms(bounds.within)}); ${repeated} again after ${ms(bounds.secondAfter)}`;
  return verdict("5 claimed means announced", breaches, Math.min(claims, repeated), evidence);
}

function announcements(
  seen: readonly Observation[],
  { address, segment }: Floating,
): readonly Announcement[] {
  return seen
    .filter((item): item is Announcement => item.type === "announcement")
    .filter((item) => item.address === address && item.segment === segment)
    .toSorted((a, b) => a.at - b.at);
}

function unfounded(
  told: readonly Announcement[],
  held: readonly Holding[],
  late: Duration,
  end: Instant,
): readonly string[] {
  return told
    .filter((item) => item.at < end)
    .filter((item) => !held.some((span) => span.director === item.director && covers(span, item.at, late)))
    .map((item) => `${item.director} announced ${item.address} at ${clock(item.at)} and did not have it`);
}

/** One that was sent just before the address went may arrive just after. */
function covers(holding: Holding, at: Instant, late: Duration): boolean {
  return holding.from <= at && at <= after(holding.until, late);
}

function firstIn(
  told: readonly Announcement[],
  holding: Holding,
  due: Instant,
  within: Duration,
): Announcement | undefined {
  return told.find(
    (item) => item.director === holding.director && item.at >= due && item.at <= after(due, within),
  );
}

function lasts(holding: Holding, length: Duration): boolean {
  return between(holding.from, holding.until) > length;
}

function silent(told: readonly Announcement[], holding: Holding, when: string): string {
  const own = told.filter((item) => item.director === holding.director && covers(holding, item.at, ZERO));
  const heard = own.map((item) => ms(between(holding.from, item.at))).join(", ");
  const what = `${holding.director} claimed ${holding.address} at ${clock(holding.from)}`;
  return `${what} and did not announce it ${when} (heard after: ${heard || "never"})`;
}
