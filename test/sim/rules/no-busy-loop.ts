/** A deadline that was seen to is over: the next one lies ahead, and none is ever no number. */

import { nextDeadline } from "../../../src/core/vrrp/virtual-router.ts";
import type { Rule } from "../rule.ts";

export const noBusyLoop: Rule = {
  name: "no-busy-loop",
  watch(world, complain) {
    return {
      stepped(machine, { event, working }) {
        const next = nextDeadline(working.state);
        if (next === undefined) return;
        if (!Number.isInteger(next)) complain(`${machine.name} wants to wake at ${next}`);
        if (event.type === "deadline" && next <= world.now)
          complain(`${machine.name} wants to wake at once after its deadline`);
      },
    };
  },
};
