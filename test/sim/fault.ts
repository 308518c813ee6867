/** What a fault is: something that strikes now and then while a run is in its first phase, and passes or is healed. */

import { type Duration, microseconds } from "../../src/core/units/time.ts";
import type { Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Where a fault strikes, and with what luck. */
export interface Striking {
  readonly world: World;
  readonly random: Random;
  /** The advert interval that the run began with: faults last in proportion. */
  readonly unit: Duration;
}

/** A kind of fault. One that is not named in `faults/all.ts` does not strike. */
export interface Fault {
  readonly name: string;
  strike(striking: Striking): void;
}

/** So long as this many units at the least and at the most. */
export function lasting({ random, unit }: Striking, least: number, most: number): Duration {
  return random.duration(least * unit, most * unit);
}

/** One of the directors. */
export function someMachine({ world, random }: Striking): Machine {
  return random.pick(world.machines);
}

/** Nothing that was held up is longer on its way than this. */
export function longestDelay(unit: Duration): Duration {
  return microseconds(2 * unit);
}
