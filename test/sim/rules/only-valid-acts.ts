/**
 * Only a valid packet acts. What is discarded leaves every state, deadlines included, as it was; and what is discarded
 * and what counts is what the RFCs say (`validity.ts`).
 */

import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Hearing, Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import { recipient } from "../validity.ts";

export const onlyValidActs: Rule = {
  name: "only-valid-acts",
  watch(_world, complain) {
    return {
      heard(machine, hearing) {
        const { admission, frame } = hearing;
        const actor = admission.type === "discarded" ? changed(machine, hearing) : undefined;
        if (actor !== undefined) complain(`${machine.name} ${actor} acts on a packet that it discards`);
        const expected = expectedRecipient(machine, hearing);
        const actual = admission.type === "admitted" ? admission.router.name : undefined;
        if (expected !== actual) {
          const about = frame.altered ?? "unaltered";
          complain(`${machine.name} takes a packet (${about}) for ${actual}; it is for ${expected}`);
        }
      },
    };
  },
};

function changed(machine: Machine, { before }: Hearing): string | undefined {
  let index = 0;
  for (const { state, router } of machine.brain?.working.values() ?? []) {
    if (state !== before[index]) return router.name;
    index += 1;
  }
  return undefined;
}

function expectedRecipient(machine: Machine, { interfaceName, frame }: Hearing): string | undefined {
  const here: VirtualRouter[] = [];
  // An owner that has given way to another one hears like anybody else.
  for (const { router, state } of machine.brain?.working.values() ?? [])
    if (router.interface === interfaceName)
      here.push(state.name === "backup" && router.priority === 255 ? { ...router, priority: 254 } : router);
  // Every director's first address is its own; what it holds for others comes behind it.
  const own = machine.interfaces.get(interfaceName)?.addresses[0]?.address;
  return recipient(frame.bytes, here, own)?.name;
}
