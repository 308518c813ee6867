/** A virtual router whose configuration changes, or its priority, goes on in the state that it is in. */

import { after, type Instant } from "../units/time.ts";
import { type Context, type Effect, type Step, unchanged } from "./event.ts";
import { sameAddress, type VirtualAddress, type VirtualRouter } from "./model.ts";
import type { State } from "./state.ts";
import { nextRefresh, secondBurst } from "./transition.ts";
import { rescheduled } from "./waiting.ts";

/** `before` is what it was until now. */
export function onReconfigured(state: State, before: VirtualRouter, now: Instant, context: Context): Step {
  const { router } = context;
  switch (state.name) {
    case "init":
    case "fault":
      return unchanged(state);
    case "backup":
      return unchanged(rescheduled(state, before, now, router));
    case "master": {
      const gone = addressesOnlyIn(before.addresses, router.addresses);
      const added = addressesOnlyIn(router.addresses, before.addresses);
      const next = {
        ...state,
        nextAdvertAt: after(now, router.advertInterval),
        announceAt: added.length > 0 ? secondBurst(now, router) : state.announceAt,
        refreshAt: nextRefresh(now, router),
      };
      const effects: Effect[] = [{ type: "remove-addresses", addresses: gone }, { type: "send-advert" }];
      effects.push({ type: "add-addresses", addresses: added });
      if (before.routing.length + router.routing.length > 0)
        effects.push({ type: "hold-routing", routing: router.routing });
      effects.push({ type: "announce", addresses: added, repeat: router.announcing.repeat });
      return {
        state: next,
        effects: effects.filter((effect) => !("addresses" in effect) || effect.addresses.length > 0),
      };
    }
  }
}

/**
 * A backup's wait is shifted; a master's next advert says it. That is soon enough: a backup that is now the better one
 * counts from the last advert that was better than itself, and has heard of the change before that wait is over.
 */
export function onAdjusted(state: State, before: VirtualRouter, now: Instant, { router }: Context): Step {
  return unchanged(state.name === "backup" ? rescheduled(state, before, now, router) : state);
}

/** Those of `some` that `others` does not have in the same manner. */
export function addressesOnlyIn(
  some: readonly VirtualAddress[],
  others: readonly VirtualAddress[],
): readonly VirtualAddress[] {
  return some.filter(
    (address) => !others.some((other) => sameAddress(address, other) && sameManner(address, other)),
  );
}

/** The kernel changes none of these in place: an address with another is removed, and added anew. */
function sameManner(one: VirtualAddress, other: VirtualAddress): boolean {
  return (
    one.peer === other.peer &&
    one.label === other.label &&
    one.scope === other.scope &&
    one.broadcast === other.broadcast &&
    one.noPrefixRoute === other.noPrefixRoute &&
    one.deprecated === other.deprecated
  );
}
