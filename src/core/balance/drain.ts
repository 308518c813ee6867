/**
 * Draining a real server for an operator: it gets no new work (weight 0), its connections finish, and when they have, or
 * the deadline has come, it is taken out of the table or held there as it is.
 *
 * Persistence works against that: a client that has been at the real server before is sent there again for as long as its
 * template lives, whatever the weight, unless the kernel's `expire_quiescent_template` is set. So templates count as
 * connections as long as they are honoured, and are nothing to wait for when they are not.
 *
 * Whoever drives it tells what the kernel counts as often as it likes, and the time when `deadlineAt` has come.
 */

import { after, between, type Duration, type Instant, seconds } from "../units/time.ts";
import { isMark, type ServiceId } from "./service.ts";

/** What an operator asks for. */
export interface DrainOrder {
  /** The longest that connections are waited for; undefined for as long as they take. */
  readonly deadline: Duration | undefined;
  /** At the end: out of the table, or held in it with weight 0. */
  readonly end: "remove" | "hold";
}

/** What the kernel counts for a destination (IPVS_DEST_ATTR_ACTIVE_CONNS, _INACT_CONNS, _PERSIST_CONNS). */
export interface ConnectionCounts {
  /** Established connections. */
  readonly active: number;
  /** Connections that are over and not forgotten yet, or not established yet; of UDP all. */
  readonly inactive: number;
  /** Persistence templates. */
  readonly persistent: number;
}

/** Where a drain stands. */
export type DrainState =
  | {
      readonly name: "draining";
      readonly order: DrainOrder;
      readonly deadlineAt: Instant | undefined;
      /** Connections that were to finish when it began; undefined before the first count. */
      readonly from: number | undefined;
      /** Those that are left; undefined before the first count. */
      readonly left: number | undefined;
      /** Since when nobody was left; undefined while somebody is. */
      readonly emptySince: Instant | undefined;
    }
  | {
      readonly name: "drained";
      readonly order: DrainOrder;
      /** Why it is over. */
      readonly cause: "empty" | "deadline";
      /** Connections that were cut off, or that a real server which is held goes on with. */
      readonly left: number;
    };

/** What it is told. */
export type DrainEvent =
  | {
      readonly type: "counted";
      /** Of those that have weight 0 in the kernel. */
      readonly counts: ConnectionCounts;
      /** Whether the kernel sends clients of a template to a real server with weight 0. */
      readonly templatesHonoured: boolean;
    }
  /** Nobody can say how many there are: the service is not in the table here. */
  | { readonly type: "uncounted" }
  | { readonly type: "deadline" };

/**
 * Nobody must have been left for so long: a connection that was being made when the weight became 0 is counted as active
 * only once it is established.
 */
const EMPTY_FOR: Duration = seconds(2);

/** A drain that begins now. */
export function startDrain(order: DrainOrder, now: Instant): DrainState {
  const deadlineAt = order.deadline === undefined ? undefined : after(now, order.deadline);
  return { name: "draining", order, deadlineAt, from: undefined, left: undefined, emptySince: undefined };
}

/**
 * True while counts mean something to it: also once it is over, when the real server is held because nobody was left. A
 * takeover may bring connections that the other director had.
 */
export function isCounted(state: DrainState): boolean {
  return state.name === "draining" || (state.order.end === "hold" && state.cause === "empty");
}

/** One event in; the next state. A drain that is over stays as it is, unless it is counted and somebody is there again. */
export function step(state: DrainState, event: DrainEvent, now: Instant): DrainState {
  if (state.name === "drained") {
    if (event.type !== "counted" || !isCounted(state) || leftOf(event) === 0) return state;
    return step(startDrain(state.order, now), event, now);
  }
  const { order, deadlineAt } = state;
  switch (event.type) {
    case "deadline":
      if (deadlineAt === undefined || now < deadlineAt) return state;
      return { name: "drained", order, cause: "deadline", left: state.left ?? 0 };
    case "uncounted":
      return state.emptySince === undefined ? state : { ...state, emptySince: undefined };
    case "counted": {
      const left = leftOf(event);
      const emptySince = left === 0 ? (state.emptySince ?? now) : undefined;
      if (emptySince !== undefined && between(emptySince, now) >= EMPTY_FOR)
        return { name: "drained", order, cause: "empty", left };
      return { ...state, from: Math.max(state.from ?? left, left), left, emptySince };
    }
  }
}

function leftOf({
  counts: { active, persistent },
  templatesHonoured,
}: Extract<DrainEvent, { readonly type: "counted" }>): number {
  return active + (templatesHonoured ? persistent : 0);
}

/**
 * The counts of a destination as a drain takes them. The kernel calls a connection active by its TCP or SCTP state: those
 * of UDP, which a service of a firewall mark may have, are all inactive for it, and have to be waited for none the less.
 */
export function countsFor(service: ServiceId, counts: ConnectionCounts): ConnectionCounts {
  const hasStates = !isMark(service) && service.protocol !== "udp";
  return hasStates ? counts : { ...counts, active: counts.active + counts.inactive };
}

/** Several destinations' counts together. */
export function addCounts(one: ConnectionCounts, other: ConnectionCounts): ConnectionCounts {
  return {
    active: one.active + other.active,
    inactive: one.inactive + other.inactive,
    persistent: one.persistent + other.persistent,
  };
}

/** How far it is, 0..1: the part of the connections that have finished; undefined before the first count. */
export function progress(state: DrainState): number | undefined {
  if (state.name === "drained") return 1;
  const { from, left } = state;
  if (from === undefined || left === undefined) return undefined;
  return from === 0 ? 1 : 1 - left / from;
}

/** What the table is to have of it: weight 0, or nothing any more. */
export function drainedWeight(state: DrainState): 0 | undefined {
  return state.name === "drained" && state.order.end === "remove" ? undefined : 0;
}
