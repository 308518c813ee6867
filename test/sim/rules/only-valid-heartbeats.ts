/**
 * Only a valid heartbeat acts. What is discarded leaves every state as it was; and what is discarded and what counts is what
 * docs/protocol/heartbeat.md says (`hearsay.ts`).
 */

import type { Rule } from "../rule.ts";

export const onlyValidHeartbeats: Rule = {
  name: "only-valid-heartbeats",
  watch(_world, complain) {
    return {
      listened(machine, { path, frame, before, discarded }, counts) {
        const about = `${machine.name} hears a heartbeat on ${path.name} (${frame.altered ?? "unaltered"})`;
        if (counts !== (discarded === undefined))
          complain(`${about}; it ${counts ? "counts" : "does not count"}, and is ${discarded ?? "heeded"}`);
        if (discarded === undefined) return;
        let index = 0;
        for (const { state, router } of machine.brain?.working.values() ?? []) {
          if (state !== before[index]) complain(`${about}, discards it, and ${router.name} acts on it`);
          index += 1;
        }
      },
    };
  },
};
