/**
 * A master gives way to a stronger one on the spot, and to nobody else (RFC 9568 §6.4.3); but an owner that hears another
 * owner speak for longer than two of its own intervals and 1.2 of the longer one's gives way to a weaker one. That is the
 * other one's interval as it was heard first: a last word carries ours. In a handover neither of the two listens, for 50 ms
 * at the most.
 */

import { compareIp, type IpAddress } from "../../../src/core/units/ip-address.ts";
import type { Duration, Instant } from "../../../src/core/units/time.ts";
import type { Working } from "../brain.ts";
import { priorityOf } from "../fitness.ts";
import type { Rule } from "../rule.ts";

const HANDOVER = 50_000;

interface Contest {
  readonly since: Instant;
  readonly interval: Duration;
}

export const yields: Rule = {
  name: "yields",
  watch(world, complain) {
    /** When each master first heard another owner. */
    const contests = new Map<Working, Map<IpAddress, Contest>>();
    const deafUntil = new Map<Working, number>();
    return {
      stepped(machine, { event, before, working }) {
        if (event.type === "give") deafUntil.set(working, world.now + HANDOVER);
        if (event.type === "given" || before.name !== "master") deafUntil.delete(working);
        if (event.type === "take" && before.name === "backup") deafUntil.set(working, world.now + HANDOVER);
        if (before.name !== "master") contests.delete(working);
        if (before.name !== "master" || event.type !== "advert") return;
        const { router, state } = working;
        const { priority, advertInterval } = event.advert;
        const ours = priorityOf(router, working.adjustment);
        const own = machine.ownAddress(router.interface, router.family) as IpAddress;
        const stronger = priority > ours || (priority === ours && compareIp(event.source, own) > 0);
        const gaveWay = state.name === "backup";
        if (world.now < (deafUntil.get(working) ?? 0)) {
          if (gaveWay) complain(`${machine.name} gives way to ${event.source} in a handover`);
          return;
        }
        if (stronger === gaveWay) {
          if (priority === 255 && !gaveWay) remember(working, event.source, advertInterval);
          return;
        }
        const known = contests.get(working)?.get(event.source);
        const { since, interval } = known ?? { since: world.now, interval: advertInterval };
        const theirs = Math.min(interval, advertInterval);
        const patience = 2 * router.advertInterval + 1.2 * Math.max(router.advertInterval, theirs);
        const isContest = priority === 255 && router.priority === 255 && world.now >= since + patience - 1;
        if (!gaveWay || !isContest)
          complain(`${machine.name} is ${state.name} after ${event.source} spoke with ${priority}`);
      },
    };

    function remember(working: Working, source: IpAddress, interval: Duration): void {
      let heard = contests.get(working);
      if (heard === undefined) contests.set(working, (heard = new Map()));
      if (!heard.has(source)) heard.set(source, { since: world.now, interval });
    }
  },
};
