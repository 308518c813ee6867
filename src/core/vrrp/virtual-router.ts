/**
 * One virtual router's state machine (RFC 9568 §6.4; RFC 3768 §6.4 for version 2).
 *
 * It decides and does nothing: the driver feeds it an event and the time, carries out the effects in their order, and
 * wakes it at `nextDeadline`. What reaches it has passed `admit`; an event that a state does not expect changes nothing.
 *
 * Where it goes beyond the RFC:
 * - a state `fault`: something that the router cannot do without is missing. As in the initial state nothing is sent and
 *   nothing heard counts. It remembers every fault by name and leaves when the last one is gone, as a backup with a full
 *   wait ahead of it.
 * - addresses are taken off before anyone is told (`resign` stands behind `remove-addresses`), and an advert is sent
 *   before the addresses are claimed, so that an old master has heard it when our announcements arrive.
 * - members of a sync group move together: what the others do reaches it as events (`sync-group.ts`), and another
 *   member's fault is its own.
 * - announcements are repeated and refreshed, and a master that has just seen another master give way announces again,
 *   for the clients may have learnt the other one's hardware address. So that it sees it, a master that gives way sends a
 *   last advert once its addresses are off: when a segment that was cut in two is whole again, the winner may otherwise
 *   never hear that there was another, and the clients on that side would send to the loser for as long as they remember.
 */

import { compareIp, type IpAddress } from "../units/ip-address.ts";
import { after, centiseconds, type Duration, earliest, type Instant, seconds, ZERO } from "../units/time.ts";
import type { Advert } from "../wire/vrrp.ts";
import type { VirtualAddress, VirtualRouter } from "./model.ts";
import { withAdjustment } from "./priority.ts";
import { masterDownInterval, skewTime } from "./timing.ts";

/** Why a state was left. */
type TransitionCause =
  /** The router was started. */
  | "startup"
  /** It was master a moment ago, in a process that has since died, and is again. */
  | "resumed"
  /** It owns the address (priority 255). */
  | "owner"
  /** The master fell silent. */
  | "master-down"
  /** The master said that it lets go (priority 0). */
  | "master-resigned"
  /** The master has a lower priority than ours. */
  | "preempted-lower-priority"
  /** A master of higher priority was heard. */
  | "higher-priority"
  /** A master of equal priority and a higher address was heard. */
  | "equal-priority-higher-address"
  /** Something it cannot do without is missing. */
  | "fault"
  /** The last fault is gone. */
  | "fault-cleared"
  /** Another member of the sync group moved, or its fault ended. */
  | "sync-group"
  /** The configuration changed. */
  | "reconfigured"
  /** It was told to stop. */
  | "shutdown";

/** Where the router stands; deadlines included. */
export type State =
  | {
      readonly name: "init";
      /** Started, but neither hearing nor speaking yet (vrrp_startup_delay). */
      readonly pending?: { readonly startAt: Instant; readonly faults: readonly string[] };
    }
  | {
      readonly name: "fault";
      /** What is missing, each by its name. */
      readonly faults: readonly string[];
      /** Members of its sync group that miss something, by name. */
      readonly members: readonly string[];
      /** When to forget that the kernel refused an address, and try again. */
      readonly retryAt: Instant | undefined;
    }
  | {
      readonly name: "backup";
      readonly masterDownAt: Instant;
      /** The master's interval, learned from its adverts; our own until one is heard (RFC 9568 §6.1). */
      readonly advertInterval: Duration;
      /** What it will mean when `masterDownAt` passes. */
      readonly expecting: "master-down" | "master-resigned" | "preempted-lower-priority";
      /** The master last heard. */
      readonly master: IpAddress | undefined;
      /** Until then a lesser master is left alone (preempt_delay); undefined as long as none is heard. */
      readonly preemptAt: Instant | undefined;
    }
  | {
      readonly name: "master";
      readonly nextAdvertAt: Instant;
      /** The second burst of announcements. */
      readonly announceAt: Instant | undefined;
      /** The second burst after a lesser master was heard. */
      readonly reassertAt: Instant | undefined;
      /** The next refresh of the announcements. */
      readonly refreshAt: Instant | undefined;
      /** Not before this do adverts of a lesser master cause another advert. */
      readonly answerQuietUntil: Instant;
      /** Not before this do adverts of a lesser master cause another burst. */
      readonly contentionQuietUntil: Instant;
    };

/** What can happen to it. */
export type Event =
  | {
      readonly type: "startup";
      /** What is missing from the start. */
      readonly faults: readonly string[];
      /** It was master until a moment ago; its addresses are still there and no backup can have taken over yet. */
      readonly resume: boolean;
      /** Nothing is heard or sent for so long. */
      readonly delay?: Duration;
    }
  | { readonly type: "advert"; readonly advert: Advert; readonly source: IpAddress }
  | { readonly type: "deadline" }
  | { readonly type: "fault-raised"; readonly fault: string }
  | { readonly type: "fault-cleared"; readonly fault: string }
  /** The kernel refused to add an address; whoever can hold it shall. */
  | { readonly type: "address-refused" }
  /** `member` of the sync group moved, and this one goes along. */
  | { readonly type: "sync"; readonly to: "master" | "backup"; readonly member: string }
  | { readonly type: "member-fault-raised"; readonly member: string }
  | { readonly type: "member-fault-cleared"; readonly member: string }
  | { readonly type: "reconfigured"; readonly before: VirtualRouter }
  /** What it tracks adds up to something else now: the context has the new adjustment, this the one until now. */
  | { readonly type: "adjusted"; readonly before: number }
  | { readonly type: "shutdown" };

/** What the driver must do. */
export type Effect =
  | { readonly type: "send-advert" }
  /** Send an advert of priority 0: the backups need not wait. */
  | { readonly type: "resign" }
  /**
   * Send an advert of our own priority once more: the winner hears that there were two, and announces again. It carries
   * the winner's interval, which is the one to wait by for a backup that hears it.
   */
  | { readonly type: "concede"; readonly advertInterval: Duration }
  | { readonly type: "add-addresses"; readonly addresses: readonly VirtualAddress[] }
  | { readonly type: "remove-addresses"; readonly addresses: readonly VirtualAddress[] }
  /** Announce each address so many times. */
  | { readonly type: "announce"; readonly addresses: readonly VirtualAddress[]; readonly repeat: number }
  | {
      readonly type: "publish";
      readonly from: State["name"];
      readonly to: State["name"];
      readonly cause: TransitionCause;
      /** The other router, where one was the cause; or the fault; or the member of the sync group. */
      readonly detail: string | undefined;
    };

/** The router and what it is on this machine. */
export interface Context {
  readonly router: VirtualRouter;
  /** The interface's own address, which our adverts come from. Undefined only while that is a fault. */
  readonly primary: IpAddress | undefined;
  /** The member of its sync group that hears a master, and so keeps it from following silence. */
  readonly heldBackBy?: string | undefined;
  /** What its tracked objects add to its priority, or take from it; zero when it tracks none. */
  readonly adjustment: number;
}

/** The next state, and what to do, in this order. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** An address owner never gives way and never waits (RFC 9568 §6.1). */
const OWNER = 255;

/** A master answers a lesser one at once, but not more often than the fastest master would speak. */
const ANSWERS_APART = centiseconds(1);

/** The fault of a router that could not claim its addresses, and how long it stays away. */
const ADDRESS_REFUSED = "address refused";
const REFUSED_FOR = seconds(10);

/** The state before anything has happened. */
export const INITIAL: State = { name: "init" };

/** One event in; the next state and what the driver must do out. */
export function step(state: State, event: Event, now: Instant, given: Context): Step {
  // From here on a router's priority is the effective one, in every comparison and every wait.
  const context = { ...given, router: withAdjustment(given.router, given.adjustment) };
  switch (event.type) {
    case "startup":
      return onStartup(state, event, now, context);
    case "advert":
      return onAdvert(state, event, now, context);
    case "deadline":
      return onDeadline(state, now, context);
    case "fault-raised":
      return onFaultRaised(state, event.fault, undefined, context);
    case "member-fault-raised":
      return onMemberFaultRaised(state, event.member, context);
    case "member-fault-cleared":
      return onMemberFaultCleared(state, event.member, now, context);
    case "sync":
      return onSync(state, event, now, context);
    case "address-refused":
      return onFaultRaised(state, ADDRESS_REFUSED, after(now, REFUSED_FOR), context);
    case "fault-cleared":
      return onFaultCleared(state, event.fault, now, context);
    case "reconfigured":
      return onReconfigured(state, withAdjustment(event.before, given.adjustment), now, context);
    case "adjusted":
      return onAdjusted(state, withAdjustment(given.router, event.before), now, context);
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
      return onAdvertAsMaster(state, event.advert, event.source, now, context);
  }
}

/** RFC 9568 §6.4.2. */
function onAdvertAsBackup(
  state: State & { name: "backup" },
  advert: Advert,
  source: IpAddress,
  now: Instant,
  router: VirtualRouter,
): Step {
  if (advert.priority === 0) {
    const masterDownAt = after(now, skewTime(router.version, router.priority, state.advertInterval));
    return unchanged({ ...state, masterDownAt, expecting: "master-resigned", master: source });
  }
  const next = waitingFor(source, advert.advertInterval, now, router);
  if (!router.preempt || advert.priority >= router.priority) return unchanged(next);
  const preemptAt = state.preemptAt ?? after(now, router.preemptDelay);
  if (now < preemptAt) return unchanged({ ...next, preemptAt });
  return unchanged({ ...state, expecting: "preempted-lower-priority", master: source, preemptAt });
}

/** RFC 9568 §6.4.3. */
function onAdvertAsMaster(
  state: State & { name: "master" },
  advert: Advert,
  source: IpAddress,
  now: Instant,
  context: Context,
): Step {
  const { router } = context;
  const winner = strongerThanUs(advert, source, context);
  if (winner !== undefined) {
    const next = waitingFor(source, advert.advertInterval, now, router);
    return {
      state: next,
      effects: [
        { type: "remove-addresses", addresses: router.addresses },
        ...lastWord(router, advert.advertInterval),
        publish(state, next, winner, source),
      ],
    };
  }
  return onLesserMaster(state, advert.priority, now, router);
}

/** Also the answer to a priority of 0, always: whoever lets go may have confused the switches. */
function onLesserMaster(
  state: State & { name: "master" },
  priority: number,
  now: Instant,
  router: VirtualRouter,
): Step {
  const { answer, announceDelay, announceRepeat } = router.contention;
  const announces = announceRepeat > 0;
  // Put off, not dropped: the lesser one may have announced since our last burst.
  const putOff = state.reassertAt ?? latest(state.contentionQuietUntil, state.answerQuietUntil);
  const later = announces ? putOff : state.reassertAt;
  // What has queued during a stall gets one answer, not one each, and a flood does not make us flood.
  if (now < state.answerQuietUntil) return unchanged({ ...state, reassertAt: later });
  const effects: Effect[] = [];
  let next = { ...state, answerQuietUntil: after(now, ANSWERS_APART), reassertAt: later };
  if (answer || priority === 0) {
    effects.push({ type: "send-advert" });
    next = { ...next, nextAdvertAt: after(now, router.advertInterval) };
  }
  if (announces && now >= state.contentionQuietUntil) {
    effects.push(announce(router, announceRepeat));
    next = {
      ...next,
      reassertAt: announceDelay === ZERO ? undefined : after(now, announceDelay),
      contentionQuietUntil: after(now, router.advertInterval),
    };
  }
  return { state: next, effects };
}

/**
 * The winner hears that there were two, and announces again (§6.4.3: it answers a lesser one); for backups that hear it
 * too it carries the winner's interval.
 */
function lastWord({ contention }: VirtualRouter, advertInterval: Duration): Effect[] {
  return contention.lastWord ? [{ type: "concede", advertInterval }] : [];
}

function latest(one: Instant, other: Instant): Instant {
  return one > other ? one : other;
}

function strongerThanUs(
  advert: Advert,
  source: IpAddress,
  { router, primary }: Context,
): TransitionCause | undefined {
  if (advert.priority > router.priority) return "higher-priority";
  if (advert.priority < router.priority || primary === undefined) return undefined;
  return compareIp(source, primary) > 0 ? "equal-priority-higher-address" : undefined;
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
      return onFaultCleared({ ...state, retryAt: undefined }, ADDRESS_REFUSED, now, context);
    case "backup":
      if (now < state.masterDownAt) return unchanged(state);
      if (context.heldBackBy !== undefined && state.expecting !== "master-resigned")
        return unchanged(waitingOn(state, now, context.router));
      return becomeMaster(state, state.expecting, state.master, now, context);
    case "master":
      return onDeadlineAsMaster(state, now, context.router);
  }
}

function onDeadlineAsMaster(state: State & { name: "master" }, now: Instant, router: VirtualRouter): Step {
  const effects: Effect[] = [];
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

function onFaultRaised(state: State, fault: string, retryAt: Instant | undefined, context: Context): Step {
  switch (state.name) {
    case "init":
      return unchanged(withPending(state, (faults) => [...faults.filter((other) => other !== fault), fault]));
    case "fault": {
      const faults = state.faults.includes(fault) ? state.faults : [...state.faults, fault];
      return unchanged({ ...state, faults, retryAt: retryAt ?? state.retryAt });
    }
    case "backup":
    case "master": {
      const next: State = { name: "fault", faults: [fault], members: [], retryAt };
      return leave(state, next, "fault", fault, context);
    }
  }
}

/** What another member of the sync group misses, this one misses, too. */
function onMemberFaultRaised(state: State, member: string, context: Context): Step {
  switch (state.name) {
    case "init":
      return unchanged(state);
    case "fault": {
      const { members } = state;
      return members.includes(member)
        ? unchanged(state)
        : unchanged({ ...state, members: [...members, member] });
    }
    case "backup":
    case "master": {
      const next: State = { name: "fault", faults: [], members: [member], retryAt: undefined };
      return leave(state, next, "sync-group", member, context);
    }
  }
}

function onMemberFaultCleared(state: State, member: string, now: Instant, context: Context): Step {
  if (state.name !== "fault" || !state.members.includes(member)) return unchanged(state);
  const next = { ...state, members: state.members.filter((other) => other !== member) };
  return isFaulty(next) ? unchanged(next) : begin(state, "sync-group", member, now, context);
}

/** The group moves as one. A master that leaves says so: nobody stronger was heard here. */
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
  return leave(
    state,
    waitingFor(undefined, router.advertInterval, now, router),
    "sync-group",
    member,
    context,
  );
}

function onFaultCleared(state: State, fault: string, now: Instant, context: Context): Step {
  const without = (faults: readonly string[]) => faults.filter((other) => other !== fault);
  if (state.name === "init") return unchanged(withPending(state, without));
  if (state.name !== "fault" || !state.faults.includes(fault)) return unchanged(state);
  const next = { ...state, faults: without(state.faults) };
  return isFaulty(next) ? unchanged(next) : begin(state, "fault-cleared", undefined, now, context);
}

function isFaulty({ faults, members }: State & { name: "fault" }): boolean {
  return faults.length > 0 || members.length > 0;
}

/** What comes and goes before the start is found at the start. */
function withPending(
  state: State & { name: "init" },
  change: (faults: readonly string[]) => readonly string[],
): State {
  const { pending } = state;
  return pending === undefined
    ? state
    : { ...state, pending: { ...pending, faults: change(pending.faults) } };
}

function onReconfigured(state: State, before: VirtualRouter, now: Instant, context: Context): Step {
  const { router } = context;
  switch (state.name) {
    case "init":
    case "fault":
      return unchanged(state);
    case "backup":
      if (router.priority === OWNER) return becomeMaster(state, "reconfigured", undefined, now, context);
      return unchanged(rescheduled(state, before, now, router));
    case "master": {
      const gone = without(before.addresses, router.addresses);
      const added = without(router.addresses, before.addresses);
      const next = {
        ...state,
        nextAdvertAt: after(now, router.advertInterval),
        announceAt: added.length > 0 ? secondBurst(now, router) : state.announceAt,
        refreshAt: nextRefresh(now, router),
      };
      const effects: Effect[] = [{ type: "remove-addresses", addresses: gone }, { type: "send-advert" }];
      effects.push({ type: "add-addresses", addresses: added });
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
function onAdjusted(state: State, before: VirtualRouter, now: Instant, { router }: Context): Step {
  return unchanged(state.name === "backup" ? rescheduled(state, before, now, router) : state);
}

/**
 * A running wait is shifted by what changed, not started anew: a change of priority every few seconds would otherwise
 * keep a backup waiting for ever. The pace is the master's for as long as it says no other (version 3): when a shorter
 * interval reaches the backup first, the master is not late.
 */
function rescheduled(
  state: State & { name: "backup" },
  before: VirtualRouter,
  now: Instant,
  router: VirtualRouter,
): State {
  const learned = router.version === 3 && state.master !== undefined;
  const advertInterval = learned ? state.advertInterval : router.advertInterval;
  // A living master that was to be preempted may be one to leave alone now: listen to it anew.
  const isHumbler = (before.preempt && !router.preempt) || router.priority < before.priority;
  if (isHumbler && state.expecting === "preempted-lower-priority")
    return waitingFor(state.master, advertInterval, now, router);
  const shift = masterDownInterval(router, advertInterval) - masterDownInterval(before, state.advertInterval);
  const delayed = (router.preemptDelay - before.preemptDelay) as Duration;
  const preemptAt = state.preemptAt === undefined ? undefined : after(state.preemptAt, delayed);
  return { ...state, advertInterval, masterDownAt: after(state.masterDownAt, shift as Duration), preemptAt };
}

function onShutdown(state: State, context: Context): Step {
  if (state.name === "init") return unchanged(INITIAL);
  return leave(state, INITIAL, "shutdown", undefined, context);
}

/** A master that leaves lets go first; anyone else has nothing to let go of. */
function leave(
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
function begin(
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

function becomeMaster(
  state: State,
  cause: TransitionCause,
  detail: string | undefined,
  now: Instant,
  { router }: Context,
): Step {
  const next: State = {
    name: "master",
    nextAdvertAt: after(now, router.advertInterval),
    announceAt: secondBurst(now, router),
    reassertAt: undefined,
    refreshAt: nextRefresh(now, router),
    answerQuietUntil: now,
    contentionQuietUntil: now,
  };
  return {
    state: next,
    effects: [
      { type: "send-advert" },
      { type: "add-addresses", addresses: router.addresses },
      announce(router),
      publish(state, next, cause, detail),
    ],
  };
}

/** A backup with a full wait ahead of it, at the pace of a master that it has heard, or at its own. */
function waitingFor(
  master: IpAddress | undefined,
  advertInterval: Duration,
  now: Instant,
  router: VirtualRouter,
): State & { name: "backup" } {
  return {
    name: "backup",
    masterDownAt: after(now, masterDownInterval(router, advertInterval)),
    advertInterval,
    expecting: "master-down",
    master,
    preemptAt: undefined,
  };
}

/** Another full wait. A master that has fallen silent here is none that this router hears any more. */
function waitingOn(state: State & { name: "backup" }, now: Instant, router: VirtualRouter): State {
  const masterDownAt = after(now, masterDownInterval(router, state.advertInterval));
  return { ...state, masterDownAt, master: undefined };
}

/** Gone before told: the addresses are off before the peers hear of it. */
function letGo(router: VirtualRouter): Effect[] {
  return [{ type: "remove-addresses", addresses: router.addresses }, { type: "resign" }];
}

function announce(router: VirtualRouter, repeat = router.announcing.repeat): Effect & { type: "announce" } {
  return { type: "announce", addresses: router.addresses, repeat };
}

function publish(from: State, to: State, cause: TransitionCause, detail: string | undefined): Effect {
  return { type: "publish", from: from.name, to: to.name, cause, detail };
}

function secondBurst(now: Instant, { announcing }: VirtualRouter): Instant | undefined {
  return announcing.delay === ZERO ? undefined : after(now, announcing.delay);
}

function nextRefresh(now: Instant, { announcing }: VirtualRouter): Instant | undefined {
  return announcing.refresh === ZERO ? undefined : after(now, announcing.refresh);
}

function without(
  from: readonly VirtualAddress[],
  taken: readonly VirtualAddress[],
): readonly VirtualAddress[] {
  return from.filter(
    (address) => !taken.some((other) => sameAddress(address, other) && sameManner(address, other)),
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

/** True when the two are the same address on the same interface, prefix included. */
export function sameAddress(one: VirtualAddress, other: VirtualAddress): boolean {
  return (
    one.address === other.address &&
    one.prefixLength === other.prefixLength &&
    one.interface === other.interface
  );
}

function unchanged(state: State): Step {
  return { state, effects: [] };
}
