/**
 * What the keys of one virtual server that say how connections are dealt out say about one another.
 */

import { isMark, type ServiceId, serviceFamily } from "../../core/balance/service.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { VirtualServerContent } from "../schema/file.ts";
import { SCHEDULER_FLAGS } from "../schema/virtual-server.ts";

type VirtualServer = NonNullable<Loose<VirtualServerContent>>;

/** The rules for scheduler, persistence and quorum. */
export function checkScheduling(
  path: Path,
  server: VirtualServer,
  services: readonly ServiceId[],
  findings: Findings,
): void {
  checkFlags(path, server, findings);
  checkOnePacket(path, server, services, findings);
  checkPorts(path, server, services, findings);
  checkPersistence(path, server, services, findings);
  checkQuorum(path, server, findings);
}

/** A flag with a scheduler's name is for that scheduler: to another the same bit means something else. */
function checkFlags(path: Path, server: VirtualServer, findings: Findings): void {
  const { lvs_sched: scheduler } = server;
  for (const key of Object.keys(SCHEDULER_FLAGS) as (keyof typeof SCHEDULER_FLAGS)[]) {
    const [owner = ""] = key.split("-");
    if (server[key] !== true || owner === "flag" || scheduler === undefined || owner === scheduler) continue;
    findings.add("scheduler-flag", [...path, key], `is for lvs_sched ${owner}, and here it is ${scheduler}`);
  }
  if (server.hashed === true)
    findings.add(
      "kernel-flag",
      [...path, "hashed"],
      "the kernel sets this flag by itself, and it is not passed on: leave it out",
    );
}

function checkOnePacket(
  path: Path,
  server: VirtualServer,
  services: readonly ServiceId[],
  findings: Findings,
): void {
  if (server.ops !== true || server.protocol === "udp" || services.every(isMark)) return;
  findings.add("one-packet", [...path, "ops"], "single packets are scheduled for UDP only: protocol: UDP");
}

/** Without persistence the kernel schedules nothing that came to port 0, and says so in its log only. */
function checkPorts(
  path: Path,
  server: VirtualServer,
  services: readonly ServiceId[],
  findings: Findings,
): void {
  if (server.persistence_timeout !== undefined || findings.touches([...path, "persistence_timeout"])) return;
  if (services.every((service) => isMark(service) || service.port !== 0)) return;
  const message = "port 0, which is all ports, works with persistence_timeout only: add it, or name a port";
  findings.add("port-zero", [...path, server.group === undefined ? "port" : "group"], message);
}

function checkPersistence(
  path: Path,
  server: VirtualServer,
  services: readonly ServiceId[],
  findings: Findings,
): void {
  const { persistence_granularity: granularity, persistence_engine: engine, protocol } = server;
  for (const key of ["persistence_granularity", "persistence_engine"] as const) {
    if (server[key] === undefined || server.persistence_timeout !== undefined) continue;
    if (findings.touches([...path, "persistence_timeout"])) continue;
    findings.add("persistence", [...path, key], "says nothing without persistence_timeout: add it");
  }
  if (engine !== undefined && protocol !== "udp" && !services.every(isMark))
    findings.add("persistence", [...path, "persistence_engine"], `${engine} is for UDP only: protocol: UDP`);
  const [service] = services;
  if (granularity?.prefixLength === undefined || service === undefined) return;
  const isIpv6 = serviceFamily(service) === 6;
  if (isIpv6 ? granularity.isMask !== true : granularity.prefixLength <= 32) return;
  const advice = isIpv6 ? "IPv6 wants a prefix's length, such as 64" : "IPv4 has at most 32 bits";
  findings.add("persistence", [...path, "persistence_granularity"], advice);
}

/** A quorum that the real servers can never reach, or once lost never regain, leaves the sorry server in for good. */
function checkQuorum(path: Path, server: VirtualServer, findings: Findings): void {
  const { quorum = 1, hysteresis = 0, real_servers: servers } = server;
  if (hysteresis >= quorum && hysteresis > 0) {
    const message = `${hysteresis} is not below the quorum, ${quorum}, which then could not be lost: at most ${quorum - 1}`;
    findings.add("quorum-range", [...path, "hysteresis"], message);
    return;
  }
  if (servers === undefined || servers.length === 0 || findings.touches([...path, "real_servers"])) return;
  const weight = servers.reduce((sum, real) => sum + (real?.weight ?? 0) * (real?.address?.count ?? 0), 0);
  if (quorum + hysteresis <= weight || (quorum === 1 && hysteresis === 0)) return;
  const message = `${quorum}${hysteresis === 0 ? "" : ` and hysteresis ${hysteresis}`} cannot be reached: the real servers' weights add up to ${weight}`;
  findings.add("quorum-range", [...path, "quorum"], message);
}
