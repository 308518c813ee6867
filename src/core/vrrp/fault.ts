/** What a virtual router cannot do without: its own faults, and those of the other members of its sync group. */

import { after, type Instant, seconds } from "../units/time.ts";
import { type Context, type Step, unchanged } from "./event.ts";
import type { State } from "./state.ts";
import { begin, leave } from "./transition.ts";

/** The fault of a router that could not claim its addresses, and how long it stays away. */
const ADDRESS_REFUSED = "address refused";
const REFUSED_FOR = seconds(10);

/** The kernel did not take an address. */
export function onAddressRefused(state: State, now: Instant, context: Context): Step {
  return raise(state, ADDRESS_REFUSED, after(now, REFUSED_FOR), context);
}

/** Time for another try. */
export function onRefusalOver(state: State & { name: "fault" }, now: Instant, context: Context): Step {
  return onFaultCleared({ ...state, retryAt: undefined }, ADDRESS_REFUSED, now, context);
}

/** Something is missing. */
export function onFaultRaised(state: State, fault: string, context: Context): Step {
  return raise(state, fault, undefined, context);
}

function raise(state: State, fault: string, retryAt: Instant | undefined, context: Context): Step {
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

/** Something is there again. */
export function onFaultCleared(state: State, fault: string, now: Instant, context: Context): Step {
  const without = (faults: readonly string[]) => faults.filter((other) => other !== fault);
  if (state.name === "init") return unchanged(withPending(state, without));
  if (state.name !== "fault" || !state.faults.includes(fault)) return unchanged(state);
  const next = { ...state, faults: without(state.faults) };
  return isFaulty(next) ? unchanged(next) : begin(state, "fault-cleared", undefined, now, context);
}

/** What another member of the sync group misses, this one misses, too. */
export function onMemberFaultRaised(state: State, member: string, context: Context): Step {
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

/** Another member misses nothing any more. */
export function onMemberFaultCleared(state: State, member: string, now: Instant, context: Context): Step {
  if (state.name !== "fault" || !state.members.includes(member)) return unchanged(state);
  const next = { ...state, members: state.members.filter((other) => other !== member) };
  return isFaulty(next) ? unchanged(next) : begin(state, "sync-group", member, now, context);
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
