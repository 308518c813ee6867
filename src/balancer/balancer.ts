/**
 * The balancer: checks give verdicts, verdicts and configuration give a table, and the kernel's is kept at it.
 *
 * ```
 *  configure ──► check driver ──verdict──► table keeper ──► kernel's IPVS table
 *                     ▲                         │ every 10 s: look, put right
 *                  probes                   footprint (balancer.json)
 * ```
 *
 * The table is kept on both directors, whoever holds the VIPs: a takeover finds it in place.
 */

import { join } from "node:path";
import type { BalancerConfig } from "../core/balance/model.ts";
import { desiredTable, serviceKey } from "../core/balance/table.ts";
import {
  adoptedVerdicts,
  effectiveWeight,
  isUp,
  rosterKey,
  type WatchedCheck,
  type WatchedServer,
} from "../core/health/roster.ts";
import type { BalancerReport } from "../core/report/channel.ts";
import { type Event, type EventFields, event } from "../core/report/event.ts";
import { BALANCER_PROGRAMS, BALANCER_RECORD } from "../core/report/record.ts";
import { openIpvs } from "../linux/ipvs.ts";
import type { ChildDuties } from "../linux/parent-channel.ts";
import { openProgramRoll } from "../linux/program-roll.ts";
import { type CheckDriver, driveChecks } from "./check-driver.ts";
import { openFootprint } from "./footprint.ts";
import { keepForwarding } from "./forwarding.ts";
import { keepTable } from "./table-keeper.ts";
import { openTally } from "./tally.ts";

/** The way out of the balancer. */
export interface BalancerOutlet {
  event(event: Event): void;
  reportSoon(): void;
  /** A timer fired so late, in seconds. */
  late(seconds: number): void;
}

const NOTHING: BalancerConfig = { virtualServers: [] };

/** A balancer that does nothing until it is configured. `outlet` is first used after that. */
export function openBalancer(
  runDir: string,
  outlet: BalancerOutlet,
): ChildDuties<BalancerConfig, BalancerReport> {
  let config: BalancerConfig | undefined;
  const tell = (told: Event): void => outlet.event(told);
  const tally = openTally();
  const footprint = openFootprint(join(runDir, BALANCER_RECORD));
  const forwarding = keepForwarding(footprint, tell);

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
        void table.look();
      },
      onLate: (seconds) => outlet.late(seconds),
    },
    openProgramRoll(join(runDir, BALANCER_PROGRAMS)),
  );

  const table = keepTable({
    open: openIpvs,
    footprint,
    desired() {
      const isServerUp = (virtual: string, real: string): boolean => {
        const server = checks.roster.get(rosterKey(virtual, real));
        return server !== undefined && isUp(server);
      };
      return desiredTable((config ?? NOTHING).virtualServers, isServerUp);
    },
    tell,
    count: tally.count,
    looked() {
      if (needsForwarding(config ?? NOTHING)) forwarding.require();
      else forwarding.restore();
      outlet.reportSoon();
    },
  });

  return {
    async configure(next) {
      // What an earlier life took out of the table stays out until a check succeeds.
      const owned = new Set(footprint.owned().map(serviceKey));
      const adopt = config === undefined && owned.size > 0;
      const startsUp = adopt ? adoptedVerdicts(await table.observe(), owned) : () => true;
      config = next;
      footprint.claim(
        next.virtualServers.map(({ protocol, address, port }) => ({ protocol, address, port })),
      );
      if (needsForwarding(next)) forwarding.require();
      checks.configure(next, startsUp);
      await table.look();
    },
    async stop() {
      const [emptied] = await Promise.all([table.stop(), checks.stop()]);
      const restored = forwarding.restore();
      if (emptied && restored) footprint.erase();
      else tell(event("process-unclean", { process: "balancer", left: leftOver(emptied, restored) }));
    },
    report: (lateness) => ({
      realServers: [...checks.roster.values()].map(stand),
      ...tally.take(),
      lateness,
    }),
  };
}

function needsForwarding(config: BalancerConfig): boolean {
  return config.virtualServers.some(({ realServers }) => realServers.some(({ method }) => method === "nat"));
}

function namesOf(server: WatchedServer, check: WatchedCheck | undefined): EventFields {
  const names = { virtual: server.virtual, real: server.real };
  return check === undefined ? names : { ...names, check: check.check.probe.type };
}

function stand(server: WatchedServer): BalancerReport["realServers"][number] {
  const { virtual, real, weight } = server;
  return { virtual, real, up: isUp(server), weight: effectiveWeight(server), configuredWeight: weight };
}

function leftOver(emptied: boolean, restored: boolean): readonly string[] {
  return [...(emptied ? [] : ["ipvs services"]), ...(restored ? [] : ["ip_forward"])];
}
