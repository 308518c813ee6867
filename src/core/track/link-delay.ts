/**
 * Interfaces that change too often: a change counts only once it has lasted for a while (keepalived's
 * interface_up_down_delays). The deadlines are data; whoever drives it looks again at the earliest.
 */

import type { VirtualRouter } from "../vrrp/model.ts";
import type { State } from "../vrrp/state.ts";
import type { Interface, Interfaces } from "../vrrp/surroundings.ts";
import { after, type Duration, earliest, type Instant, microseconds } from "../units/time.ts";

/** How long a change must last before it counts; zero: at once. */
export interface LinkDelay {
  readonly down: Duration;
  readonly up: Duration;
}

/** What something counts as, and when that changes unless it changes back before. */
export interface Link {
  readonly up: boolean;
  readonly changesAt: Instant | undefined;
}

/** What the interfaces with a delay count as, by name. */
export type Links = ReadonlyMap<string, Link>;

/** The delays of interfaces, by name. */
export type LinkDelays = Readonly<Record<string, LinkDelay>>;

/** A virtual router, and where it stands. */
export interface Standing {
  readonly router: VirtualRouter;
  readonly state: State;
}

/** The interfaces as they count now. */
export interface DelayedView {
  readonly interfaces: Interfaces;
  readonly links: Links;
  /** When to look again though nothing has changed; undefined: not needed. */
  readonly lookAt: Instant | undefined;
}

/**
 * The delays as they are where a backup goes by an interval that is shorter than its own: it loses patience with the master
 * sooner, and finds out as much sooner that it is cut off itself.
 */
export function inTime(delays: LinkDelays, all: readonly Standing[]): LinkDelays {
  return Object.fromEntries(
    Object.entries(delays).map(([name, { down, up }]) => {
      const here = all.filter(({ router }) => router.interface === name || router.link?.name === name);
      const share = Math.min(1, ...here.map(haste));
      return [name, { down: microseconds(down * share), up }];
    }),
  );
}

/** The interval that it goes by, as a part of its own. */
function haste({ router, state }: Standing): number {
  return state.name === "backup" ? state.advertInterval / router.advertInterval : 1;
}

/** How the interfaces that are there count at `now`, by what they counted as `before`. */
export function delayedView(
  interfaces: Interfaces,
  delays: LinkDelays,
  before: Links,
  now: Instant,
): DelayedView {
  const links = new Map<string, Link>();
  const seen = new Map<string, Interface>(interfaces);
  for (const [name, delay] of Object.entries(delays)) {
    const found = interfaces.get(name);
    const link = found === undefined ? GONE : observed(before.get(name), found.up, delay, now);
    links.set(name, link);
    if (found !== undefined) seen.set(name, { ...found, up: link.up });
  }
  const lookAt = earliest(...[...links.values()].map(({ changesAt }) => changesAt));
  return { interfaces: seen, links, lookAt };
}

/** An interface that was deleted is not waited for. */
const GONE: Link = { up: false, changesAt: undefined };

/** What something counts as that is now so. What is seen for the first time counts as it is. */
export function observed(before: Link | undefined, up: boolean, delay: LinkDelay, now: Instant): Link {
  if (before === undefined || before.up === up) return { up, changesAt: undefined };
  const changesAt = before.changesAt ?? after(now, up ? delay.up : delay.down);
  return now < changesAt ? { up: before.up, changesAt } : { up, changesAt: undefined };
}
