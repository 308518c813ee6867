/**
 * From the routes and rules that are there to those that shall be: what to remove, what to replace, what to add.
 *
 * A route that changes is replaced in one step, so that no packet finds it missing. Rules go before the routes that they
 * lead to, and come after them.
 */

import type { Nexthop, Route, RoutingEntry } from "./model.ts";
import { routingText } from "./text.ts";

/** One change of the kernel's. */
export interface RoutingOperation {
  readonly type: "remove" | "replace" | "add";
  readonly entry: RoutingEntry;
}

/** The operations, in this order, that lead from `found` to `wanted`; none when all is as it shall be. */
export function planRouting(
  wanted: readonly RoutingEntry[],
  found: readonly RoutingEntry[],
): readonly RoutingOperation[] {
  const there = new Map(found.map((entry) => [identity(entry), entry]));
  const kept = new Set(wanted.map(identity));
  const removed = found.filter((entry) => !kept.has(identity(entry)));
  const operations: RoutingOperation[] = [
    ...rulesFirst(removed).map((entry) => ({ type: "remove" as const, entry })),
    ...rulesFirst(wanted)
      .toReversed()
      .flatMap((entry): readonly RoutingOperation[] => {
        const other = there.get(identity(entry));
        if (other === undefined) return [{ type: "add", entry }];
        return agree(entry, other) ? [] : [{ type: "replace", entry }];
      }),
  ];
  return operations;
}

/** A plan as an operator reads it, a line for each operation. */
export function routingPlanText(plan: readonly RoutingOperation[]): string {
  return plan.map(({ type, entry }) => `${type} ${entry.kind} ${routingText(entry)}\n`).join("");
}

/** The same for two that cannot be there side by side: routes of a destination, table and metric; rules alike in all. */
export function identity(entry: RoutingEntry): string {
  if (entry.kind === "rule") return `rule ${entry.family} ${routingText(entry)}`;
  const { family, to, table, metric } = entry;
  return `route ${family} ${to.address}/${to.prefixLength} table ${table} metric ${metric}`;
}

/** True when what was found is what was asked for; what was left to the kernel may be as it likes. */
function agree(wanted: RoutingEntry, found: RoutingEntry): boolean {
  if (wanted.kind === "rule" || found.kind === "rule") return true;
  if (wanted.type !== found.type || wanted.scope !== found.scope) return false;
  if (wanted.src !== found.src || wanted.mtu !== found.mtu) return false;
  return sameNexthops(wanted, found);
}

function sameNexthops({ nexthops: wanted }: Route, { nexthops: found }: Route): boolean {
  const left = [...found];
  for (const nexthop of wanted) {
    const at = left.findIndex((other) => fits(nexthop, other, wanted.length > 1));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return left.length === 0;
}

/** A weight is nothing where there is no other. */
function fits(wanted: Nexthop, found: Nexthop, several: boolean): boolean {
  if (wanted.via !== found.via || wanted.onlink !== found.onlink) return false;
  if (several && wanted.weight !== found.weight) return false;
  return wanted.interface === undefined || wanted.interface === found.interface;
}

function rulesFirst(entries: readonly RoutingEntry[]): readonly RoutingEntry[] {
  return [...entries].toSorted((a, b) => Number(a.kind === "route") - Number(b.kind === "route"));
}
