/**
 * A late director fences itself: after a stall it hears what has queued before it says anything.
 *
 * What it says in answer to a packet, while it hears the queue, is no exception to the spirit: if a later packet of the
 * queue makes it yield, it yields in the same turn, and has announced nothing. To let go is always allowed. And nobody takes
 * the other director for silent while heartbeats wait to be heard, but for those of a flood.
 */

import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import { dissect } from "../validity.ts";

export const hearsFirst: Rule = {
  name: "hears-first",
  watch(world, complain) {
    /** What each router on a machine decided on last. */
    const why = new Map<Machine, Map<string, string>>();
    return {
      stepped(machine, { event, working }) {
        let known = why.get(machine);
        if (known === undefined) why.set(machine, (known = new Map()));
        known.set(working.router.name, event.type);
        if (event.type === "peer-silent" && machine.heartbeatsWaiting > 0)
          complain(`${machine.name} ${working.router.name} hears of silence while heartbeats wait`);
      },
      sent(machine, router, { packet }) {
        const waiting = machine.waitingOn(router);
        const because = why.get(machine)?.get(router.name) ?? "nothing";
        if (waiting > 0 && dissect(packet)?.message[2] !== 0 && because !== "advert")
          complain(`${machine.name} sends an advert (${because}) while ${waiting} packets wait to be heard`);
      },
      announced(machine, address) {
        const router = world.routerOf(machine, address.address);
        const waiting = router === undefined ? 0 : machine.waitingOn(router);
        if (waiting > 0)
          complain(`${machine.name} announces ${address.address} while ${waiting} packets wait to be heard`);
      },
    };
  },
};
