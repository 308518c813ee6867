/**
 * Rule 2, somebody holds: from the first start on, each address has a living holder, but for the time that VRRP allows
 * after a fault. Without a fault it may be missing only for as long as it may be held twice: in passing from one to
 * the other.
 */

import { after, type Duration, type Instant } from "../../core/units/time.ts";
import { type Deed, livingHoldings, type Observation, type Span, without } from "../observation.ts";
import { clock, ms, type Verdict, verdict } from "./verdict.ts";

/** How long an address may have no holder. */
export interface HoldingBounds {
  /** After a director was killed or told to stop. */
  readonly afterFault: Duration;
  /** After the first director was started. */
  readonly afterStart: Duration;
  /** At any time. */
  readonly inPassing: Duration;
}

/** Judges every gap between holdings of each address up to `end`. */
export function auditSomebodyHolds(
  seen: readonly Observation[],
  addresses: readonly string[],
  bounds: HoldingBounds,
  end: Instant,
): Verdict {
  const rule = "2 somebody holds";
  const excused = excuses(seen, bounds);
  const start = excused[0]?.from;
  if (start === undefined) return verdict(rule, [], 0, "");
  const breaches: string[] = [];
  let longest = 0;
  for (const address of addresses) {
    for (const gap of without({ from: start, until: end }, livingHoldings(seen, address, end))) {
      if (gap.from > start) longest = Math.max(longest, gap.until - gap.from);
      for (const left of without(gap, excused)) {
        if (left.until - left.from <= bounds.inPassing) continue;
        breaches.push(
          `nobody held ${address} for ${ms(gap.until - gap.from)}, from ${clock(gap.from)}: ${ms(left.until - left.from)} too long`,
        );
      }
    }
  }
  const faults = excused.length - 1;
  const evidence = `${faults} faults, longest without a holder ${ms(longest)} (allowed ${ms(bounds.afterFault)})`;
  return verdict(rule, breaches, faults, evidence);
}

/** The spans in which a missing holder is forgiven, the first start first. */
function excuses(seen: readonly Observation[], bounds: HoldingBounds): readonly Span[] {
  const deeds = seen.filter((item): item is Deed => item.type === "deed").toSorted((a, b) => a.at - b.at);
  const first = deeds.find((deed) => deed.deed === "started");
  if (first === undefined) return [];
  const faults = deeds.filter((deed) => deed.deed === "killed" || deed.deed === "stopping");
  return [
    { from: first.at, until: after(first.at, bounds.afterStart) },
    ...faults.map((fault) => ({ from: fault.at, until: after(fault.at, bounds.afterFault) })),
  ];
}
