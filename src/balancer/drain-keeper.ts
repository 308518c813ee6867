/**
 * Drains real servers: carries out what is decided in core/balance/drain-book.ts, counts connections until they have
 * finished, and tells what comes of it.
 */

import type { ConnectionTable } from "../core/balance/connection-list.ts";
import {
  addCounts,
  type ConnectionCounts,
  countsFor,
  type DrainEvent,
  type DrainState,
  isCounted,
  progress,
} from "../core/balance/drain.ts";
import {
  type Drain,
  type DrainBook,
  type DrainChange,
  type DrainReview,
  giveOrder,
  keysMeant,
  meaningless,
  note,
  restoredBook,
  review,
  withdrawOrder,
} from "../core/balance/drain-book.ts";
import { type RealServer, realServerName, type VirtualServer } from "../core/balance/model.ts";
import { type ServiceId, serviceKey } from "../core/balance/service.ts";
import { destinationId, destinationKey } from "../core/balance/table.ts";
import { type RealServerTarget, targetKey, targetName } from "../core/balance/target.ts";
import { isUp, type Roster, rosterKey } from "../core/health/roster.ts";
import type { BalancerAnswer, BalancerCall, DrainReport } from "../core/report/channel.ts";
import { event, type Event, type EventFields } from "../core/report/event.ts";
import { between, type Duration, earliest, toMilliseconds, toSeconds, ZERO } from "../core/units/time.ts";
import { now } from "../linux/clock.ts";
import { findSysctl } from "../linux/sysctl.ts";
import type { DrainKeepsake } from "./drain-record.ts";

const COUNT_INTERVAL_MS = 1_000;
/** Where nobody is waited for. */
const RECOUNT_INTERVAL_MS = 5_000;
/** Counting many services takes its time, of which it may take this part. */
const COUNT_SHARE = 0.05;
/** Set, the kernel sends nobody to a real server with weight 0 because of a persistence template. */
const EXPIRE_QUIESCENT_TEMPLATE = "net/ipv4/vs/expire_quiescent_template";
const NOTHING_SEEN: ConnectionTable = new Map();
/** So many files of the maintenance directory are told of at once. */
const IGNORED_MAX = 20;

/** What the keeper needs from the rest of the process. */
export interface DrainKeeperNeeds {
  readonly record: DrainKeepsake;
  virtualServers(): readonly VirtualServer[];
  roster(): Roster;
  /** What the kernel counts now for the real servers of these services; undefined when that cannot be seen. */
  connections(services: readonly ServiceId[]): Promise<ConnectionTable | undefined>;
  /** Weights of these virtual servers' real servers have changed; resolves when the kernel has been told. */
  changed(virtuals: ReadonlySet<string>): Promise<void>;
  readonly tell: (event: Event) => void;
}

/** The drains, kept. */
export interface DrainKeeper {
  /** Puts the drains in force for the virtual servers that are configured now, whose weights are brought up to date by the caller. */
  configure(): void;
  /** These are in maintenance from now on, and no others. */
  maintain(targets: readonly RealServerTarget[]): void;
  /** Does what an operator asks for. */
  call(call: BalancerCall): Promise<BalancerAnswer>;
  /** A real server's verdict has changed. */
  onVerdict(key: string): void;
  report(): readonly DrainReport[];
  /** Counts no more; what an operator has ordered stays on record. */
  stop(): void;
}

/** Goes on with the drains on record, once configured. */
export function keepDrains(needs: DrainKeeperNeeds): DrainKeeper {
  const { record, tell } = needs;
  let book: DrainBook = restoredBook(record.drains);
  let ignored: ReadonlySet<string> = new Set();
  let configured = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  /** The virtual servers that it concerns. */
  function take(next: DrainReview): ReadonlySet<string> {
    const { changes } = next;
    const hadDrains = book.drains.size > 0;
    book = next.book;
    for (const change of changes) {
      const { virtual, real } = change.drain;
      const server = needs.roster().get(rosterKey(virtual, real));
      if (server !== undefined && change.type === "cancelled" && isUp(server)) server.returnedAt = now();
      tell(eventOf(change));
    }
    if (hadDrains || book.drains.size > 0)
      for (const [key, server] of needs.roster()) server.drain = book.drains.get(key)?.state;
    if (changes.length > 0) write();
    return new Set(changes.map(({ drain }) => drain.virtual));
  }

  function write(): void {
    record.write(book.drains.values(), (key) => {
      const server = needs.roster().get(key);
      return server !== undefined && isUp(server);
    });
  }

  function putInForce(): ReadonlySet<string> {
    const concerned = take(review(book, needs.virtualServers(), now()));
    tellIgnored();
    arm(ZERO);
    return concerned;
  }

  function tellIgnored(): void {
    const targets = meaningless(book.maintenance, needs.virtualServers());
    const fresh = targets.filter((target) => !ignored.has(targetKey(target)));
    for (const target of fresh.slice(0, IGNORED_MAX))
      tell(
        event("maintenance-ignored", {
          file: targetName(target),
          cause: "no real server has that address and port",
        }),
      );
    ignored = new Set(targets.map(targetKey));
  }

  /** Looks again when it is time after a look that took so long, or when a deadline comes before. */
  function arm(took: Duration): void {
    clearTimeout(timer);
    const states = [...book.drains.values()].map(({ state }) => state).filter(isCounted);
    if (stopped || states.length === 0) return;
    const draining = states.filter(isDraining);
    const interval = draining.length > 0 ? COUNT_INTERVAL_MS : RECOUNT_INTERVAL_MS;
    const deadline = earliest(...draining.map(({ deadlineAt }) => deadlineAt));
    const left = deadline === undefined ? Infinity : toMilliseconds(between(now(), deadline));
    const wait = Math.max(interval, toMilliseconds(took) / COUNT_SHARE);
    timer = setTimeout(() => void look(), Math.max(0, Math.min(wait, Math.ceil(left))));
  }

  async function look(): Promise<void> {
    const startedAt = now();
    const due = countedKeys().map((key): [string, DrainEvent] => [key, { type: "deadline" }]);
    const overdue = take(note(book, new Map(due), now()));
    if (overdue.size > 0) void needs.changed(overdue);
    const table = await needs.connections(drainedServices());
    if (stopped) return;
    const concerned = take(note(book, countsIn(table ?? NOTHING_SEEN), now()));
    arm(between(startedAt, now()));
    if (concerned.size > 0) await needs.changed(concerned);
  }

  function countsIn(table: ConnectionTable): ReadonlyMap<string, DrainEvent> {
    const templatesHonoured = findSysctl(EXPIRE_QUIESCENT_TEMPLATE) !== "1";
    const told = new Map<string, DrainEvent>();
    for (const [key, virtual, real] of drainedServers()) {
      const counts = countsOf(virtual, real, table);
      told.set(
        key,
        counts === undefined ? { type: "uncounted" } : { type: "counted", counts, templatesHonoured },
      );
    }
    return told;
  }

  function countedKeys(): string[] {
    return [...book.drains].filter(([, { state }]) => isCounted(state)).map(([key]) => key);
  }

  function drainedServers(): readonly (readonly [string, VirtualServer, RealServer])[] {
    const keys = new Set(countedKeys());
    return needs
      .virtualServers()
      .flatMap((virtual) =>
        virtual.realServers
          .map((real) => [rosterKey(virtual.name, realServerName(real)), virtual, real] as const)
          .filter(([key]) => keys.has(key)),
      );
  }

  function drainedServices(): readonly ServiceId[] {
    return [...new Set(drainedServers().flatMap(([, virtual]) => virtual.services))];
  }

  function reportOn(keys: readonly string[]): readonly DrainReport[] {
    return keys.flatMap((key) => book.drains.get(key) ?? []).map(reportOf);
  }

  return {
    configure() {
      configured = true;
      putInForce();
    },
    maintain(targets) {
      book = { ...book, maintenance: targets };
      if (configured) void needs.changed(putInForce());
    },
    async call(call) {
      const keys = keysMeant(call.target, needs.virtualServers());
      if (keys.length === 0) return { ok: false, error: notThere(call.target, needs.virtualServers()) };
      book = call.type === "drain" ? giveOrder(book, keys, call.order) : withdrawOrder(book, keys);
      await needs.changed(putInForce());
      return { ok: true, drains: reportOn(keys) };
    },
    onVerdict(key) {
      if (book.drains.has(key)) write();
    },
    report: () => reportOn([...book.drains.keys()]),
    stop() {
      stopped = true;
      clearTimeout(timer);
      // What the maintenance directory says is read again at the next start.
      book = { ...book, drains: new Map([...book.drains].filter(([, { source }]) => source === "operator")) };
      write();
    },
  };
}

function isDraining(state: DrainState): state is Extract<DrainState, { readonly name: "draining" }> {
  return state.name === "draining";
}

/**
 * In all services together that are in the table; undefined while none is, so that nobody knows, and while it still has work
 * in one of them.
 */
function countsOf(
  virtual: VirtualServer,
  real: RealServer,
  table: ConnectionTable,
): ConnectionCounts | undefined {
  let sum: ConnectionCounts | undefined;
  for (const service of virtual.services) {
    const destinations = table.get(serviceKey(service));
    if (destinations === undefined) continue;
    sum ??= { active: 0, inactive: 0, persistent: 0 };
    const found = destinations.get(destinationKey(destinationId(real, service)));
    if (found === undefined) continue;
    if (found.weight > 0) return undefined;
    sum = addCounts(sum, countsFor(service, found.counts));
  }
  return sum;
}

function eventOf(change: DrainChange): Event {
  const { virtual, real, source, state } = change.drain;
  const { order } = state;
  const fields: EventFields = { virtual, real, source, end: order.end };
  switch (change.type) {
    case "started": {
      const deadline = order.deadline === undefined ? {} : { deadline: toSeconds(order.deadline) };
      return event("drain-started", { ...fields, ...deadline });
    }
    case "resumed":
      return event("drain-resumed", { ...fields, left: state.left ?? 0 });
    case "cancelled":
      return event("drain-cancelled", { virtual, real, source, cause: change.cause });
    case "ended":
      if (state.name !== "drained" || state.cause === "empty") return event("drain-done", fields);
      return event("drain-deadline", { ...fields, left: state.left });
  }
}

function reportOf({ virtual, real, source, state }: Drain): DrainReport {
  const { name, order, left } = state;
  return { virtual, real, source, state: name, end: order.end, left, progress: progress(state) };
}

function notThere(target: RealServerTarget, virtualServers: readonly VirtualServer[]): string {
  const { virtual } = target;
  if (virtual !== undefined && !virtualServers.some(({ name }) => name === virtual))
    return `there is no virtual server ${virtual}`;
  const where = virtual === undefined ? "any virtual server" : `the virtual server ${virtual}`;
  return `there is no real server ${targetName(target)} in ${where}`;
}
