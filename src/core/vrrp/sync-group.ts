/**
 * Sync groups: virtual routers that are master together, or none of them is (keepalived's vrrp_sync_group).
 *
 * Each member keeps its own state machine. What one of them does becomes events for the others here, one at a time, until
 * they agree again; the driver hands each to its member and asks anew. All of it happens at one instant: a move of the
 * group is one decision.
 *
 * - A member that becomes master takes the others along, and so does one that yields.
 * - A fault of one member is a fault of all, under its name; they are back when none has a fault of its own.
 * - Silence alone does not move a group while another member hears a master: the master lives, and two directors would
 *   take the addresses from each other again and again. A master's own word (priority 0) does.
 */

import type { Instant } from "../units/time.ts";
import type { Event } from "./event.ts";
import type { State } from "./state.ts";

/** A member as it stands. */
export interface Member {
  readonly name: string;
  readonly state: State;
}

/** The member that has just moved, and from where. */
export interface Move {
  readonly name: string;
  readonly from: State["name"];
}

/** What a member is to be told. */
export interface Follow {
  readonly member: string;
  readonly event: Event;
}

/** What is to be told next, so that the members agree; undefined when they do. */
export function nextFollow(
  members: readonly Member[],
  move: Move | undefined,
  now: Instant,
): Follow | undefined {
  for (const { name, state } of members) {
    const event = faultToTell(name, state, members);
    if (event !== undefined) return { member: name, event };
  }
  const to = direction(members, move, now);
  if (to === undefined) return undefined;
  const left = members.find(({ state }) => state.name === (to === "master" ? "backup" : "master"));
  if (left === undefined) return undefined;
  const there = members.filter(({ state }) => state.name === to);
  const leader =
    there.find(({ name }) => name === move?.name) ??
    there.find((member) => hearsMaster(member, now)) ??
    there[0] ??
    left;
  return { member: left.name, event: { type: "sync", to, member: leader.name } };
}

/** The other member that hears a master to which its director would lose again; undefined when none does. */
export function heldBackBy(members: readonly Member[], name: string, now: Instant): string | undefined {
  return members.find((member) => member.name !== name && hearsMaster(member, now))?.name;
}

/** A fault of another member that this one does not know of yet, or one that it believes in and is no more. */
function faultToTell(name: string, state: State, members: readonly Member[]): Event | undefined {
  if (state.name === "init") return undefined;
  const faulty = members.filter((other) => other.name !== name && hasFault(other)).map((other) => other.name);
  const known = state.name === "fault" ? state.members : [];
  const raised = faulty.find((member) => !known.includes(member));
  if (raised !== undefined) return { type: "member-fault-raised", member: raised };
  const cleared = known.find((member) => !faulty.includes(member));
  return cleared === undefined ? undefined : { type: "member-fault-cleared", member: cleared };
}

/** Where the group goes; undefined when nobody is master. */
function direction(
  members: readonly Member[],
  move: Move | undefined,
  now: Instant,
): "master" | "backup" | undefined {
  if (members.every(({ state }) => state.name !== "master")) return undefined;
  const moved = members.find(({ name }) => name === move?.name)?.state.name;
  if (moved === "master" && move?.from !== "master") return "master";
  // By the word of the other director it yields to a master that may not be heard here.
  if (moved === "backup" && move?.from === "master") return "backup";
  // One has joined, or come back, while others are master.
  return members.some((member) => hearsMaster(member, now)) ? "backup" : "master";
}

function hasFault({ state }: Member): boolean {
  return state.name === "fault" && state.faults.length > 0;
}

/** True while a master that it will not preempt speaks to it. */
function hearsMaster({ state }: Member, now: Instant): boolean {
  return (
    state.name === "backup" &&
    state.master !== undefined &&
    state.expecting === "master-down" &&
    now < state.masterDownAt
  );
}
