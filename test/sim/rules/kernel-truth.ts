/** The kernel is the truth: at rest a master holds all of its addresses, and nobody else any of them. */

import type { Instant } from "../../../src/core/units/time.ts";
import type { Working } from "../brain.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";

export const kernelTruth: Rule = {
  name: "kernel-truth",
  watch(world, complain) {
    const wrongSince = new Map<Working, Instant>();
    return {
      check() {
        for (const machine of world.machines) {
          if (!machine.awake) continue;
          for (const working of machine.brain?.working.values() ?? []) {
            const wrong = wrongAddress(machine, working);
            if (wrong === undefined) {
              if (wrongSince.size > 0) wrongSince.delete(working);
              continue;
            }
            const since = wrongSince.get(working) ?? world.now;
            wrongSince.set(working, since);
            if (world.now > Math.max(since, world.troubled(machine)) + world.reaction)
              complain(`${machine.name} ${working.router.name} is ${working.state.name}, and ${wrong}`);
          }
        }
      },
    };
  },
};

function wrongAddress(machine: Machine, { router, state }: Working): string | undefined {
  const wanted = state.name === "master";
  for (const address of router.addresses) {
    if (machine.kernel.holds(address) !== wanted)
      return `${address.address} is ${wanted ? "missing" : "still there"}`;
  }
  return undefined;
}
