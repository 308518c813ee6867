/** What operators do: another priority, another interval, other addresses; on one director and not on the other. */

import { centiseconds, type Duration, seconds } from "../../../src/core/units/time.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import { type Fault, type Striking, someMachine } from "../fault.ts";
import type { Random } from "../random.ts";

/** The one sync group that there is. */
export const GROUP = "site";

/** The members of a sync group cannot have opinions of their own on who is better: all take the first one's. */
export function inAgreement(routers: readonly VirtualRouter[]): readonly VirtualRouter[] {
  const first = routers.find(({ syncGroup }) => syncGroup !== undefined);
  if (first === undefined) return routers;
  const { priority, preempt, preemptDelay } = first;
  return routers.map((router) =>
    router.syncGroup === undefined ? router : { ...router, priority, preempt, preemptDelay },
  );
}

function edit(
  name: string,
  change: (router: VirtualRouter, striking: Striking) => Partial<VirtualRouter>,
): Fault {
  return {
    name,
    strike(striking) {
      const { world } = striking;
      const machine = someMachine(striking);
      const file = world.files.get(machine);
      if (file === undefined) return;
      world.trace?.note(`${machine.name}: ${name}`);
      const routers = file.routers.map((router) => ({ ...router, ...change(router, striking) }));
      world.rewrite(machine, { ...file, routers: inAgreement(routers) });
    },
  };
}

export const priorityChanged = edit("priority-changed", (_, { random }) => ({
  priority: random.integer(1, 254),
}));

export const intervalChanged = edit("interval-changed", (router, { random }) => ({
  advertInterval: otherInterval(router, random),
}));

export const announcingChanged = edit("announcing-changed", ({ announcing }, { random, unit }) => ({
  announcing: { ...announcing, delay: (unit * random.integer(0, 4)) as Duration },
}));

export const preemptionChanged = edit("preemption-changed", ({ preempt }) => ({ preempt: !preempt }));

/** A member leaves its sync group, or joins it again. */
export const groupChanged = edit("group-changed", ({ syncGroup }, { random }) => ({
  syncGroup: syncGroup === undefined && random.chance(0.5) ? GROUP : undefined,
}));

/** One address less, or one as it was again. */
export const addressesChanged = edit("addresses-changed", ({ addresses }, { random }) => ({
  addresses:
    addresses[1]?.excluded === undefined && addresses.length > 1 && random.chance(0.7)
      ? addresses.slice(1)
      : addresses,
}));

export const patienceChanged = edit("patience-changed", (_, { random }) => ({
  downTimerAdverts: random.integer(2, 5),
}));

/** Nothing is different, but it is read again. */
export const reload = edit("reload", () => ({}));

/** An interval that the version can carry, not far from the one there is. */
export function otherInterval({ version, advertInterval }: VirtualRouter, random: Random): Duration {
  if (version === 2) return seconds(random.integer(1, 3));
  const scaled = (advertInterval / centiseconds(1)) * random.pick([0.2, 0.5, 2, 3]);
  return centiseconds(Math.min(500, Math.max(1, Math.round(scaled))));
}
