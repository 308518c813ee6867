/**
 * Who is drained, and on whose behalf: an operator's orders, each for one real server, and the maintenance directory, whose
 * files mean whoever is configured by their name at the time. An operator's order goes before it.
 *
 * An order stands until it is withdrawn or its real server is no longer configured. What changes is told to whoever keeps
 * the book; the book itself is a value.
 */

import { rosterKey } from "../health/roster.ts";
import type { Instant } from "../units/time.ts";
import { type DrainEvent, type DrainOrder, type DrainState, startDrain, step } from "./drain.ts";
import { realServerName, type VirtualServer } from "./model.ts";
import { isMeant, type RealServerTarget, targetKey } from "./target.ts";

/** On whose behalf. */
export type DrainSource = "operator" | "maintenance";

/** One real server that is drained. */
export interface Drain {
  /** Its virtual server's name. */
  readonly virtual: string;
  /** `198.51.100.21:80` */
  readonly real: string;
  readonly source: DrainSource;
  readonly state: DrainState;
}

/** All of it; maps are by `rosterKey`. */
export interface DrainBook {
  readonly orders: ReadonlyMap<string, DrainOrder>;
  readonly maintenance: readonly RealServerTarget[];
  readonly drains: ReadonlyMap<string, Drain>;
}

/** Why a drain was given up. */
type CancelCause = "undrained" | "maintenance-over" | "not-configured";

/** What has changed. */
export type DrainChange =
  /** Resumed: it had ended, and connections have come. */
  | { readonly type: "started" | "ended" | "resumed"; readonly drain: Drain }
  | { readonly type: "cancelled"; readonly drain: Drain; readonly cause: CancelCause };

/** A book, and what changed on the way to it. */
export interface DrainReview {
  readonly book: DrainBook;
  readonly changes: readonly DrainChange[];
}

/** Nobody is drained. */
export const EMPTY_BOOK: DrainBook = { orders: new Map(), maintenance: [], drains: new Map() };

/** In maintenance connections take as long as they take, and the real server stays in the table. */
const MAINTENANCE_ORDER: DrainOrder = { deadline: undefined, end: "hold" };

/** The book of drains that were on record. */
export function restoredBook(drains: readonly Drain[]): DrainBook {
  const byKey = drains.map((drain): [string, Drain] => [rosterKey(drain.virtual, drain.real), drain]);
  const ordered = byKey.filter(([, { source }]) => source === "operator");
  return {
    orders: new Map(ordered.map(([key, { state }]) => [key, state.order])),
    maintenance: [],
    drains: new Map(byKey),
  };
}

/** The keys of those real servers that a target means. */
export function keysMeant(target: RealServerTarget, virtualServers: readonly VirtualServer[]): string[] {
  return virtualServers.flatMap((virtual) =>
    virtual.realServers
      .filter((real) => isMeant(target, virtual, real))
      .map((real) => rosterKey(virtual.name, realServerName(real))),
  );
}

/** The targets that mean nobody. */
export function meaningless(
  targets: readonly RealServerTarget[],
  virtualServers: readonly VirtualServer[],
): readonly RealServerTarget[] {
  if (targets.length === 0) return [];
  const byAddress = groupByAddress(targets);
  const left = new Map(targets.map((target) => [targetKey(target), target]));
  for (const virtual of virtualServers)
    for (const real of virtual.realServers)
      for (const target of byAddress.get(real.address) ?? [])
        if (isMeant(target, virtual, real)) left.delete(targetKey(target));
  return [...left.values()];
}

/** The book with an operator's order for these. */
export function giveOrder(book: DrainBook, keys: readonly string[], order: DrainOrder): DrainBook {
  return { ...book, orders: new Map([...book.orders, ...keys.map((key) => [key, order] as const)]) };
}

/** The book without operators' orders for these. */
export function withdrawOrder(book: DrainBook, keys: readonly string[]): DrainBook {
  const orders = new Map(book.orders);
  for (const key of keys) orders.delete(key);
  return { ...book, orders };
}

/** The book in force for these virtual servers: orders and maintenance make and end drains. */
export function review(book: DrainBook, virtualServers: readonly VirtualServer[], now: Instant): DrainReview {
  // Most of the time, and there may be thousands of real servers to look at for nothing.
  if (book.orders.size === 0 && book.maintenance.length === 0 && book.drains.size === 0)
    return { book, changes: [] };
  const byAddress = groupByAddress(book.maintenance);
  const orders = new Map<string, DrainOrder>();
  const drains = new Map<string, Drain>();
  const changes: DrainChange[] = [];
  const configured = new Set<string>();
  for (const virtual of virtualServers) {
    for (const server of virtual.realServers) {
      const real = realServerName(server);
      const key = rosterKey(virtual.name, real);
      configured.add(key);
      const ordered = book.orders.get(key);
      if (ordered !== undefined) orders.set(key, ordered);
      const inMaintenance = byAddress.get(server.address)?.some((target) => isMeant(target, virtual, server));
      const order = ordered ?? (inMaintenance === true ? MAINTENANCE_ORDER : undefined);
      if (order === undefined) continue;
      const source = ordered === undefined ? "maintenance" : "operator";
      const known = book.drains.get(key);
      if (known !== undefined && known.source === source && sameOrder(known.state.order, order))
        drains.set(key, known);
      else {
        const drain: Drain = { virtual: virtual.name, real, source, state: startDrain(order, now) };
        drains.set(key, drain);
        changes.push({ type: "started", drain });
      }
    }
  }
  for (const [key, drain] of book.drains) {
    if (drains.has(key)) continue;
    const over = drain.source === "operator" ? "undrained" : "maintenance-over";
    changes.push({ type: "cancelled", drain, cause: configured.has(key) ? over : "not-configured" });
  }
  return { book: { ...book, orders, drains }, changes };
}

/** What drains are told, by their keys. */
export function note(book: DrainBook, told: ReadonlyMap<string, DrainEvent>, now: Instant): DrainReview {
  const drains = new Map(book.drains);
  const changes: DrainChange[] = [];
  for (const [key, event] of told) {
    const before = drains.get(key);
    if (before === undefined) continue;
    const state = step(before.state, event, now);
    if (state === before.state) continue;
    const drain = { ...before, state };
    drains.set(key, drain);
    if (state.name === "drained") changes.push({ type: "ended", drain });
    else if (before.state.name === "drained") changes.push({ type: "resumed", drain });
  }
  return { book: { ...book, drains }, changes };
}

function sameOrder(one: DrainOrder, other: DrainOrder): boolean {
  return one.deadline === other.deadline && one.end === other.end;
}

function groupByAddress(targets: readonly RealServerTarget[]): ReadonlyMap<string, RealServerTarget[]> {
  const groups = new Map<string, RealServerTarget[]>();
  for (const target of targets) {
    const group = groups.get(target.address);
    if (group === undefined) groups.set(target.address, [target]);
    else group.push(target);
  }
  return groups;
}
