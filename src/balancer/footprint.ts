/**
 * What this process may have put into the kernel, on record before it does so: services, sync daemons, and settings
 * as they were before us.
 */

import type { LvsTimeouts } from "../core/balance/model.ts";
import { readServiceId, type ServiceId, serviceKey } from "../core/balance/service.ts";
import type { StartSettings } from "../core/balance/sync-daemon.ts";
import type { Event } from "../core/report/event.ts";
import type { BalancerRecord } from "../core/report/record.ts";
import type { DaemonState } from "../core/wire/ipvs-daemon.ts";
import { KeptRecord } from "../linux/record-file.ts";

/** The record, kept. */
export interface Footprint {
  /** The services that may be in the table because of us. */
  owned(): readonly ServiceId[];
  /** Records services as ours; before they are added. */
  claim(services: Iterable<ServiceId>): void;
  /** Takes services off the record; after they are deleted. */
  release(keys: ReadonlySet<string>): void;
  /** The settings that are changed, and the values that they had before us. */
  originals(): ReadonlyMap<string, string>;
  /** Records the value that a setting has before us; before it is written. */
  noteOriginal(sysctl: string, value: string): void;
  /** Takes a setting off the record; after it is restored. */
  forgetOriginal(sysctl: string): void;
  /** The timeouts that the kernel had before us; undefined those that are not changed. */
  originalTimeouts(): LvsTimeouts;
  /** Records that; before they are changed, and after they are restored. */
  noteOriginalTimeouts(timeouts: LvsTimeouts): void;
  /** The sync daemons that may run because of us. */
  daemons(): readonly DaemonState[];
  /** Records that; before they are started, and after they are stopped. */
  noteDaemons(states: readonly DaemonState[]): void;
  /** What the sync daemons were started with; nothing of one that somebody else has started. */
  daemonStarts(): ReadonlyMap<DaemonState, StartSettings>;
  /** Records that; before it is started. */
  noteDaemonStart(state: DaemonState, settings: StartSettings): void;
  /** Takes that off the record; after it has gone. */
  forgetDaemonStart(state: DaemonState): void;
  /** Takes the record away: nothing of ours is left. */
  erase(): void;
}

/** Opens the record at `path`, with what an earlier life left there; `tell` hears when it cannot be written. */
export function openFootprint(path: string, tell: (event: Event) => void): Footprint {
  const record = new KeptRecord<Partial<BalancerRecord>>(path, tell);
  const left = record.read();
  const services = new Map<string, ServiceId>();
  for (const recorded of left?.services ?? []) {
    const id = readServiceId({ ...recorded });
    if (id !== undefined) services.set(serviceKey(id), id);
  }
  const sysctls = new Map<string, string>(Object.entries(left?.sysctls ?? {}));
  let timeouts = recordedTimeouts(left?.timeouts);
  let daemons = left?.daemons ?? [];
  const starts = new Map(Object.entries(left?.daemonStarts ?? {}) as [DaemonState, StartSettings][]);

  function write(): void {
    record.write({
      services: [...services.values()],
      sysctls: Object.fromEntries(sysctls),
      ...(Object.values(timeouts).some((timeout) => timeout !== undefined) && { timeouts }),
      ...(daemons.length > 0 && { daemons }),
      ...(starts.size > 0 && { daemonStarts: Object.fromEntries(starts) }),
    });
  }

  return {
    owned: () => [...services.values()],
    claim(claimed) {
      const before = services.size;
      for (const id of claimed) services.set(serviceKey(id), id);
      if (services.size !== before) write();
    },
    release(keys) {
      const before = services.size;
      for (const key of keys) services.delete(key);
      if (services.size !== before) write();
    },
    originals: () => new Map(sysctls),
    noteOriginal(sysctl, value) {
      sysctls.set(sysctl, value);
      write();
    },
    forgetOriginal(sysctl) {
      if (sysctls.delete(sysctl)) write();
    },
    originalTimeouts: () => timeouts,
    noteOriginalTimeouts(noted) {
      if (JSON.stringify(noted) === JSON.stringify(timeouts)) return;
      timeouts = noted;
      write();
    },
    daemons: () => daemons,
    noteDaemons(noted) {
      if (noted.join() === daemons.join()) return;
      daemons = [...noted];
      write();
    },
    daemonStarts: () => starts,
    noteDaemonStart(state, settings) {
      starts.set(state, settings);
      write();
    },
    forgetDaemonStart(state) {
      if (starts.delete(state)) write();
    },
    erase() {
      services.clear();
      sysctls.clear();
      timeouts = recordedTimeouts(undefined);
      daemons = [];
      starts.clear();
      record.remove();
    },
  };
}

function recordedTimeouts(recorded: Partial<LvsTimeouts> | undefined): LvsTimeouts {
  return { tcp: recorded?.tcp, tcpFin: recorded?.tcpFin, udp: recorded?.udp };
}
