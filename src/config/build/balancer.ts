/**
 * From a file's content to what the balancer is told. What a check leaves out comes from its real server, then from the
 * virtual server, at last from keepalived's defaults.
 */

import {
  type BalancerConfig,
  type Persistence,
  type RealServer,
  type SorryServer,
  type VirtualServer,
} from "../../core/balance/model.ts";
import { isMark, type ServiceId, serviceFamily } from "../../core/balance/service.ts";
import type {
  Check,
  CheckTiming,
  Endpoint,
  Probe,
  ScriptProbe,
  ScriptUser,
} from "../../core/health/model.ts";
import type { Family, IpAddress } from "../../core/units/ip-address.ts";
import { type Duration, seconds, ZERO } from "../../core/units/time.ts";
import type {
  CheckContent,
  FileContent,
  GroupsContent,
  RealServerContent,
  VirtualServerContent,
} from "../schema/file.ts";
import { addressesIn } from "../schema/range.ts";
import { buildIpvsSysctls, buildSyncDaemon } from "./ipvs.ts";
import { SCHEDULER_FLAGS } from "../schema/virtual-server.ts";
import { servicesOf, virtualServerName } from "../services.ts";

/** Answers with the account that a script runs under: its own `user` when it has one. */
export type UserOf = (name: string | undefined) => ScriptUser;

/** The balancer's part. */
export function buildBalancer(content: FileContent, userOf: UserOf): BalancerConfig {
  const {
    lvs_timeouts: timeouts,
    lvs_active_only: activeOnly,
    rs_init_notifies: tellInitial,
  } = content.global_defs;
  const virtualServers = content.virtual_servers.map((server) =>
    virtualServer(server, content.virtual_server_groups, userOf),
  );
  return {
    virtualServers,
    activeOnly,
    timeouts: { tcp: timeouts.tcp, tcpFin: timeouts.tcpfin, udp: timeouts.udp },
    syncDaemon: buildSyncDaemon(content),
    sysctls: buildIpvsSysctls(content, virtualServers),
    realServersMax: content.metrics === false ? 0 : content.metrics.real_servers_max,
    masquerade: content.masquerade,
    tellInitial,
  };
}

/** The real servers of one entry. */
export function realServerIds(
  real: RealServerContent,
  server: VirtualServerContent,
): { readonly address: IpAddress; readonly port: number | undefined }[] {
  const port = real.port ?? server.port;
  return addressesIn(real.address).map((address) => ({ address, port }));
}

function virtualServer(server: VirtualServerContent, groups: GroupsContent, userOf: UserOf): VirtualServer {
  const flags = Object.entries(SCHEDULER_FLAGS).filter(
    ([key]) => server[key as keyof typeof SCHEDULER_FLAGS],
  );
  const services = servicesOf(server, groups);
  const [first] = services;
  return {
    name: virtualServerName(server, groups) ?? "",
    services,
    scheduler: server.lvs_sched,
    schedulerFlags: [...new Set(flags.map(([, flag]) => flag))].toSorted((a, b) => a - b),
    onePacket: server.ops,
    persistence: persistence(server, first === undefined ? 4 : serviceFamily(first)),
    quorum: { quorum: server.quorum, hysteresis: server.hysteresis },
    haSuspend: server.ha_suspend,
    realServers: server.real_servers.flatMap((real) => realServers(real, server, first, userOf)),
    sorryServer: sorryServer(server),
  };
}

/** keepalived's default where persistence_timeout stands without a value. */
const PERSISTENCE_SECONDS = 360;

function persistence(server: VirtualServerContent, family: Family): Persistence | undefined {
  const { persistence_timeout: timeout, persistence_granularity: granularity } = server;
  if (timeout === undefined) return undefined;
  return {
    timeout: timeout ?? PERSISTENCE_SECONDS,
    prefixLength: granularity?.prefixLength ?? (family === 6 ? 128 : 32),
    engine: server.persistence_engine,
  };
}

function sorryServer(server: VirtualServerContent): SorryServer | undefined {
  if (server.sorry_server === undefined) return undefined;
  const { address, port = server.port } = server.sorry_server;
  const { method, tunnel } = server.sorry_server_lvs_method ?? server.lvs_method;
  return { address, port, method, tunnel, inhibit: server.sorry_server_inhibit };
}

function realServers(
  real: RealServerContent,
  server: VirtualServerContent,
  service: ServiceId | undefined,
  userOf: UserOf,
): RealServer[] {
  const { method, tunnel } = real.lvs_method ?? server.lvs_method;
  const port = real.port ?? server.port;
  return addressesIn(real.address).map((address) => {
    const endpoint = { address, port: port ?? onlyPort(service) };
    return {
      address,
      port,
      weight: real.weight,
      method,
      tunnel,
      upperThreshold: real.uthreshold,
      lowerThreshold: real.lthreshold,
      inhibitOnFailure: real.inhibit_on_failure ?? server.inhibit_on_failure ?? false,
      alpha: real.alpha ?? server.alpha,
      slowStart: real.slow_start ?? server.slow_start ?? ZERO,
      checks: real.checks.map((content) => check(content, [real, server], endpoint, userOf)),
    };
  });
}

/** The port of all services of a group; where there are several, each check says for itself where it connects. */
function onlyPort(service: ServiceId | undefined): number {
  return service === undefined || isMark(service) ? 0 : service.port;
}

/** The keys that are inherited, at any of the levels that may have them. */
type Level = Pick<RealServerContent, "delay_loop" | "retry" | "delay_before_retry" | "warmup"> & {
  readonly connect_timeout?: Duration | undefined;
};

function check(content: CheckContent, outer: readonly Level[], endpoint: Endpoint, userOf: UserOf): Check {
  const own: Level = content.tcp ?? content.send_expect ?? content.script ?? {};
  const levels = [own, ...outer];
  const timing = checkTiming(levels);
  return { timing, probe: probe(content, levels, timing, endpoint, userOf) };
}

/** keepalived's defaults: a minute between checks, one failure forgiven, a second before it is looked at again. */
function checkTiming(levels: readonly Level[]): CheckTiming {
  const delayLoop = inherited(levels, "delay_loop") ?? seconds(60);
  return {
    delayLoop,
    retry: inherited(levels, "retry") ?? 1,
    delayBeforeRetry: inherited(levels, "delay_before_retry") ?? seconds(1),
    warmup: inherited(levels, "warmup") ?? delayLoop,
  };
}

function probe(
  content: CheckContent,
  levels: readonly Level[],
  timing: CheckTiming,
  real: Endpoint,
  userOf: UserOf,
): Probe {
  if (content.script !== undefined) return scriptProbe(content.script, timing, userOf);
  const network = content.send_expect ?? content.tcp ?? {};
  const endpoint = {
    address: network.connect_ip ?? real.address,
    port: network.connect_port ?? real.port,
  };
  const connectTimeout = inherited(levels, "connect_timeout") ?? seconds(5);
  if (content.send_expect === undefined) return { type: "tcp", endpoint, connectTimeout };
  const { send, expect, timeout = connectTimeout, max_bytes: maxBytes } = content.send_expect;
  return { type: "send_expect", endpoint, connectTimeout, send, expect, timeout, maxBytes };
}

type ScriptContent = NonNullable<CheckContent["script"]>;

function scriptProbe(script: ScriptContent, timing: CheckTiming, userOf: UserOf): ScriptProbe {
  const [program = "", ...rest] = script.command;
  return {
    type: "script",
    command: [program, ...rest],
    timeout: script.timeout ?? scriptTimeout(timing.delayLoop),
    user: userOf(script.user),
  };
}

/** As in keepalived the delay_loop, but not so short that starting a program takes it up, nor a minute by default. */
export function scriptTimeout(delayLoop: Duration): Duration {
  return Math.min(Math.max(delayLoop, seconds(1)), seconds(30)) as Duration;
}

function inherited<Key extends keyof Level>(levels: readonly Level[], key: Key): Level[Key] {
  return levels.find((level) => level[key] !== undefined)?.[key];
}
