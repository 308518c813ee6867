/** From `lvs_sync_daemon` and `ipvs_sysctls` to what the balancer is told. */

import type { SyncDaemonConfig, VirtualServer } from "../../core/balance/model.ts";
import type { FileContent } from "../schema/file.ts";

/** The sync daemons. As in keepalived the id is the instance's virtual router id, unless it is said. */
export function buildSyncDaemon(content: FileContent): SyncDaemonConfig | undefined {
  const { lvs_sync_daemon: daemon, ipvs_sysctls: sysctls } = content.global_defs;
  if (daemon === undefined) return undefined;
  const { instance, maxlen, group, port, ttl } = daemon;
  const followed = instance === undefined ? undefined : content.vrrp_instances.get(instance);
  return {
    interface: daemon.interface,
    instance,
    id: daemon.id ?? followed?.virtual_router_id ?? 0,
    maxlen,
    group,
    port,
    ttl,
    ports: numberOf(sysctls.sync_ports),
    sockSize: numberOf(sysctls.sync_sock_size),
    backupOnly: sysctls.backup_only === "1",
  };
}

function numberOf(sysctl: string | undefined): number | undefined {
  return sysctl === undefined ? undefined : Number(sysctl);
}

/** What the file says, and for what it does not say what suits the rest of it. */
export function buildIpvsSysctls(
  { global_defs: globals }: FileContent,
  virtualServers: readonly VirtualServer[],
): Readonly<Record<string, string>> {
  const said = Object.entries(globals.ipvs_sysctls).filter(([, value]) => value !== undefined);
  const defaults = {
    ...defaultsFor(virtualServers),
    // Each connection is told of as soon as it is established, and when it lives on every ten seconds at most: a director
    // that was away knows it from its next packet on.
    ...(globals.lvs_sync_daemon && { sync_threshold: "3 0", sync_refresh_period: "10" }),
  };
  return { ...defaults, ...(Object.fromEntries(said) as Record<string, string>) };
}

/**
 * Whoever is taken out of the table has its connections end, not hang: a failed real server, a sorry server that is not needed
 * any more, one that was drained until its deadline, one that a new configuration leaves out. Whoever has weight 0 gets nobody
 * for persistence's sake: a failed or drained real server, a sorry server that waits. Either can happen to any virtual
 * server: it can be drained at any time, to be held or removed.
 */
function defaultsFor(virtualServers: readonly VirtualServer[]): Readonly<Record<string, string>> {
  const isPersistent = virtualServers.some(({ persistence }) => persistence !== undefined);
  return {
    ...(virtualServers.length > 0 && { expire_nodest_conn: "1" }),
    ...(isPersistent && { expire_quiescent_template: "1" }),
  };
}
