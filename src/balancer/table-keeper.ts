/**
 * Keeps the kernel's IPVS table at what is asked for: looks at all of it on request and every ten seconds, puts it right,
 * and tells what it did, what somebody else had done, and what the kernel refuses. When something else is asked for, it
 * looks at those services only that are concerned: with thousands of real servers somebody goes up or down all the time.
 *
 * Looks are one after the other; requests that come in the meantime make one more. A request never waits for a timer,
 * and a refusal is told once, however often it is tried again.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { ConnectionList, type ConnectionTable } from "../core/balance/connection-list.ts";
import { operationText, planSummary } from "../core/balance/plan-text.ts";
import { type Operation, plan, type Plan, subject } from "../core/balance/plan.ts";
import type { LvsTimeouts } from "../core/balance/model.ts";
import { explain } from "../core/balance/refusal.ts";
import { type ServiceId, serviceKey } from "../core/balance/service.ts";
import type { Table } from "../core/balance/table.ts";
import { UNHEEDED } from "../core/balance/tunnel-knowledge.ts";
import type { BalancerCount } from "../core/report/channel.ts";
import { type Event, event } from "../core/report/event.ts";
import { NetlinkLost } from "../linux/generic-netlink-socket.ts";
import { converge, type Convergence, type Refusal } from "../linux/ipvs-converge.ts";
import { listConnections } from "../linux/ipvs-connection-list.ts";
import type { Ipvs } from "../linux/ipvs.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Footprint } from "./footprint.ts";
import { keepTimeouts, NO_TIMEOUTS } from "./timeouts.ts";

const AUDIT_INTERVAL_MS = 10_000;
/** So often the way to the kernel may be lost while ours is being deleted. */
const STOP_ATTEMPTS_MAX = 3;
/** Lines of a plan in one event. */
const LINES_MAX = 20;
/** What a refusal is about that concerns no single service. */
const WHOLE_TABLE = "the table";
const TIMEOUTS = "the timeouts";

/** What the keeper needs from the rest of the process. */
export interface TableKeeperNeeds {
  /** Opens the kernel's table; undefined when it has none. */
  readonly open: () => Promise<Ipvs | undefined>;
  readonly footprint: Footprint;
  /** The table that is asked for at this moment. */
  desired(): Table;
  /** The timeouts that are asked for at this moment. */
  timeouts(): LvsTimeouts;
  readonly tell: (event: Event) => void;
  readonly count: (name: BalancerCount, labels: Readonly<Record<string, string>>, by: number) => void;
  /** Called when a look has ended. */
  looked(): void;
}

/** The table, kept. */
export interface TableKeeper {
  /** What of ours the kernel has now; empty when that cannot be seen. */
  observe(): Promise<Table>;
  /**
   * The connections of the destinations of those of these services that are there; undefined when that cannot be seen. The
   * destinations' own counters tell of them, or the list of all connections (`listed`).
   */
  connections(services: readonly ServiceId[], listed: boolean): Promise<ConnectionTable | undefined>;
  /** Asks for a look at all of it; resolves when one that began afterwards has ended. The first one starts the audit. */
  look(): Promise<void>;
  /** Asks for what has changed in what is asked for to be done; resolves when that has ended. */
  adjust(): Promise<void>;
  /** Deletes all of ours and ends; true when nothing is left. */
  stop(): Promise<boolean>;
}

/** Keeps the table, from the first look on. */
export function keepTable(needs: TableKeeperNeeds): TableKeeper {
  const { footprint, tell, count } = needs;
  let ipvs: Ipvs | undefined;
  /** The table that was reached last; who differs from it since is not us. */
  let reached: Table | undefined;
  /** The next look is at all of it. */
  let wholeDue = false;
  let unavailable = false;
  let stopping = false;
  let audit: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  const refused = new Map<string, { readonly errno: string; readonly service: string }>();

  /** The kernel's table; undefined when it has none, told once. */
  async function open(): Promise<Ipvs | undefined> {
    ipvs ??= await needs.open();
    if (ipvs === undefined && !unavailable) tell(event("ipvs-unavailable"));
    unavailable = ipvs === undefined;
    return ipvs;
  }

  /** Brings what is within `scope` to what is asked for. */
  async function bringTo(desired: Table, scope: Scope): Promise<Convergence | undefined> {
    try {
      const kernel = await open();
      if (kernel === undefined) return undefined;
      footprint.claim([...desired.values()].map(({ id }) => id));
      const owned = footprint.owned().filter((id) => scope(serviceKey(id)));
      await bringTimeouts(kernel);
      const result = await converge(kernel, within(desired, scope), owned);
      const drift = driftOf(result, scope);
      // Of what was not tried any more it is not known whether it is still refused.
      if (result.lost === undefined) tellRefusals(result.refusals, scope);
      tellChanges(result, drift);
      release(desired, owned, result);
      // What was changed and not seen afterwards would look like somebody else's doing.
      reached = result.settled ? desired : undefined;
      if (result.lost !== undefined) lose(result.lost);
      return result;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      lose(error);
      return undefined;
    }
  }

  /** It is opened again at the next look: the module may be gone, or the socket have overflowed. */
  function lose(error: KernelError): void {
    ipvs?.close();
    ipvs = undefined;
    wholeDue = true;
    refuse(WHOLE_TABLE, error.operation, error);
  }

  /** Refused timeouts are no reason to leave the table as it is. */
  async function bringTimeouts(kernel: Ipvs): Promise<void> {
    try {
      await keepTimeouts(kernel, stopping ? NO_TIMEOUTS : needs.timeouts(), footprint);
      refused.delete(TIMEOUTS);
    } catch (error) {
      if (!(error instanceof KernelError) || error instanceof NetlinkLost) throw error;
      refuse(TIMEOUTS, error.operation, error);
    }
  }

  function tellChanges(result: Convergence, drift: Plan): void {
    if (drift.length > 0) {
      tell(event("ipvs-drift", { changes: drift.length, plan: planSummary(drift, LINES_MAX) }));
      const destinations = drift.filter((operation) => "destination" in operation).length;
      if (destinations > 0) count("drift", { kind: "destination" }, destinations);
      if (drift.length > destinations) count("drift", { kind: "service" }, drift.length - destinations);
    }
    const put = new Set(drift.map(operationText));
    const applied = result.done.filter((operation) => !put.has(operationText(operation)));
    if (applied.length > 0)
      tell(event("ipvs-applied", { changes: applied.length, plan: planSummary(applied, LINES_MAX) }));
    if (result.done.length > 0) count("ipvs_changes", {}, result.done.length);
  }

  /**
   * What somebody else has changed since the table was reached. What the kernel refused, before or now, was never
   * reached, and what was seen wrongly is not theirs for certain. A change that it took and passed over was.
   */
  function driftOf(result: Convergence, scope: Scope): Plan {
    if (reached === undefined) return [];
    const doubtful = new Set(result.stale);
    for (const [name, { errno }] of refused) if (errno !== UNHEEDED) doubtful.add(name);
    for (const { operation, error } of result.refusals)
      if (error.errno !== UNHEEDED) doubtful.add(subject(operation));
    return plan(within(reached, scope), result.found, []).filter(
      (operation) => !doubtful.has(subject(operation)) && !doubtful.has(serviceKey(operation.service)),
    );
  }

  function tellRefusals(refusals: readonly Refusal[], scope: Scope): void {
    const still = new Set(refusals.map(({ operation }) => subject(operation)));
    for (const [name, { service }] of refused)
      if (!still.has(name) && name !== TIMEOUTS && (name === WHOLE_TABLE || scope(service)))
        refused.delete(name);
    for (const { operation, error } of refusals)
      refuse(subject(operation), operationText(operation), error, operation);
  }

  function refuse(about: string, operation: string, error: KernelError, change?: Operation): void {
    const isKnown = refused.get(about)?.errno === error.errno;
    // What the kernel passes over is not tried again.
    if (!isKnown || error.errno !== UNHEEDED) count("ipvs_errors", { errno: error.errno }, 1);
    if (isKnown) return;
    const service = change === undefined ? about : serviceKey(change.service);
    refused.set(about, { errno: error.errno, service });
    const why = change === undefined ? { cause: error.message } : explain(change, error.errno);
    tell(event("ipvs-refused", { service, operation, errno: error.errno, ...why }));
  }

  /** Takes off the record what is no longer asked for and gone. */
  function release(desired: Table, owned: readonly ServiceId[], result: Convergence): void {
    if (!result.settled) return;
    const gone = owned.map(serviceKey).filter((key) => !desired.has(key) && !refused.has(key));
    if (gone.length === 0) return;
    const wanted = needs.desired();
    footprint.release(new Set(gone.filter((key) => stopping || !wanted.has(key))));
  }

  async function lookOnce(): Promise<void> {
    // A burst of verdicts comes within one turn of the loop.
    await nextTurn();
    waiting = undefined;
    if (stopping) return;
    const desired = needs.desired();
    const scope = wholeDue || reached === undefined ? everything : concerned(desired, reached);
    wholeDue = false;
    await bringTo(desired, scope);
    needs.looked();
  }

  /** The services that are to become something else than what was reached. */
  function concerned(desired: Table, from: Table): Scope {
    const keys = new Set(plan(desired, from, footprint.owned()).map(({ service }) => serviceKey(service)));
    return (key) => keys.has(key);
  }

  function adjust(): Promise<void> {
    if (stopping) return running;
    audit ??= setInterval(() => void look(), AUDIT_INTERVAL_MS);
    waiting ??= running = running.then(lookOnce);
    return waiting;
  }

  function look(): Promise<void> {
    wholeDue = true;
    return adjust();
  }

  return {
    async observe() {
      try {
        const kernel = await open();
        const owned = new Set(footprint.owned().map(serviceKey));
        return (await kernel?.observe((key) => owned.has(key))) ?? new Map();
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        return new Map();
      }
    },
    async connections(services, listed) {
      try {
        const counted = await ipvs?.connections(services);
        if (counted === undefined || counted.size === 0 || !listed) return counted;
        const list = new ConnectionList(counted, services);
        await listConnections((line) => list.add(line));
        return list.table();
      } catch (error) {
        // The next look at the table finds out what is wrong.
        if (!(error instanceof KernelError)) throw error;
        return undefined;
      }
    },
    look,
    adjust,
    async stop() {
      stopping = true;
      clearInterval(audit);
      await running;
      reached = undefined;
      let emptied = false;
      for (let attempt = 0; attempt < STOP_ATTEMPTS_MAX && !emptied; attempt += 1) {
        const result = await bringTo(new Map(), everything);
        emptied = unavailable || (result?.settled === true && result.refusals.length === 0);
      }
      ipvs?.close();
      return emptied;
    },
  };
}

/** Which services, by their keys. */
type Scope = (key: string) => boolean;

const everything: Scope = () => true;

function within(table: Table, scope: Scope): Table {
  return scope === everything ? table : new Map([...table].filter(([key]) => scope(key)));
}
