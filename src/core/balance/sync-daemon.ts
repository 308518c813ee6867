/**
 * The kernel's connection sync daemons: which of the two are to run, and the way there from those that do.
 *
 * The master daemon tells of connections, the backup daemon hears of them; the kernel has room for one of each, and they
 * do not disturb one another. So that nothing is lost at a change:
 *
 * - The backup daemon runs all the time, also on the master: what the last master has yet to tell is still heard. Only
 *   with `backup_only` it must not, for then a kernel with a backup daemon balances nothing.
 * - The master daemon collects for up to two seconds before it sends, looks at it once a second, and forgets what it has
 *   collected when it is stopped (net/netfilter/ipvs/ip_vs_sync.c). So it runs on for a while after the mastership.
 * - What is to run is started before what is not is stopped.
 * - A daemon takes its settings on when it is started, and some of them it does not tell afterwards: it is replaced when
 *   those are others than it was started with. The number of ports it takes on from the other one if that runs, so that
 *   for another number both have to be stopped before the first is started.
 */

import { ipAt, type IpAddress, ipBytes, isIpv6 } from "../units/ip-address.ts";
import { after, type Duration, type Instant, seconds } from "../units/time.ts";
import { AF_INET, AF_INET6 } from "../wire/ipvs.ts";
import type { DaemonState, RunningDaemon, WireDaemon } from "../wire/ipvs-daemon.ts";
import type { SyncDaemonConfig } from "./model.ts";
import type { Explanation } from "./refusal.ts";

/** IPVS_SYNC_FLUSH_TIME and IPVS_SYNC_CHECK_PERIOD, and a second for a machine that is busy. */
const FLUSH_TIME: Duration = seconds(4);

/** Both, in the order in which they are brought about. */
export const DAEMON_STATES: readonly DaemonState[] = ["master", "backup"];

/** The least that a backup daemon has room for, and the most that fits into a datagram. */
const BACKUP_MAXLEN_MIN = 1_024;
const DATAGRAM_MAX = 65_535;
const HEADERS = { 4: 28, 6: 48 } as const;

/** Where the instance that is followed stands here. */
export interface Mastership {
  readonly isMaster: boolean;
  /** When it was lost last; undefined when it never was. */
  readonly lostAt: Instant | undefined;
}

/** When the master daemon has told all that it had to tell; undefined while there is nothing to wait for. */
export function flushedAt({ isMaster, lostAt }: Mastership): Instant | undefined {
  return isMaster || lostAt === undefined ? undefined : after(lostAt, FLUSH_TIME);
}

/** What a daemon takes on when it is started and does not tell, or not as it was said. */
export type StartSettings = Pick<SyncDaemonConfig, "maxlen" | "ports" | "sockSize">;

/** A daemon that is to run. */
export type WantedDaemon = WireDaemon & StartSettings;

/** What is to be remembered of a daemon that is started. */
export function startSettings({ maxlen, ports, sockSize }: WantedDaemon): StartSettings {
  return { maxlen, ports, sockSize };
}

/** The daemons that are to run now. Without an instance both do. */
export function wantedDaemons(
  config: SyncDaemonConfig,
  mastership: Mastership,
  now: Instant,
): readonly WantedDaemon[] {
  const isMaster = config.instance === undefined || mastership.isMaster;
  const flushed = flushedAt(mastership);
  const wanted: Readonly<Record<DaemonState, boolean>> = {
    master: isMaster || (flushed !== undefined && now < flushed),
    backup: !isMaster || !config.backupOnly,
  };
  return DAEMON_STATES.filter((state) => wanted[state]).map((state) => daemon(config, state));
}

/** A step on the way. */
export type DaemonOperation =
  | { readonly type: "start"; readonly daemon: WantedDaemon }
  | { readonly type: "stop"; readonly state: DaemonState };

/**
 * From the daemons that run to those that are to run: one with other settings is replaced, and starts come first. `owned`
 * are the states whose daemons may be stopped; `startedWith` says of those that run what they were started with, as far as
 * it is known.
 */
export function planDaemons(
  wanted: readonly WantedDaemon[],
  running: readonly RunningDaemon[],
  owned: ReadonlySet<DaemonState>,
  startedWith: ReadonlyMap<DaemonState, StartSettings>,
): readonly DaemonOperation[] {
  const [first] = wanted;
  if (first !== undefined && running.some(({ state }) => hasOtherPorts(first, startedWith.get(state))))
    return [...stopsOf(running), ...wanted.map(startOf)];
  const starts = wanted.flatMap((daemon): readonly DaemonOperation[] => {
    const found = running.find(({ state }) => state === daemon.state);
    if (found === undefined) return [startOf(daemon)];
    if (isSame(daemon, found, startedWith.get(daemon.state))) return [];
    return [...stopsOf([found]), startOf(daemon)];
  });
  const unwanted = running.filter(
    ({ state }) => owned.has(state) && !wanted.some((daemon) => daemon.state === state),
  );
  return [...starts, ...stopsOf(unwanted)];
}

function startOf(daemon: WantedDaemon): DaemonOperation {
  return { type: "start", daemon };
}

/** The backup daemon first: the master daemon, which comes first when they are started, is away for a shorter time. */
function stopsOf(running: readonly RunningDaemon[]): readonly DaemonOperation[] {
  return DAEMON_STATES.toReversed()
    .filter((state) => running.some((daemon) => daemon.state === state))
    .map((state) => ({ type: "stop", state }));
}

/** A step in ipvsadm's words. */
export function daemonOperationText(operation: DaemonOperation): string {
  if (operation.type === "stop") return `--stop-daemon ${operation.state}`;
  const { state, interface: name, id, maxlen, group, port, ttl } = operation.daemon;
  const length = maxlen === undefined ? "" : ` --sync-maxlen ${maxlen}`;
  const to = `--mcast-group ${groupAddress(group)} --mcast-port ${port} --mcast-ttl ${ttl}`;
  return `--start-daemon ${state} --mcast-interface ${name} --syncid ${id}${length} ${to}`;
}

/** Why the kernel refused a step, by its errno's name, and what to do. */
export function explainDaemon(operation: DaemonOperation, errno: string): Explanation {
  const name = operation.type === "start" ? operation.daemon.interface : "";
  switch (errno) {
    case "ENODEV":
      return {
        cause: `there is no interface ${name}`,
        cure: "name one that is there in lvs_sync_daemon, or bring it up: it is tried again every ten seconds",
      };
    case "EINVAL":
      return {
        cause: "the kernel takes the settings for invalid, or a service has real servers of the other family",
        cure: "a sync daemon and real servers of the other address family exclude one another: look at ipvsadm -Ln",
      };
    case "EEXIST":
      return {
        cause: "somebody else has started a sync daemon at this moment",
        cure: "look for keepalived or ipvsadm --start-daemon running beside Relevo",
      };
    case "EADDRINUSE":
      return {
        cause: "another program has the UDP port",
        cure: "choose another port in lvs_sync_daemon, on both directors",
      };
    case "EAFNOSUPPORT":
      return {
        cause: "this kernel's IPVS does not sync over IPv6",
        cure: "choose an IPv4 group in lvs_sync_daemon",
      };
    case "EPERM":
      return {
        cause: "Relevo is not permitted to start or stop the sync daemon",
        cure: "it needs CAP_NET_ADMIN in the initial user namespace; a rootless container cannot have it",
      };
    case "ENOMEM":
    case "ENOBUFS":
      return { cause: "the kernel has no memory left for it", cure: "free some memory" };
    default:
      return { cause: `the kernel answered ${errno}`, cure: "look at the kernel's log (dmesg)" };
  }
}

function daemon(config: SyncDaemonConfig, state: DaemonState): WantedDaemon {
  const { interface: name, id, maxlen, group, port, ttl, ports, sockSize } = config;
  const family = isIpv6(group) ? AF_INET6 : AF_INET;
  const to = { group: { family, bytes: ipBytes(group) }, port, ttl };
  return { state, interface: name, id, maxlen, ...to, ports, sockSize };
}

function groupAddress({ family, bytes }: WireDaemon["group"]): IpAddress {
  return ipAt(family === AF_INET6 ? 6 : 4, bytes, 0);
}

function hasOtherPorts(wanted: WantedDaemon, started: StartSettings | undefined): boolean {
  return started !== undefined && started.ports !== wanted.ports;
}

/** What an old kernel does not tell, and what is not known of the start, counts as what was asked for. */
function isSame(
  wanted: WantedDaemon,
  found: RunningDaemon,
  started: StartSettings | undefined = wanted,
): boolean {
  const { group = wanted.group, port = wanted.port, ttl = wanted.ttl, maxlen } = found;
  return (
    found.interface === wanted.interface &&
    found.id === wanted.id &&
    port === wanted.port &&
    ttl === wanted.ttl &&
    groupAddress(group) === groupAddress(wanted.group) &&
    started.sockSize === wanted.sockSize &&
    (wanted.maxlen === undefined
      ? started.maxlen === undefined
      : maxlen === undefined || maxlen === keptMaxlen(wanted, wanted.maxlen))
  );
}

/** What the kernel makes of a length. */
function keptMaxlen({ state, group }: WireDaemon, maxlen: number): number {
  const least = state === "backup" ? BACKUP_MAXLEN_MIN : 1;
  return Math.min(Math.max(maxlen, least), DATAGRAM_MAX - HEADERS[group.family === AF_INET6 ? 6 : 4]);
}
