/**
 * What `lvs_sync_daemon`, `lvs_active_only` and `ipvs_sysctls` say about the rest of the file.
 */

import { isMark, serviceFamily } from "../../core/balance/service.ts";
import { familyOf } from "../../core/units/ip-address.ts";
import { quote } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import { nearest } from "../known-keys.ts";
import type { LooseContent } from "../schema/file.ts";
import { servicesOf } from "../services.ts";
import { heldAddresses } from "./virtual-servers.ts";

const DAEMON = ["global_defs", "lvs_sync_daemon"];

/** The rules for what holds for all of IPVS. */
export function checkIpvs(content: LooseContent, findings: Findings): void {
  checkInstance(content, findings);
  checkFamilies(content, findings);
  checkActiveOnly(content, findings);
  checkSysctls(content, findings);
}

function checkInstance(content: LooseContent, findings: Findings): void {
  const name = content.global_defs?.lvs_sync_daemon?.instance;
  if (name === undefined || content.vrrp_instances?.has(name) !== false) return;
  const names = [...content.vrrp_instances.keys()];
  const meant = nearest(name, names);
  const there = names.length === 0 ? "there are none" : `they are ${names.join(", ")}`;
  const advice = meant === undefined ? there : `did you mean ${meant}?`;
  findings.add(
    "sync-instance",
    [...DAEMON, "instance"],
    `${quote(name)} is none of the instances: ${advice}`,
  );
}

/** The kernel has no word for such a connection in what it tells, and starts no daemon while it has such a real server. */
function checkFamilies(content: LooseContent, findings: Findings): void {
  if (content.global_defs?.lvs_sync_daemon === undefined) return;
  for (const [index, server] of (content.virtual_servers ?? []).entries()) {
    if (server === undefined) continue;
    const [service] = servicesOf(server, content.virtual_server_groups);
    if (service === undefined) continue;
    const addresses = [
      ...(server.real_servers ?? []).map((real) => real?.address?.first),
      server.sorry_server?.address,
    ];
    const other = addresses.find(
      (address) => address !== undefined && familyOf(address) !== serviceFamily(service),
    );
    if (other === undefined) continue;
    const message = `${other} is not of the virtual server's family, and the kernel's sync daemon (lvs_sync_daemon) cannot tell of such connections: leave one of the two out`;
    findings.add("sync-family", ["virtual_servers", index], message);
  }
}

function checkActiveOnly(content: LooseContent, findings: Findings): void {
  if (content.global_defs?.lvs_active_only !== true || findings.touches(["vrrp_instances"])) return;
  const held = heldAddresses(content);
  for (const [index, server] of (content.virtual_servers ?? []).entries()) {
    if (server === undefined) continue;
    const services = servicesOf(server, content.virtual_server_groups);
    const isNever = services.every((id) => (isMark(id) ? held.size === 0 : !held.has(id.address)));
    if (services.length === 0 || !isNever) continue;
    const message =
      "no instance has an address of this virtual server, so that with lvs_active_only it would never be in the table: add the address to an instance, or leave lvs_active_only out";
    findings.add("active-only", ["virtual_servers", index], message);
  }
}

/** These are read by the sync daemons alone. */
function checkSysctls(content: LooseContent, findings: Findings): void {
  const { ipvs_sysctls: sysctls, lvs_sync_daemon: daemon } = content.global_defs ?? {};
  if (daemon !== undefined || findings.touches(DAEMON)) return;
  for (const [key, value] of Object.entries(sysctls ?? {})) {
    if (value === undefined || !(key.startsWith("sync_") || key === "backup_only")) continue;
    const message = "says nothing without lvs_sync_daemon: add it, or leave this out";
    findings.add("unused-sysctl", ["global_defs", "ipvs_sysctls", key], message);
  }
}
