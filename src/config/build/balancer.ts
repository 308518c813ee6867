/**
 * From a file's content to what the balancer is told. What a check leaves out comes from its real server, then from the
 * virtual server, at last from keepalived's defaults.
 */

import type { BalancerConfig, RealServer, VirtualServer } from "../../core/balance/model.ts";
import type {
  Check,
  CheckTiming,
  Endpoint,
  Probe,
  ScriptProbe,
  ScriptUser,
} from "../../core/health/model.ts";
import { type Duration, seconds } from "../../core/units/time.ts";
import type { CheckContent, FileContent, RealServerContent, VirtualServerContent } from "../schema/file.ts";

/** Answers with the account that a script runs under: its own `user` when it has one. */
export type UserOf = (name: string | undefined) => ScriptUser;

/** The balancer's part. */
export function buildBalancer(content: FileContent, userOf: UserOf): BalancerConfig {
  return { virtualServers: content.virtual_servers.map((server) => virtualServer(server, userOf)) };
}

function virtualServer(server: VirtualServerContent, userOf: UserOf): VirtualServer {
  return {
    address: server.address,
    port: server.port,
    protocol: server.protocol,
    scheduler: server.lvs_sched,
    realServers: server.real_servers.map((real) => realServer(real, server, userOf)),
  };
}

function realServer(real: RealServerContent, server: VirtualServerContent, userOf: UserOf): RealServer {
  const endpoint = { address: real.address, port: real.port ?? server.port };
  return {
    ...endpoint,
    weight: real.weight,
    method: real.lvs_method ?? server.lvs_method,
    inhibitOnFailure: real.inhibit_on_failure ?? server.inhibit_on_failure ?? false,
    checks: real.checks.map((content) => check(content, [real, server], endpoint, userOf)),
  };
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
