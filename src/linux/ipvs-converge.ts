/**
 * From the table that the kernel has to the one that is asked for: look, plan, apply, and look again until there is
 * nothing left to do. What the kernel refuses is left out and told; the rest is still done.
 */

import { type Operation, type Plan, plan, subject } from "../core/balance/plan.ts";
import { type ServiceId, serviceKey } from "../core/balance/service.ts";
import { operationText } from "../core/balance/plan-text.ts";
import type { Table } from "../core/balance/table.ts";
import { UNHEEDED, unheeded } from "../core/balance/tunnel-knowledge.ts";
import type { Ipvs } from "./ipvs.ts";
import { KernelError } from "./kernel-error.ts";

/** So often the table is looked at; somebody else would have to change it all the time to need more. */
const ROUNDS_MAX = 5;

/** An operation that the kernel did not carry out. */
export interface Refusal {
  readonly operation: Operation;
  readonly error: KernelError;
}

/** What came of it. */
export interface Convergence {
  /** The table as it was found. */
  readonly found: Table;
  /** What was carried out, in this order. */
  readonly done: Plan;
  /** What the kernel will not do, or has not done although it said yes; one for each service or destination. */
  readonly refusals: readonly Refusal[];
  /** Subjects of operations that were planned on a look at the table which was out of date. */
  readonly stale: ReadonlySet<string>;
  /** True when nothing is left to do but what was refused. */
  readonly settled: boolean;
  /** The way to the kernel was lost halfway: what was under way then may have been carried out or not. */
  readonly lost: KernelError | undefined;
}

/**
 * Brings the kernel's table to `desired`; `owned` are services of ours from before. Throws KernelError when the table cannot
 * be seen at all, so that nothing was done.
 */
export async function converge(
  ipvs: Ipvs,
  desired: Table,
  owned: readonly ServiceId[],
): Promise<Convergence> {
  const ours = new Set([...desired.keys(), ...owned.map(serviceKey)]);
  const look = (): Promise<Table> => ipvs.observe((key) => ours.has(key));
  const outcome: Outcome = { done: [], refused: new Map(), stale: new Set() };
  const found = await look();
  let settled = false;
  let lost: KernelError | undefined;
  try {
    for (let round = 0; round < ROUNDS_MAX && !settled; round += 1)
      settled = await step(ipvs, desired, round === 0 ? found : await look(), owned, outcome);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    lost = error;
  }
  const { done, refused, stale } = outcome;
  return { found, done, refusals: [...refused.values()], stale, settled, lost };
}

/** Does what is left to do on a table that was seen; true when that is nothing. */
async function step(
  ipvs: Ipvs,
  desired: Table,
  observed: Table,
  owned: readonly ServiceId[],
  outcome: Outcome,
): Promise<boolean> {
  const { refused } = outcome;
  const planned = plan(desired, observed, owned);
  const left = refused.size === 0 ? planned : planned.filter((operation) => !isRefused(operation, refused));
  if (left.length > 0) {
    await ipvs.prepare(left);
    await carryOut(ipvs, left, outcome);
    return false;
  }
  for (const operation of unheeded(desired, observed)) {
    if (refused.has(subject(operation))) continue;
    const error = new KernelError(`ipvsadm ${operationText(operation)}`, UNHEEDED);
    refused.set(subject(operation), { operation, error });
  }
  return true;
}

/** True when an operation, or the making of the service that it needs, is among those refused. */
function isRefused(operation: Operation, refused: ReadonlyMap<string, Refusal>): boolean {
  const service = refused.get(serviceKey(operation.service))?.operation.type;
  return service === "add-service" || refused.has(subject(operation));
}

interface Outcome {
  readonly done: Operation[];
  readonly refused: Map<string, Refusal>;
  readonly stale: Set<string>;
}

async function carryOut(ipvs: Ipvs, operations: Plan, outcome: Outcome): Promise<void> {
  const refusals = await ipvs.apply(operations);
  for (const [index, operation] of operations.entries()) {
    const error = refusals.get(index);
    if (error === undefined) outcome.done.push(operation);
    else if (isStale(operation, error.errno)) outcome.stale.add(subject(operation));
    else outcome.refused.set(subject(operation), { operation, error });
  }
}

/** True when the kernel's answer means that the table is not as it was seen, so that another look will help. */
function isStale(operation: Operation, errno: string): boolean {
  switch (operation.type) {
    case "add-service":
      return errno === "EEXIST";
    case "add-destination":
      return errno === "EEXIST" || errno === "ESRCH";
    case "edit-destination":
    case "delete-destination":
      return errno === "ENOENT" || errno === "ESRCH";
    case "edit-service":
    case "delete-service":
      return errno === "ESRCH";
  }
}
