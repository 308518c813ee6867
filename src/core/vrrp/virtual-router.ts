/**
 * One virtual router's state machine (RFC 9568 §6.4; RFC 3768 §6.4 for version 2).
 *
 * It decides and does nothing: the driver feeds it an event and the time, carries out the effects in their order, and
 * wakes it at `nextDeadline`. What reaches it has passed `admit`; an event that a state does not expect changes nothing.
 * Here is which event goes where; the answers are in `waiting.ts` (a backup), `contention.ts` (a master that hears
 * another), `peer.ts` (what the pair's own link says), `fault.ts` and `reconfiguration.ts`, and what they share in
 * `transition.ts`.
 *
 * Where it goes beyond the RFC:
 * - a state `fault`: something that the router cannot do without is missing. As in the initial state nothing is sent and
 *   nothing heard counts. It remembers every fault by name and leaves when the last one is gone, as a backup with a full
 *   wait ahead of it.
 * - addresses are taken off before anyone is told (`resign` stands behind `remove-addresses`), and an advert is sent
 *   before the addresses are claimed, so that an old master has heard it when our announcements arrive.
 * - members of a sync group move together: what the others do reaches it as events (`sync-group.ts`), and another
 *   member's fault is its own.
 * - two owners of the same addresses are a mistake, and one of them gives way (`contention.ts`).
 * - announcements are repeated and refreshed, and a master that has just seen another master give way announces again,
 *   for the clients may have learnt the other one's hardware address. So that it sees it, a master that gives way sends a
 *   last advert once its addresses are off: when a segment that was cut in two is whole again, the winner may otherwise
 *   never hear that there was another, and the clients on that side would send to the loser for as long as they remember.
 */

import { after, earliest, type Instant, ZERO } from "../units/time.ts";
import { giveWay, onAdvertAsMaster } from "./contention.ts";
import { type Context, type Effect, type Event, type Step, unchanged } from "./event.ts";
import {
  onAddressRefused,
  onFaultCleared,
  onFaultRaised,
  onMemberFaultCleared,
  onMemberFaultRaised,
  onRefusalOver,
} from "./fault.ts";
import type { VirtualRouter } from "./model.ts";
import {
  isDeaf,
  overheard,
  onDueBesidePeer,
  onGive,
  onGiven,
  onPeer,
  onPeerLives,
  onPeerSilent,
  onTake,
  resume,
} from "./peer.ts";
import { asItStands, OWNER, withAdjustment } from "./priority.ts";
import { onAdjusted, onReconfigured } from "./reconfiguration.ts";
import { INITIAL, type State } from "./state.ts";
import { announce, becomeMaster, begin, leave, nextRefresh, publish } from "./transition.ts";
import { onAdvertAsBackup, waitingFor, waitingOn } from "./waiting.ts";

/** One event in; the next state and what the driver must do out. */
export function step(state: State, event: Event, now: Instant, given: Context): Step {
  // From here on a router's priority is the effective one, in every comparison and every wait.
  const effective = (router: VirtualRouter, adjustment: number): VirtualRouter =>
    asItStands(withAdjustment(router, adjustment), state.name);
  const context = { ...given, router: effective(given.router, given.adjustment) };
  switch (event.type) {
    case "startup":
      return onStartup(state, event, now, context);
    case "advert":
      return onAdvert(state, event, now, context);
    case "deadline":
      return onDeadline(state, now, context);
    case "fault-raised":
      return onFaultRaised(state, event.fault, context);
    case "member-fault-raised":
      return onMemberFaultRaised(state, event.member, context);
    case "member-fault-cleared":
      return onMemberFaultCleared(state, event.member, now, context);
    case "sync":
      return onSync(state, event, now, context);
    case "address-refused":
      return onAddressRefused(state, now, context);
    case "fault-cleared":
      return onFaultCleared(state, event.fault, now, context);
    case "reconfigured":
      if (state.name === "backup" && given.router.priority === OWNER && event.before.priority !== OWNER)
        return becomeMaster(state, "reconfigured", undefined, now, given);
      return onReconfigured(state, effective(event.before, given.adjustment), now, context);
    case "adjusted":
      return onAdjusted(state, effective(given.router, event.before), now, context);
    case "peer":
      return onPeer(state, event.before, now, context);
    case "peer-silent":
      return onPeerSilent(state, event.last, event.grace, now, context);
    case "peer-lives":
      return onPeerLives(state, now, context);
    case "take":
      return onTake(state, event, now, context);
    case "give":
      return onGive(state, event.within, now);
    case "given":
      return onGiven(state, event, now, context);
    case "shutdown":
      return onShutdown(state, context);
  }
}

/** When the router wants to see a `deadline` event next. */
export function nextDeadline(state: State): Instant | undefined {
  switch (state.name) {
    case "init":
      return state.pending?.startAt;
    case "fault":
      return state.retryAt;
    case "backup":
      return state.masterDownAt;
    case "master":
      if (state.mute === true) return state.deafUntil;
      return earliest(state.nextAdvertAt, state.announceAt, state.reassertAt, state.refreshAt);
  }
}

function onStartup(state: State, event: Event & { type: "startup" }, now: Instant, context: Context): Step {
  if (state.name !== "init" || state.pending !== undefined) return unchanged(state);
  const { faults, delay = ZERO } = event;
  if (delay > ZERO) return unchanged({ ...state, pending: { startAt: after(now, delay), faults } });
  if (faults.length > 0) {
    const next: State = { name: "fault", faults, members: [], retryAt: undefined };
    return { state: next, effects: [publish(state, next, "fault", faults.join(", "))] };
  }
  if (event.resume) return becomeMaster(state, "resumed", undefined, now, context);
  return begin(state, "startup", undefined, now, context);
}

function onAdvert(state: State, event: Event & { type: "advert" }, now: Instant, context: Context): Step {
  switch (state.name) {
    case "init":
    case "fault":
      return unchanged(state);
    case "backup":
      return onAdvertAsBackup(state, event.advert, event.source, now, context.router);
    case "master":
      if (isDeaf(state, now)) return unchanged(overheard(state, context.router));
      return onAdvertAsMaster(state, event.advert, event.source, now, context);
  }
}

function onDeadline(state: State, now: Instant, context: Context): Step {
  switch (state.name) {
    case "init":
      if (state.pending === undefined || now < state.pending.startAt) return unchanged(state);
      return onStartup(
        INITIAL,
        { type: "startup", faults: state.pending.faults, resume: false },
        now,
        context,
      );
    case "fault":
      if (state.retryAt === undefined || now < state.retryAt) return unchanged(state);
      return onRefusalOver(state, now, context);
    case "backup":
      if (now < state.masterDownAt) return unchanged(state);
      if (context.heldBackBy !== undefined && state.expecting !== "master-resigned")
        return unchanged(waitingOn(unasked(state), now, context.router));
      if (context.peer?.state === "master") return onDueBesidePeer(state, context.peer, now, context);
      return becomeMaster(state, state.expecting, state.master, now, context);
    case "master":
      if (state.mute === true && isDeaf(state, now)) return unchanged(state);
      return onDeadlineAsMaster(resume(state, now, context.router), now, context.router);
  }
}

/** The master has not answered here, and is heard by another member of the sync group that could not ask it. */
function unasked(state: State & { name: "backup" }): State & { name: "backup" } {
  return state.expecting === "peer-silent" ? { ...state, expecting: "master-down" } : state;
}

function onDeadlineAsMaster(
  { state, effects: before }: Step & { readonly state: { name: "master" } },
  now: Instant,
  router: VirtualRouter,
): Step {
  const effects: Effect[] = [...before];
  let { nextAdvertAt, announceAt, reassertAt, refreshAt } = state;
  if (nextAdvertAt <= now) {
    effects.push({ type: "send-advert" });
    // Keep the cadence; but after a stall start a new one: a burst would tell nobody anything.
    const inCadence = after(nextAdvertAt, router.advertInterval);
    nextAdvertAt = inCadence > now ? inCadence : after(now, router.advertInterval);
  }
  if (announceAt !== undefined && announceAt <= now) {
    effects.push(announce(router));
    announceAt = undefined;
  }
  if (reassertAt !== undefined && reassertAt <= now) {
    effects.push(announce(router, router.contention.announceRepeat));
    reassertAt = undefined;
  }
  if (refreshAt !== undefined && refreshAt <= now) {
    effects.push(announce(router, router.announcing.refreshRepeat));
    refreshAt = nextRefresh(now, router);
  }
  return { state: { ...state, nextAdvertAt, announceAt, reassertAt, refreshAt }, effects };
}

/** The group moves as one. Whoever made the other member give way is, or will be, master here, too. */
function onSync(
  state: State,
  { to, member }: Event & { type: "sync" },
  now: Instant,
  context: Context,
): Step {
  if (state.name === "backup" && to === "master")
    return becomeMaster(state, "sync-group", member, now, context);
  if (state.name !== "master" || to === "master") return unchanged(state);
  const { router } = context;
  const next = waitingFor(undefined, router.advertInterval, now, router);
  return giveWay(state, next, "sync-group", member, router);
}

function onShutdown(state: State, context: Context): Step {
  if (state.name === "init") return unchanged(INITIAL);
  return leave(state, INITIAL, "shutdown", undefined, context);
}
