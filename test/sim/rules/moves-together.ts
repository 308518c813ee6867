/**
 * The members of a sync group are never master apart, not even for an instant: a move of one is a decision on all. A member
 * that misses something keeps all of them from working. For how long their addresses are apart is the kernel's affair, and
 * `kernel-truth` watches that.
 */

import type { Working } from "../brain.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";

export const movesTogether: Rule = {
  name: "moves-together",
  watch(world, complain) {
    /** Only a step can drive members apart. */
    const moved = new Set<Machine>();

    function examine(machine: Machine, group: string, members: readonly Working[]): void {
      const present = members.filter(({ state }) => state.name !== "init");
      const masters = present.filter(({ state }) => state.name === "master");
      const faulty = present.filter(({ state }) => state.name === "fault");
      const told = () => members.map(({ router, state }) => `${router.name} is ${state.name}`).join(", ");
      if (masters.length > 0 && masters.length < present.length)
        complain(`${machine.name} sync group ${group} is apart: ${told()}`);
      if (faulty.length > 0 && faulty.length < present.length)
        complain(`${machine.name} sync group ${group} works though one of it cannot: ${told()}`);
    }

    return {
      stepped: (machine, { working }) => {
        if (working.router.syncGroup !== undefined) moved.add(machine);
      },
      check() {
        for (const machine of moved) {
          const groups = new Map<string, Working[]>();
          for (const working of machine.brain?.working.values() ?? []) {
            const { syncGroup } = working.router;
            if (syncGroup !== undefined) groups.set(syncGroup, [...(groups.get(syncGroup) ?? []), working]);
          }
          for (const [group, members] of groups) examine(machine, group, members);
        }
        moved.clear();
      },
    };
  },
};
