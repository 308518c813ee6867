/** The kernel is the truth: at rest a master holds all of its addresses, and nobody else any of them. */

import type { Instant } from "../../../src/core/units/time.ts";
import type { Working } from "../brain.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";

export const kernelTruth: Rule = {
  name: "kernel-truth",
  watch(world, complain) {
    /** Only what has happened to a director can make it wrong; who is wrong stays under suspicion. */
    const suspects = new Set<Machine>();
    const wrongSince = new Map<Working, Instant>();

    function isRight(machine: Machine): boolean {
      let right = true;
      for (const working of machine.brain?.working.values() ?? []) {
        const wrong = wrongAddress(machine, working);
        if (wrong === undefined) {
          wrongSince.delete(working);
          continue;
        }
        right = false;
        const since = wrongSince.get(working) ?? world.now;
        wrongSince.set(working, since);
        if (world.now > Math.max(since, world.troubled(machine)) + world.reaction)
          complain(`${machine.name} ${working.router.name} is ${working.state.name}, and ${wrong}`);
      }
      return right;
    }

    return {
      stepped: (machine, { before, working }) => {
        if (before.name !== working.state.name) suspects.add(machine);
      },
      address: (machine) => void suspects.add(machine),
      life: (machine) => void suspects.add(machine),
      check() {
        for (const machine of suspects) if (machine.awake && isRight(machine)) suspects.delete(machine);
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
