/** A master gives way to a stronger one on the spot, and to nobody else (RFC 9568 §6.4.3). */

import { compareIp, type IpAddress } from "../../../src/core/units/ip-address.ts";
import { effective } from "../fitness.ts";
import type { Rule } from "../rule.ts";

export const yields: Rule = {
  name: "yields",
  watch(_world, complain) {
    return {
      stepped(machine, { event, before, working }) {
        if (before.name !== "master" || event.type !== "advert") return;
        const { state } = working;
        const router = effective(working);
        const { priority } = event.advert;
        const own = machine.ownAddress(router.interface, router.family) as IpAddress;
        const stronger =
          priority > router.priority || (priority === router.priority && compareIp(event.source, own) > 0);
        if (stronger !== (state.name === "backup"))
          complain(`${machine.name} is ${state.name} after ${event.source} spoke with ${priority}`);
      },
    };
  },
};
