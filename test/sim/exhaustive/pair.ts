/**
 * Two directors and all that may happen to them next, as data: the state space that `search.ts` walks through.
 *
 * The abstraction. The state machine, the order of effects and the decision to resume are the shipped code; bytes are
 * left out (the simulator has them), so are clients. Time stands still but for one move, `tick`, which goes to the next
 * deadline of a running director; it is only made when nothing is left to do at this instant: no packet on its way, no
 * request with the kernel, no deadline due. A packet that is to come later than that has to be delayed on purpose, for one
 * tick each time. Intervals and priorities are chosen so that all deadlines lie on a grid of a quarter of a second;
 * instants are compared relative to now, and those that have passed are equal: the space is finite.
 */

import { after, type Duration, type Instant, seconds, ZERO } from "../../../src/core/units/time.ts";
import type { Ipv4 } from "../../../src/core/units/ipv4.ts";
import { MULTICAST4 } from "../../../src/core/vrrp/delivery.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import {
  begun,
  done,
  EMPTY_OUTBOX,
  mayAnnounce,
  nextTask,
  type Outbox,
  put,
} from "../../../src/core/vrrp/outbox.ts";
import { mayResume } from "../../../src/core/vrrp/succession.ts";
import type { Event } from "../../../src/core/vrrp/event.ts";
import { INITIAL, type State } from "../../../src/core/vrrp/state.ts";
import { nextDeadline, step } from "../../../src/core/vrrp/virtual-router.ts";

/** An advert on its way; `late` ones wait for the next tick. */
interface Message {
  readonly to: 0 | 1;
  readonly priority: number;
  readonly advertInterval: Duration;
  readonly late: boolean;
}

/** One director. */
interface Director {
  readonly life: "running" | "paused" | "dead";
  readonly state: State;
  readonly outbox: Outbox;
  /** The kernel has the address. */
  readonly holds: boolean;
  /** Adverts that wait in the socket while it is paused. */
  readonly queue: readonly Message[];
  readonly diedAt: Instant | undefined;
  /** Adverts of the other one that it should have heard since the last that it did, up to three. */
  readonly missed: number;
}

/** Everything. */
export interface Pair {
  readonly now: Instant;
  readonly directors: readonly [Director, Director];
  readonly flying: readonly Message[];
  /** From director 0 to 1, and back. */
  readonly cut: readonly [boolean, boolean];
  /** When something last kept one from hearing the other. */
  readonly troubleAt: Instant;
}

/** What is the same in all states. */
export interface Rules {
  readonly routers: readonly [VirtualRouter, VirtualRouter];
  /** Packets on their way at the most; one more pushes the oldest out. */
  readonly flyingMax: number;
}

/** A rule was broken on the way to a state. */
export class Broken extends Error {
  readonly rule: string;

  constructor(rule: string, what: string) {
    super(what);
    this.rule = rule;
  }
}

const ADDRESSES = ["192.0.2.11", "192.0.2.12"] as Ipv4[];
const VIP = { address: "192.0.2.100" as Ipv4, prefixLength: 24, interface: "eth0" };

/** A router of the pair. */
export function routerOf(
  priority: number,
  preempt: boolean,
  changes: Partial<VirtualRouter> = {},
): VirtualRouter {
  return {
    name: "web",
    interface: "eth0",
    vrid: 51,
    version: 3,
    priority,
    advertInterval: seconds(1),
    preempt,
    v3ChecksumAsV2: false,
    addresses: [VIP],
    announcing: { delay: ZERO, repeat: 1, refresh: ZERO, refreshRepeat: 1 },
    contention: { announceDelay: ZERO, announceRepeat: 1, answer: true, lastWord: true },
    family: 4,
    delivery: MULTICAST4,
    downTimerAdverts: 3,
    preemptDelay: ZERO,
    accept: true,
    routing: [],
    syncGroup: undefined,
    tracks: [],
    ...changes,
  };
}

/** Both are about to be started. */
export function beginning(): Pair {
  const director: Director = {
    life: "dead",
    state: INITIAL,
    outbox: EMPTY_OUTBOX,
    holds: false,
    queue: [],
    diedAt: undefined,
    missed: 3,
  };
  return {
    now: seconds(100) as number as Instant,
    directors: [director, director],
    flying: [],
    cut: [false, false],
    troubleAt: seconds(100) as number as Instant,
  };
}

/** Something that may happen next: what it is, and what comes of it. */
export interface Move {
  readonly what: string;
  make(): Pair;
}

/** Everything that may happen next. */
export function movesOf(pair: Pair, rules: Rules): Move[] {
  const moves: Move[] = [];
  const may = (what: string, make: () => Pair) => void moves.push({ what, make });
  for (const [index, { to, priority, late }] of pair.flying.entries()) {
    if (late) continue;
    const packet = `advert of priority ${priority} for lvs${to + 1}`;
    may(`${packet} arrives`, () => delivered(pair, index, rules));
    may(`${packet} is lost`, () => lost(pair, index));
    may(`${packet} is late`, () => delayed(pair, index));
  }
  for (const at of [0, 1] as const) fates(pair, at, rules, (what, make) => may(`lvs${at + 1} ${what}`, make));
  for (const from of [0, 1] as const) {
    const cut: [boolean, boolean] = [...pair.cut];
    cut[from] = !cut[from];
    const what = `lvs${from + 1} ${cut[from] ? "does not reach" : "reaches"} lvs${2 - from}`;
    may(what, () => ({ ...pair, cut, troubleAt: pair.now }));
  }
  if (isSettled(pair))
    for (const next of ticked(pair)) may(`${(next.now - pair.now) / 1_000_000} s pass`, () => next);
  return moves;
}

/** What may happen to one of them. */
function fates(pair: Pair, at: 0 | 1, rules: Rules, may: (what: string, make: () => Pair) => void): void {
  const director = pair.directors[at];
  switch (director.life) {
    case "dead":
      return may("starts", () => started(pair, at, rules));
    case "paused":
      may("wakes", () => woken(pair, at, rules));
      return may("is killed", () => killed(pair, at));
    case "running": {
      may("is stopped in its tracks", () => paused(pair, at));
      may("is killed", () => killed(pair, at));
      if (director.outbox.busy) may("has its kernel's answer", () => answered(pair, at, rules));
      const deadline = nextDeadline(director.state);
      if (deadline !== undefined && deadline <= pair.now)
        may("sees to its deadline", () => dispatched(pair, at, { type: "deadline" }, rules));
    }
  }
}

/** All is healed and nothing is lost any more: what happens next, one after the other. */
export function healedSuccessor(pair: Pair, rules: Rules): Pair {
  if (pair.cut[0] || pair.cut[1]) return { ...pair, cut: [false, false], troubleAt: pair.now };
  for (const at of [0, 1] as const) {
    const { life } = pair.directors[at];
    if (life === "dead") return started(pair, at, rules);
    if (life === "paused") return woken(pair, at, rules);
  }
  const flying = pair.flying.findIndex(({ late }) => !late);
  if (flying >= 0) return delivered(pair, flying, rules);
  for (const at of [0, 1] as const) {
    const { outbox, state } = pair.directors[at];
    if (outbox.busy) return answered(pair, at, rules);
    const deadline = nextDeadline(state);
    if (deadline !== undefined && deadline <= pair.now)
      return dispatched(pair, at, { type: "deadline" }, rules);
  }
  const [next] = ticked(pair);
  if (next === undefined) throw new Broken("somebody-holds", "nobody has a deadline");
  return next;
}

/** True when nothing is left to do at this instant. */
export function isSettled({ now, flying, directors }: Pair): boolean {
  if (flying.some(({ late }) => !late)) return false;
  return directors.every(({ life, outbox, state }) => {
    if (life !== "running") return true;
    const deadline = nextDeadline(state);
    return !outbox.busy && (deadline === undefined || deadline > now);
  });
}

function ticked(pair: Pair): Pair[] {
  let first: Instant | undefined;
  for (const { life, state } of pair.directors) {
    const deadline = life === "running" ? nextDeadline(state) : undefined;
    if (deadline !== undefined && (first === undefined || deadline < first)) first = deadline;
  }
  if (first === undefined) return [];
  return [{ ...pair, now: first, flying: pair.flying.map((message) => ({ ...message, late: false })) }];
}

function delivered(pair: Pair, index: number, rules: Rules): Pair {
  const message = pair.flying[index] as Message;
  const without = { ...pair, flying: pair.flying.filter((_, other) => other !== index) };
  const { to } = message;
  const director = pair.directors[to];
  if (director.life === "dead") return without;
  if (director.life === "paused")
    return changed(without, to, { queue: [...director.queue, message].slice(-3) });
  return heard(without, message, rules);
}

function heard(pair: Pair, { to, priority, advertInterval }: Message, rules: Rules): Pair {
  const advert = { version: 3, vrid: 51, priority, advertInterval, addresses: [VIP.address] } as const;
  const source = ADDRESSES[1 - to] as Ipv4;
  return dispatched(changed(pair, to, { missed: 0 }), to, { type: "advert", advert, source }, rules);
}

function lost(pair: Pair, index: number): Pair {
  const { to } = pair.flying[index] as Message;
  const flying = pair.flying.filter((_, other) => other !== index);
  return missing({ ...pair, flying, troubleAt: pair.now }, to);
}

function delayed(pair: Pair, index: number): Pair {
  const { to } = pair.flying[index] as Message;
  const flying = pair.flying.map((message, other) =>
    other === index ? { ...message, late: true } : message,
  );
  return missing({ ...pair, flying, troubleAt: pair.now }, to);
}

function missing(pair: Pair, at: 0 | 1): Pair {
  return changed(pair, at, { missed: Math.min(3, pair.directors[at].missed + 1) });
}

function paused(pair: Pair, at: 0 | 1): Pair {
  return changed(interrupted(pair, at), at, { life: "paused", missed: 3 });
}

/** It hears what has queued, and then sees to its deadline. */
function woken(pair: Pair, at: 0 | 1, rules: Rules): Pair {
  const { queue } = pair.directors[at];
  let next = changed(interrupted(pair, at), at, { life: "running", queue: [] });
  for (const message of queue) next = heard(next, message, rules);
  return next;
}

function killed(pair: Pair, at: 0 | 1): Pair {
  const dead = {
    life: "dead",
    state: INITIAL,
    outbox: EMPTY_OUTBOX,
    queue: [],
    diedAt: pair.now,
    missed: 3,
  } as const;
  return changed(interrupted(pair, at), at, dead);
}

/** The other one hears nothing for as long as it lasts. */
function interrupted(pair: Pair, at: 0 | 1): Pair {
  return changed({ ...pair, troubleAt: pair.now }, at === 0 ? 1 : 0, { missed: 3 });
}

/** Addresses of the earlier life are gone on with, or gone. */
function started(pair: Pair, at: 0 | 1, rules: Rules): Pair {
  const { holds, diedAt } = pair.directors[at];
  const resume = mayResume(rules.routers[at], holds ? [VIP] : [], diedAt, pair.now);
  const alive = { life: "running", diedAt: undefined, missed: 3, holds: resume && holds } as const;
  const next = changed({ ...pair, troubleAt: pair.now }, at, alive);
  return dispatched(next, at, { type: "startup", faults: [], resume }, rules);
}

/** The kernel has done what it was asked, and says so. */
function answered(pair: Pair, at: 0 | 1, rules: Rules): Pair {
  const { outbox } = pair.directors[at];
  const type = outbox.tasks[0]?.effect.type;
  return carriedOut(changed(pair, at, { outbox: done(outbox), holds: type === "add-addresses" }), at, rules);
}

function dispatched(pair: Pair, at: 0 | 1, event: Event, rules: Rules): Pair {
  const router = rules.routers[at];
  const director = pair.directors[at];
  const context = { router, primary: ADDRESSES[at], adjustment: 0 };
  const { state, effects } = step(director.state, event, pair.now, context);
  examine(pair, at, event, state, router);
  let next = changed(pair, at, { state, outbox: put(director.outbox, effects, router) });
  // Of a new master nothing has been heard yet.
  if (director.state.name !== "master" && state.name === "master")
    next = changed(next, at === 0 ? 1 : 0, { missed: 3 });
  for (const { type } of effects)
    if (type === "send-advert") next = sent(next, at, router.priority, router.advertInterval, rules);
  return carriedOut(next, at, rules);
}

/** Does what can be done without the kernel. */
function carriedOut(pair: Pair, at: 0 | 1, rules: Rules): Pair {
  let next = pair;
  for (
    let task = nextTask(next.directors[at].outbox);
    task !== undefined;
    task = nextTask(next.directors[at].outbox)
  ) {
    const { effect } = task;
    const director = next.directors[at];
    if (effect.type === "add-addresses" || effect.type === "remove-addresses")
      return changed(next, at, { outbox: begun(director.outbox) });
    if (effect.type === "resign") next = sent(next, at, 0, rules.routers[at].advertInterval, rules);
    if (effect.type === "concede")
      next = sent(next, at, rules.routers[at].priority, effect.advertInterval, rules);
    if (effect.type === "publish" && effect.from === "master" && director.holds)
      throw new Broken("gone-before-told", `director ${at} tells of ${effect.to} and holds the address`);
    if (effect.type === "announce" && mayAnnounce(director.state) && !director.holds)
      throw new Broken("announced", `director ${at} announces what it does not hold`);
    next = changed(next, at, { outbox: done(director.outbox) });
  }
  return next;
}

function sent(pair: Pair, from: 0 | 1, priority: number, advertInterval: Duration, rules: Rules): Pair {
  const to = from === 0 ? 1 : 0;
  if (pair.cut[from]) return missing({ ...pair, troubleAt: pair.now }, to);
  const all = [...pair.flying, { to, priority, advertInterval, late: false } as const];
  const flying = all.slice(-rules.flyingMax);
  const next = { ...pair, flying };
  return flying.length === all.length
    ? next
    : missing({ ...next, troubleAt: pair.now }, (all[0] as Message).to);
}

/** The rules that look at one step. */
function examine(
  pair: Pair,
  at: 0 | 1,
  event: Event,
  state: State,
  { downTimerAdverts }: VirtualRouter,
): void {
  const { state: before, missed } = pair.directors[at];
  const other = pair.directors[at === 0 ? 1 : 0];
  const deadline = nextDeadline(state);
  if (event.type === "deadline" && deadline !== undefined && deadline <= pair.now)
    throw new Broken("no-busy-loop", `director ${at} wants to wake at once`);
  const isTakeover =
    before.name === "backup" && state.name === "master" && before.expecting === "master-down";
  if (isTakeover && other.life === "running" && other.state.name === "master" && missed < downTimerAdverts)
    throw new Broken(
      "patience",
      `director ${at} takes over from a master of whom it missed ${missed} adverts`,
    );
}

function changed(pair: Pair, at: 0 | 1, changes: Partial<Director>): Pair {
  const director = { ...pair.directors[at], ...changes };
  const directors: readonly [Director, Director] =
    at === 0 ? [director, pair.directors[1]] : [pair.directors[0], director];
  return { ...pair, directors };
}

/** The rules that look at a state in which nothing is left to do. */
export function examineSettled(pair: Pair): void {
  const [one, other] = pair.directors;
  const isWell = one.life === "running" && other.life === "running" && !pair.cut[0] && !pair.cut[1];
  const waiting = pair.flying.length > 0;
  if (one.holds && other.holds && isWell && !waiting && pair.now > after(pair.troubleAt, seconds(1)))
    throw new Broken(
      "one-holder",
      "both hold the address, and nothing has kept them from hearing each other",
    );
  for (const { life, holds, state } of pair.directors)
    if (life === "running" && holds !== (state.name === "master"))
      throw new Broken("kernel-truth", `a ${state.name} ${holds ? "holds" : "does not hold"} the address`);
}

/** A text that is the same for states that differ in nothing that matters. */
export function keyOf(pair: Pair): string {
  const since = (instant: Instant | undefined) =>
    instant === undefined ? "-" : Math.max(0, instant - pair.now);
  const ago = (instant: Instant | undefined, most: number) =>
    instant === undefined ? "-" : Math.min(most, pair.now - instant);
  const directors = pair.directors.map((director) => {
    const { life, state, outbox, holds, queue, diedAt, missed } = director;
    const tasks = outbox.tasks.map(({ effect }) => taskKey(effect)).join();
    const doing = `${outbox.busy}${tasks} ${holds} ${queue.map(messageKey).join()}`;
    return `${life} ${stateKey(state, since)} ${doing} ${ago(diedAt, 2_250_000)} ${missed}`;
  });
  // Packets on their way may come in any order: which was sent first does not matter.
  const flying = pair.flying.map(messageKey).sort().join();
  return [...directors, flying, pair.cut.join(), ago(pair.troubleAt, 1_250_000)].join("|");
}

function stateKey(state: State, since: (instant: Instant | undefined) => number | string): string {
  switch (state.name) {
    case "init":
    case "fault":
      return state.name;
    case "backup":
      return `b${since(state.masterDownAt)},${state.advertInterval},${state.expecting},${state.master ?? ""},${since(state.preemptAt)}`;
    case "master": {
      const { nextAdvertAt, announceAt, reassertAt, answerQuietUntil, contentionQuietUntil } = state;
      const quiet = `${since(answerQuietUntil)},${since(contentionQuietUntil)}`;
      return `m${since(nextAdvertAt)},${since(announceAt)},${since(reassertAt)},${quiet}`;
    }
  }
}

function taskKey(effect: { readonly type: string; readonly to?: string }): string {
  return effect.type + (effect.to ?? "");
}

function messageKey({ to, priority, late }: Message): string {
  return `${to}:${priority}${late ? "late" : ""}`;
}
