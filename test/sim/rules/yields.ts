/**
 * A master gives way to a stronger one on the spot, and to nobody else (RFC 9568 §6.4.3); but an owner that hears another
 * owner speak for longer than two of its own intervals and 1.2 of the longer one's gives way to a weaker one.
 */

import { compareIp, type IpAddress } from "../../../src/core/units/ip-address.ts";
import type { Instant } from "../../../src/core/units/time.ts";
import type { Working } from "../brain.ts";
import { priorityOf } from "../fitness.ts";
import type { Rule } from "../rule.ts";

export const yields: Rule = {
  name: "yields",
  watch(world, complain) {
    /** When each master first heard another owner. */
    const contests = new Map<Working, Map<IpAddress, Instant>>();
    return {
      stepped(machine, { event, before, working }) {
        if (before.name !== "master") contests.delete(working);
        if (before.name !== "master" || event.type !== "advert") return;
        const { router, state } = working;
        const { priority, advertInterval } = event.advert;
        const ours = priorityOf(router, working.adjustment);
        const own = machine.ownAddress(router.interface, router.family) as IpAddress;
        const stronger = priority > ours || (priority === ours && compareIp(event.source, own) > 0);
        const gaveWay = state.name === "backup";
        if (stronger === gaveWay) {
          if (priority === 255 && !gaveWay) remember(working, event.source);
          return;
        }
        const since = contests.get(working)?.get(event.source) ?? world.now;
        const patience = 2 * router.advertInterval + 1.2 * Math.max(router.advertInterval, advertInterval);
        const isContest = priority === 255 && router.priority === 255 && world.now >= since + patience - 1;
        if (!gaveWay || !isContest)
          complain(`${machine.name} is ${state.name} after ${event.source} spoke with ${priority}`);
      },
    };

    function remember(working: Working, source: IpAddress): void {
      let heard = contests.get(working);
      if (heard === undefined) contests.set(working, (heard = new Map()));
      if (!heard.has(source)) heard.set(source, world.now);
    }
  },
};
