/** What the tracked objects of a machine come to: a script fails, a number in a file is another, and back again. */

import type { Tracked, Verdict } from "../../../src/core/track/model.ts";
import { type Fault, someMachine } from "../fault.ts";
import { isUnfit } from "../fitness.ts";
import type { Machine } from "../machine.ts";
import type { Random } from "../random.ts";
import type { World } from "../world.ts";

/** One tracked object of a machine is something else. */
export const verdictChanged: Fault = {
  name: "verdict-changed",
  strike(striking) {
    const { world, random } = striking;
    const machine = someMachine(striking);
    const all = world.routers(machine).flatMap(({ tracks }) => tracks);
    if (all.length > 0) findSomething(world, machine, random.pick(all), random);
  },
};

/** The supervisor finds out something about an object. */
export function findSomething(world: World, machine: Machine, tracked: Tracked, random: Random): void {
  find(world, machine, tracked, tracked.kind === "file" ? random.integer(-3, 3) : random.chance(0.5));
}

/** What keeps a router of a machine from working is well again; other weights stay as they are. */
export function cure(world: World, machine: Machine): void {
  for (const { tracks } of world.routers(machine)) {
    for (const tracked of tracks) {
      if (!isUnfit([tracked], ({ object }) => machine.findings.get(object)?.verdict)) continue;
      const well = tracked.kind === "file" ? [0, 1] : [true, false];
      const verdict = well.find((candidate) => !isUnfit([tracked], () => candidate));
      if (verdict !== undefined) find(world, machine, tracked, verdict);
    }
  }
}

function find(world: World, machine: Machine, { kind, object }: Tracked, verdict: Verdict): void {
  world.find(machine, { kind, object, verdict, detail: "" });
}
