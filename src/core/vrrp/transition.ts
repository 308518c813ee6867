/** How a virtual router gets from one state to another: what becoming master and letting go take. */

import { after, type Instant, ZERO } from "../units/time.ts";
import type { Context, Effect, Step } from "./event.ts";
import type { VirtualRouter } from "./model.ts";
import { OWNER } from "./priority.ts";
import type { Replaced, State, TransitionCause } from "./state.ts";
import { masterDownInterval } from "./timing.ts";
import { waitingFor } from "./waiting.ts";

/** A master that leaves lets go first; anyone else has nothing to let go of. */
export function leave(
  state: State,
  next: State,
  cause: TransitionCause,
  detail: string | undefined,
  { router }: Context,
): Step {
  const before = state.name === "master" ? letGo(router) : [];
  return { state: next, effects: [...before, publish(state, next, cause, detail)] };
}

/** RFC 9568 §6.4.1: the owner is master at once, everyone else listens first. */
export function begin(
  state: State,
  cause: "startup" | "fault-cleared" | "sync-group",
  detail: string | undefined,
  now: Instant,
  context: Context,
): Step {
  if (context.router.priority === OWNER) return becomeMaster(state, "owner", undefined, now, context);
  const next = waitingFor(undefined, context.router.advertInterval, now, context.router);
  return { state: next, effects: [publish(state, next, cause, detail)] };
}

/** Advert first: an old master has heard it when our announcements arrive. */
export function becomeMaster(
  state: State,
  cause: TransitionCause,
  detail: string | undefined,
  now: Instant,
  context: Context,
): Step & { readonly state: { name: "master" } } {
  const { router } = context;
  const replaced = replacedBy(state, now, context);
  const next: State & { name: "master" } = {
    name: "master",
    nextAdvertAt: after(now, router.advertInterval),
    announceAt: secondBurst(now, router),
    reassertAt: undefined,
    refreshAt: nextRefresh(now, router),
    answerQuietUntil: now,
    answered: undefined,
    contentionQuietUntil: now,
    contest: undefined,
    ...(replaced && { replaced }),
  };
  return {
    state: next,
    effects: [
      { type: "send-advert" },
      { type: "add-addresses", addresses: router.addresses },
      ...holdRouting(router),
      announce(router),
      publish(state, next, cause, detail),
    ],
  };
}

/** Who has not answered until now is gone for certain when VRRP, too, would have missed it. */
function replacedBy(state: State, now: Instant, { router, peer }: Context): Replaced | undefined {
  if (state.name !== "backup" || state.expecting !== "peer-silent" || peer !== undefined) return undefined;
  return { master: state.master, until: after(now, masterDownInterval(router, state.advertInterval)) };
}

/** Gone before told: routes, rules and addresses are off before the peers hear of it. */
function letGo(router: VirtualRouter): Effect[] {
  return [...clear(router), { type: "resign" }];
}

function holdRouting({ routing }: VirtualRouter): Effect[] {
  return routing.length > 0 ? [{ type: "hold-routing", routing }] : [];
}

/**
 * All that a master has in the kernel goes, however it leaves. Routes go before the addresses, which some of them need: the
 * kernel would take those away by itself.
 */
export function clear({ addresses, routing }: VirtualRouter): Effect[] {
  const effects: Effect[] = routing.length > 0 ? [{ type: "hold-routing", routing: [] }] : [];
  return [...effects, { type: "remove-addresses", addresses }];
}

/** Each of its addresses, so many times. */
export function announce(
  router: VirtualRouter,
  repeat = router.announcing.repeat,
): Effect & { type: "announce" } {
  return { type: "announce", addresses: router.addresses, repeat };
}

/** The transition, for whoever is told. */
export function publish(from: State, to: State, cause: TransitionCause, detail: string | undefined): Effect {
  return { type: "publish", from: from.name, to: to.name, cause, detail };
}

/** When a claim at `now` is announced again. */
export function secondBurst(now: Instant, { announcing }: VirtualRouter): Instant | undefined {
  return announcing.delay === ZERO ? undefined : after(now, announcing.delay);
}

/** When announcements made at `now` are refreshed. */
export function nextRefresh(now: Instant, { announcing }: VirtualRouter): Instant | undefined {
  return announcing.refresh === ZERO ? undefined : after(now, announcing.refresh);
}
