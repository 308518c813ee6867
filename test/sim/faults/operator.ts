/** What operators do: another priority, another interval, other addresses; on one director and not on the other. */

import { centiseconds, type Duration, seconds } from "../../../src/core/units/time.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import { type Fault, type Striking, someMachine } from "../fault.ts";
import type { Random } from "../random.ts";

function edit(
  name: string,
  change: (router: VirtualRouter, striking: Striking) => Partial<VirtualRouter>,
): Fault {
  return {
    name,
    strike(striking) {
      const { world } = striking;
      const machine = someMachine(striking);
      const routers = world.files.get(machine) ?? [];
      world.trace?.note(`${machine.name}: ${name}`);
      world.rewrite(
        machine,
        routers.map((router) => ({ ...router, ...change(router, striking) })),
      );
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

/** One address less, or one as it was again. */
export const addressesChanged = edit("addresses-changed", ({ addresses }, { random }) => ({
  addresses: addresses.length > 1 && random.chance(0.7) ? addresses.slice(1) : addresses,
}));

/** Nothing is different, but it is read again. */
export const reload = edit("reload", () => ({}));

/** An interval that the version can carry, not far from the one there is. */
export function otherInterval({ version, advertInterval }: VirtualRouter, random: Random): Duration {
  if (version === 2) return seconds(random.integer(1, 3));
  const scaled = (advertInterval / centiseconds(1)) * random.pick([0.2, 0.5, 2, 3]);
  return centiseconds(Math.min(500, Math.max(1, Math.round(scaled))));
}
