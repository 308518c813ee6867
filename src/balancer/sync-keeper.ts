/**
 * Keeps the kernel's connection sync daemons as they are configured and as the mastership asks for: at once when that
 * changes, and every ten seconds; tells what it did, what somebody else had done, and what the kernel refuses.
 *
 * It has a way to the kernel of its own: a change of mastership does not wait for a large table.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { SyncDaemonConfig } from "../core/balance/model.ts";
import {
  DAEMON_STATES,
  type DaemonOperation,
  daemonOperationText,
  explainDaemon,
  flushedAt,
  type Mastership,
  planDaemons,
  startSettings,
  type WantedDaemon,
  wantedDaemons,
} from "../core/balance/sync-daemon.ts";
import type { BalancerCount, SyncDaemonReport } from "../core/report/channel.ts";
import { type Event, event } from "../core/report/event.ts";
import { between, type Instant, toMilliseconds } from "../core/units/time.ts";
import type { DaemonState, RunningDaemon } from "../core/wire/ipvs-daemon.ts";
import type { IpvsDaemons } from "../linux/ipvs-daemons.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Footprint } from "./footprint.ts";

const AUDIT_INTERVAL_MS = 10_000;

/** What the keeper needs from the rest of the process. */
export interface SyncKeeperNeeds {
  /** Opens the way to the daemons; undefined when the kernel has no IPVS. */
  readonly open: () => Promise<IpvsDaemons | undefined>;
  /** The number of an interface: one that is made anew has another, and a daemon does not notice. */
  readonly interfaceIndex: (name: string) => number | undefined;
  readonly now: () => Instant;
  readonly footprint: Footprint;
  /** Called before each change: some settings count for daemons that are started afterwards only. */
  prepare(): void;
  readonly tell: (event: Event) => void;
  readonly count: (name: BalancerCount, labels: Readonly<Record<string, string>>, by: number) => void;
}

/** The daemons, kept. */
export interface SyncKeeper {
  /** Goes by this configuration; undefined for no daemons. Resolves when it is in force. */
  configure(config: SyncDaemonConfig | undefined): Promise<void>;
  /** These instances are master here; before the first configuration that is noted and no more. */
  follow(masters: ReadonlySet<string>): void;
  /** Which daemons run, as far as is known; empty without a configuration. */
  report(): readonly SyncDaemonReport[];
  /** Lets the master daemon tell all that it has to tell, stops both, and ends; true when nothing is left. */
  stop(): Promise<boolean>;
}

/** Keeps no daemons until it is configured. */
export function keepSyncDaemons(needs: SyncKeeperNeeds): SyncKeeper {
  const { footprint, tell, count, now } = needs;
  let config: SyncDaemonConfig | undefined;
  /** Until then the daemons of an earlier life are left as they are. */
  let configured = false;
  let masters: ReadonlySet<string> = new Set();
  let mastership: Mastership = { isMaster: false, lostAt: undefined };
  let kernel: IpvsDaemons | undefined;
  let stopping = false;
  let audit: NodeJS.Timeout | undefined;
  let flushed: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  /** What we have started, with the number of its interface then. */
  const started = new Map<DaemonState, number | undefined>();
  const seen = new Set<DaemonState>();
  const refused = new Map<string, string>();

  /** The daemons that are to run at this moment. */
  function wanted(): readonly WantedDaemon[] {
    return config === undefined || stopping ? [] : wantedDaemons(config, mastership, now());
  }

  /** A daemon on an interface that has since been made anew does not count: it hears and says nothing. */
  function isAlive({ state, interface: name }: RunningDaemon): boolean {
    const before = started.get(state);
    const index = needs.interfaceIndex(name);
    return before === undefined || index === undefined || index === before;
  }

  async function look(): Promise<void> {
    waiting = undefined;
    const owned = new Set(footprint.daemons());
    if (owned.size === 0) return;
    try {
      kernel ??= await needs.open();
      if (kernel === undefined) return;
      needs.prepare();
      const found = await kernel.running();
      await bring(kernel, found, owned);
      seen.clear();
      for (const { state } of await kernel.running()) seen.add(state);
      if (config === undefined) footprint.noteDaemons([...owned].filter((state) => seen.has(state)));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      // Opened again at the next look.
      kernel?.close();
      kernel = undefined;
      refuse("", { operation: error.operation, errno: error.errno, cause: error.message });
    }
    armFlush();
  }

  async function bring(
    daemons: IpvsDaemons,
    found: readonly RunningDaemon[],
    owned: ReadonlySet<DaemonState>,
  ): Promise<void> {
    const dead = found.filter((daemon) => !isAlive(daemon)).map(({ state }) => state);
    const alive = found.filter(({ state }) => !dead.includes(state));
    tellDrift(alive);
    const stillRefused = new Set<string>();
    for (const state of dead) await attempt(daemons, { type: "stop", state }, stillRefused);
    for (const operation of planDaemons(wanted(), alive, owned, footprint.daemonStarts()))
      await attempt(daemons, operation, stillRefused);
    for (const about of refused.keys()) if (!stillRefused.has(about)) refused.delete(about);
  }

  async function attempt(
    daemons: IpvsDaemons,
    operation: DaemonOperation,
    stillRefused: Set<string>,
  ): Promise<void> {
    const state = operation.type === "start" ? operation.daemon.state : operation.state;
    try {
      // Before: an interface that is made anew in between makes the daemon look dead, and it is started again.
      const index = operation.type === "start" ? needs.interfaceIndex(operation.daemon.interface) : undefined;
      if (operation.type === "start") footprint.noteDaemonStart(state, startSettings(operation.daemon));
      await daemons.apply(operation);
      if (operation.type === "start") started.set(state, index);
      else forget(state);
      tellDone(operation, state);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      stillRefused.add(`${operation.type} ${state}`);
      refuse(`${operation.type} ${state}`, {
        operation: daemonOperationText(operation),
        errno: error.errno,
        ...explainDaemon(operation, error.errno),
      });
    }
  }

  function forget(state: DaemonState): void {
    started.delete(state);
    footprint.forgetDaemonStart(state);
  }

  function tellDone(operation: DaemonOperation, state: DaemonState): void {
    if (operation.type === "stop") return tell(event("sync-daemon-stopped", { state }));
    const { interface: name, id } = operation.daemon;
    tell(event("sync-daemon-started", { state, interface: name, id }));
  }

  /** What we have started and is gone, or is not as it was asked for. */
  function tellDrift(found: readonly RunningDaemon[]): void {
    for (const state of started.keys()) {
      if (found.some((daemon) => daemon.state === state)) continue;
      forget(state);
      tell(event("sync-daemon-drift", { state }));
      count("drift", { kind: "sync-daemon" }, 1);
    }
  }

  function refuse(
    about: string,
    fields: { readonly operation: string; readonly errno: string; readonly cause: string },
  ): void {
    count("ipvs_errors", { errno: fields.errno }, 1);
    if (refused.get(about) === fields.errno) return;
    refused.set(about, fields.errno);
    tell(event("sync-daemon-failed", fields));
  }

  /** Looks again when the master daemon has told all that it had to tell. */
  function armFlush(): void {
    clearTimeout(flushed);
    const at = flushedAt(mastership);
    if (at === undefined || stopping || at <= now()) return;
    flushed = setTimeout(() => void request(), Math.ceil(toMilliseconds(between(now(), at))));
  }

  function request(): Promise<void> {
    if (footprint.daemons().length === 0 && config === undefined) return running;
    audit ??= setInterval(() => void request(), AUDIT_INTERVAL_MS);
    waiting ??= running = running.then(look);
    return waiting;
  }

  function noteMastership(): void {
    const isMaster = config?.instance !== undefined && masters.has(config.instance);
    if (isMaster === mastership.isMaster) return;
    mastership = { isMaster, lostAt: isMaster ? mastership.lostAt : now() };
  }

  /** Waits until the master daemon, if it runs, has told all that it had to tell. */
  async function flush(): Promise<void> {
    if (!seen.has("master")) return;
    const lostAt = mastership.isMaster ? now() : (mastership.lostAt ?? now());
    const at = flushedAt({ isMaster: false, lostAt });
    if (at !== undefined && at > now()) await delay(Math.ceil(toMilliseconds(between(now(), at))));
  }

  return {
    async configure(next) {
      config = next;
      configured = true;
      // The kernel has room for one of each, so that both are ours as soon as they are configured.
      if (next !== undefined) footprint.noteDaemons(DAEMON_STATES);
      noteMastership();
      await request();
    },
    follow(instances) {
      masters = instances;
      noteMastership();
      if (configured) void request();
    },
    report: () =>
      config === undefined ? [] : DAEMON_STATES.map((state) => ({ state, running: seen.has(state) })),
    async stop() {
      clearInterval(audit);
      clearTimeout(flushed);
      await running;
      await flush();
      stopping = true;
      config = undefined;
      await look();
      clearTimeout(flushed);
      kernel?.close();
      return footprint.daemons().length === 0;
    },
  };
}
