/**
 * What was seen from outside, and what the lab itself did, each with its time. The auditors judge nothing but this.
 *
 * Times of addresses and packets are the kernel's own, all from one clock, as every machine of the lab is a namespace
 * of the same kernel. Addresses and adverts have theirs from the very call that changes or sends them, so their order is
 * the true one; announcements from when they have arrived at the switch.
 */

import type { Instant } from "../core/units/time.ts";
import type { DirectorName, Segment } from "./plan.ts";

/** A director's kernel has gained or lost an address. */
export interface AddressChange {
  readonly type: "address";
  readonly at: Instant;
  readonly director: DirectorName;
  readonly address: string;
  readonly present: boolean;
}

/** A segment has been told by a director that an address is at its interface (gratuitous ARP). */
export interface Announcement {
  readonly type: "announcement";
  readonly at: Instant;
  readonly director: DirectorName;
  readonly segment: Segment;
  readonly address: string;
}

/** A VRRP advert of a director, on its way out. Priority 0 says that it lets go. */
export interface Advert {
  readonly type: "advert";
  readonly at: Instant;
  readonly director: DirectorName;
  readonly vrid: number;
  readonly priority: number;
}

/** A machine has sent the client a reply of the VIP's: the second packet of a connection. */
export interface Reply {
  readonly type: "reply";
  readonly at: Instant;
  /** Whose interface it came from, or the hardware address of nobody's. */
  readonly machine: string;
}

/** What the lab did to a director. From `killed` to `booted` its kernel neither sends nor receives and does not count. */
export interface Deed {
  readonly type: "deed";
  readonly at: Instant;
  readonly director: DirectorName;
  readonly deed: "started" | "stopping" | "killed" | "booted";
}

/** Anything of these. */
export type Observation = AddressChange | Announcement | Advert | Reply | Deed;

/** A span of time, `until` not included. */
export interface Span {
  readonly from: Instant;
  readonly until: Instant;
}

/** A director has an address from then until then. */
export interface Holding extends Span {
  readonly director: DirectorName;
  readonly address: string;
}

/** All holdings of an address, by start. One that lasts ends at `end`; a renewed lease is the same holding. */
export function holdings(seen: readonly Observation[], address: string, end: Instant): readonly Holding[] {
  const since = new Map<DirectorName, Instant>();
  const found: Holding[] = [];
  const close = (director: DirectorName, until: Instant) => {
    const from = since.get(director);
    if (from !== undefined && from < until) found.push({ director, address, from, until });
    since.delete(director);
  };
  for (const item of inOrder(seen)) {
    if (item.at >= end) break;
    if (item.type === "deed" && item.deed === "booted") close(item.director, item.at);
    if (item.type !== "address" || item.address !== address) continue;
    if (!item.present) close(item.director, item.at);
    else if (!since.has(item.director)) since.set(item.director, item.at);
  }
  for (const director of since.keys()) close(director, end);
  return found.toSorted((a, b) => a.from - b.from);
}

/** The spans in which a director was dead to the world. */
function absences(seen: readonly Observation[], director: DirectorName, end: Instant): readonly Span[] {
  const found: Span[] = [];
  let from: Instant | undefined;
  for (const item of inOrder(seen)) {
    if (item.type !== "deed" || item.director !== director) continue;
    if (item.deed === "killed") from ??= item.at;
    if (item.deed === "booted" && from !== undefined) {
      found.push({ from, until: item.at });
      from = undefined;
    }
  }
  if (from !== undefined) found.push({ from, until: end });
  return found;
}

/** What of a span is left when others are cut out of it. */
export function without(span: Span, cut: readonly Span[]): readonly Span[] {
  let left: readonly Span[] = [span];
  for (const { from, until } of cut) {
    left = left.flatMap((piece) => [
      { from: piece.from, until: Math.min(piece.until, from) as Instant },
      { from: Math.max(piece.from, until) as Instant, until: piece.until },
    ]);
    left = left.filter((piece) => piece.from < piece.until);
  }
  return left;
}

/** Holdings by directors that were alive, the dead time cut out. */
export function livingHoldings(
  seen: readonly Observation[],
  address: string,
  end: Instant,
): readonly Holding[] {
  return holdings(seen, address, end).flatMap((holding) =>
    without(holding, absences(seen, holding.director, end)).map((span) => ({ ...holding, ...span })),
  );
}

/** The observations by time; the sources write them down as they come in. */
function inOrder(seen: readonly Observation[]): readonly Observation[] {
  return seen.toSorted((a, b) => a.at - b.at);
}
