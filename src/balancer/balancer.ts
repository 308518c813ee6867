/**
 * The balancer: checks give verdicts, verdicts and configuration give a table, and the kernel's is kept at it.
 *
 * ```
 *  configure ──► check driver ──verdict──► table keeper ──► kernel's IPVS table
 *                     ▲                         │ every 10 s: look, put right
 *                  probes                   footprint (balancer.json)
 * ```
 *
 * The table is kept on both directors, whoever holds the VIPs: a takeover finds it in place. Only where it is configured so
 * a service is in the table just while its address is held here. The connection sync daemons follow the mastership.
 */

import { join } from "node:path";
import { masqueradedFamilies } from "../core/balance/masquerade.ts";
import { type BalancerConfig, realServerName, type VirtualServer } from "../core/balance/model.ts";
import { isMark, type ServiceId, serviceKey } from "../core/balance/service.ts";
import { desiredTable } from "../core/balance/table.ts";
import { adoptedQuorum, adoptedReturns, adoptedVerdicts, type Heritage } from "../core/health/adoption.ts";
import {
  effectiveWeight,
  isUp,
  nextWeightChange,
  rosterKey,
  standing,
  type StartsUp,
  type WatchedCheck,
  type WatchedServer,
} from "../core/health/roster.ts";
import type { BalancerAnswer, BalancerCall, BalancerReport } from "../core/report/channel.ts";
import { type Event, type EventFields, event } from "../core/report/event.ts";
import {
  BALANCER_PROGRAMS,
  BALANCER_RECORD,
  DRAIN_RECORD,
  MASQUERADE_RECORD,
} from "../core/report/record.ts";
import { type Family, familyOf } from "../core/units/ip-address.ts";
import { between, toMilliseconds } from "../core/units/time.ts";
import { now } from "../linux/clock.ts";
import { openIpvs } from "../linux/ipvs.ts";
import { openIpvsDaemons } from "../linux/ipvs-daemons.ts";
import { interfaceIndex } from "../linux/libc.ts";
import type { ChildDuties } from "../linux/parent-channel.ts";
import { openProgramRoll } from "../linux/program-roll.ts";
import { type CheckDriver, driveChecks } from "./check-driver.ts";
import { keepDrains } from "./drain-keeper.ts";
import { openDrainRecord } from "./drain-record.ts";
import { openFootprint } from "./footprint.ts";
import { MasqueradeKeeper } from "./masquerade-keeper.ts";
import { keepQuora } from "./quorum-keeper.ts";
import { keepSettings } from "./settings.ts";
import { StandingNews } from "./standing-news.ts";
import { keepSyncDaemons } from "./sync-keeper.ts";
import { keepTable } from "./table-keeper.ts";
import { openTally } from "./tally.ts";
import { NO_TIMEOUTS } from "./timeouts.ts";
import { openTrafficBook } from "./traffic-book.ts";

/** The way out of the balancer. */
export interface BalancerOutlet {
  event(event: Event): void;
  reportSoon(): void;
  /** A timer fired so late, in seconds. */
  late(seconds: number): void;
}

const NOTHING: BalancerConfig = {
  virtualServers: [],
  activeOnly: false,
  timeouts: NO_TIMEOUTS,
  syncDaemon: undefined,
  sysctls: {},
  realServersMax: 0,
  masquerade: undefined,
  tellInitial: false,
};
const NO_HERITAGE: Heritage = { observed: new Map(), owned: new Set() };

/** A balancer that does nothing until it is configured. `outlet` is first used after that. */
export function openBalancer(
  runDir: string,
  outlet: BalancerOutlet,
): ChildDuties<BalancerConfig, BalancerReport, BalancerCall, BalancerAnswer> {
  let config: BalancerConfig | undefined;
  /** All verdicts of a new configuration are in before anything follows from one. */
  let configuring = false;
  /** Telling where thousands of real servers stand is not what should hold up their way into the kernel. */
  let comingIntoForce = false;
  /** The settings are as they were before us, and stay so. */
  let leaving = false;
  let nextStep: NodeJS.Timeout | undefined;
  let held: ReadonlySet<string> = new Set();
  const tell = (told: Event): void => outlet.event(told);
  const tally = openTally();
  const standingNews = new StandingNews();
  const footprint = openFootprint(join(runDir, BALANCER_RECORD), tell);
  const settings = keepSettings(footprint, tell);
  const traffic = openTrafficBook(tally.count, tell);
  const quora = keepQuora(tell);
  const masquerading = new MasqueradeKeeper(join(runDir, MASQUERADE_RECORD), {
    event: tell,
    drift: () => tally.count("drift", { kind: "masquerade" }, 1),
  });

  const checks: CheckDriver = driveChecks(
    {
      onProbed: (server, check, result, seconds) => tally.addSample(server, check, result.ok, seconds),
      onForgiven(server, check, forgiven, detail) {
        const { retry } = check.check.timing;
        tell(event("check-failed", { ...namesOf(server, check), detail, forgiven, retry }));
      },
      onVerdict(server, check, detail) {
        const name = isUp(server) ? "real-server-up" : "real-server-down";
        tell(event(name, { ...namesOf(server, check), detail, weight: effectiveWeight(server) }));
        if (configuring) return;
        drains.onVerdict(rosterKey(server.virtual, server.real));
        quora.review(server.virtual, checks.roster);
        void table.adjust();
      },
      onLate: (seconds) => outlet.late(seconds),
    },
    openProgramRoll(join(runDir, BALANCER_PROGRAMS), tell),
  );

  const table = keepTable({
    open: () => openIpvs((counters, isThere) => traffic.enter(counters, isThere)),
    footprint,
    desired() {
      const at = now();
      return desiredTable(programmed(config ?? NOTHING, held), (virtual) =>
        standing(virtual, checks.roster, quora.has(virtual), at),
      );
    },
    timeouts: () => (config ?? NOTHING).timeouts,
    tell,
    count: tally.count,
    looked() {
      requireSettings();
      lookAtNextStep();
      outlet.reportSoon();
    },
  });

  const sync = keepSyncDaemons({
    open: openIpvsDaemons,
    interfaceIndex,
    now,
    footprint,
    prepare: requireSettings,
    tell,
    count: tally.count,
  });

  /** Before the first configuration nobody knows what is wanted: what an earlier life has set stays. */
  function requireSettings(): void {
    if (leaving || config === undefined) return;
    const keeping = isAway(config) ? { expire_nodest_conn: "0" } : {};
    settings.require({ forwarded: forwardedFamilies(config), ipvs: { ...config.sysctls, ...keeping } });
  }

  /** The services of a backup are not there, and their connections are to be there still when it is master again. */
  function isAway(config: BalancerConfig): boolean {
    if (!config.activeOnly || config.virtualServers.length === 0) return false;
    if (footprint.owned().length === 0) return true;
    return programmed(config, held).every(({ services }) => services.length === 0);
  }

  const drainRecord = openDrainRecord(join(runDir, DRAIN_RECORD), tell);
  const drains = keepDrains({
    record: drainRecord,
    virtualServers: () => (config ?? NOTHING).virtualServers,
    roster: () => checks.roster,
    connections: (services) => table.connections(services, hearsOfOthers(config ?? NOTHING)),
    changed(virtuals) {
      for (const name of virtuals) quora.review(name, checks.roster);
      return table.adjust();
    },
    tell,
  });

  /** A real server that starts slowly gets the next part of its weight when it is due. */
  function lookAtNextStep(): void {
    clearTimeout(nextStep);
    const at = nextWeightChange(checks.roster, now());
    if (at === undefined) return;
    const wait = Math.max(0, Math.ceil(toMilliseconds(between(now(), at))));
    nextStep = setTimeout(() => void table.adjust(), wait);
  }

  /** What an earlier life took out of the table stays out until a check succeeds. */
  async function heritage(): Promise<Heritage> {
    const owned = new Set(footprint.owned().map(serviceKey));
    if (config !== undefined || owned.size === 0) return NO_HERITAGE;
    return { observed: await table.observe(), owned };
  }

  return {
    async configure(next) {
      comingIntoForce = true;
      const inherited = await heritage();
      config = next;
      traffic.configure(next);
      checks.suspend(suspended(next, held));
      configuring = true;
      const adopted = adoptedVerdicts(inherited);
      // Of one that was drained the table says nothing.
      const startsUp: StartsUp = (virtual, real) =>
        (inherited === NO_HERITAGE
          ? undefined
          : drainRecord.wasUp(rosterKey(virtual.name, realServerName(real)))) ?? adopted(virtual, real);
      checks.configure(next, startsUp);
      for (const [server, since] of adoptedReturns(next.virtualServers, checks.roster, inherited, now()))
        server.returnedAt = since;
      drains.configure();
      configuring = false;
      quora.configure(next, checks.roster, (virtual) => adoptedQuorum(virtual, inherited));
      masquerading.require(next.masquerade);
      await Promise.all([table.adjust(), sync.configure(next.syncDaemon)]);
      comingIntoForce = false;
    },
    held(addresses, masters) {
      held = new Set(addresses);
      sync.follow(new Set(masters));
      checks.suspend(suspended(config ?? NOTHING, held));
      if (config?.activeOnly !== true) return;
      // Before the services go; when they come it is time for that once they are there.
      if (isAway(config)) requireSettings();
      void table.adjust();
    },
    maintenance: (targets) => drains.maintain(targets),
    call: (call) => drains.call(call),
    async stop() {
      clearTimeout(nextStep);
      drains.stop();
      // The table stays meanwhile: packets that are still on their way through here belong to connections that live on.
      const quiet = await sync.stop();
      // Before the services go: with expire_nodest_conn their connections would end, which a next start goes on with.
      leaving = true;
      const restored = settings.restore();
      const [emptied] = await Promise.all([table.stop(), checks.stop()]);
      const cleared = masquerading.close();
      if (emptied && quiet && restored) footprint.erase();
      const left = leftOver({
        "ipvs services": emptied,
        "sync daemons": quiet,
        masquerading: cleared,
        "kernel settings": restored,
      });
      if (left.length > 0) tell(event("process-unclean", { process: "balancer", left }));
    },
    report: (lateness) => ({
      virtualServers: (config ?? NOTHING).virtualServers.map((virtual) => ({
        virtual: virtual.name,
        hasQuorum: quora.has(virtual),
      })),
      realServers: comingIntoForce ? undefined : standingNews.take(checks.roster, now()),
      ...traffic.report(),
      syncDaemons: sync.report(),
      drains: drains.report(),
      ...tally.take(),
      lateness,
    }),
  };
}

function forwardedFamilies({ virtualServers, masquerade }: BalancerConfig): Set<Family> {
  const servers = virtualServers.flatMap(({ realServers, sorryServer }) => [
    ...realServers,
    ...(sorryServer === undefined ? [] : [sorryServer]),
  ]);
  const translated = servers.filter(({ method }) => method === "nat").map(({ address }) => familyOf(address));
  return new Set([...translated, ...masqueradedFamilies(masquerade)]);
}

/** True when connections may be heard of whose service is not in the table, which its counters leave out later on. */
function hearsOfOthers({ activeOnly, syncDaemon }: BalancerConfig): boolean {
  return activeOnly && syncDaemon !== undefined;
}

/** The virtual servers with those of their services that are to be in the table now. */
function programmed(
  { virtualServers, activeOnly }: BalancerConfig,
  held: ReadonlySet<string>,
): readonly VirtualServer[] {
  if (!activeOnly) return virtualServers;
  // A mark says nothing of an address: any that is held here will do.
  const isHeld = (id: ServiceId): boolean => (isMark(id) ? held.size > 0 : held.has(id.address));
  return virtualServers.map((virtual) => ({ ...virtual, services: virtual.services.filter(isHeld) }));
}

/** The names of those whose checks rest while none of their addresses is held here. */
function suspended({ virtualServers }: BalancerConfig, held: ReadonlySet<string>): Set<string> {
  const isHeld = ({ services }: VirtualServer): boolean =>
    services.some((service) => !isMark(service) && held.has(service.address));
  const resting = virtualServers.filter((virtual) => virtual.haSuspend && !isHeld(virtual));
  return new Set(resting.map(({ name }) => name));
}

function namesOf(server: WatchedServer, check: WatchedCheck | undefined): EventFields {
  const names = { virtual: server.virtual, real: server.real };
  return check === undefined ? names : { ...names, check: check.check.probe.type };
}

function leftOver(removed: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(removed).filter((what) => removed[what] !== true);
}
