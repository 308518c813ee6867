/** Virtual and real servers for tests: each says what it is about, the rest is as plain as can be. */

import {
  type BalancerConfig,
  type RealServer,
  type Tunnel,
  type VirtualServer,
} from "../../../src/core/balance/model.ts";
import { type ServiceId, serviceKey } from "../../../src/core/balance/service.ts";
import {
  type DestinationSettings,
  desiredTable,
  type Share,
  type Standing,
  type Table,
} from "../../../src/core/balance/table.ts";
import { ZERO } from "../../../src/core/units/time.ts";
import { type IpAddress, parseIpAddress } from "../../../src/core/units/ip-address.ts";

/** An address that is one for certain. */
export function ip(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

/** A web service on the usual address. */
export const WEB: ServiceId = { protocol: "tcp", address: ip("192.0.2.100"), port: 80 };

/** What `-i` means by itself. */
export const IPIP: Tunnel = { type: "ipip", port: 0, checksum: "nocsum" };

/** 198.51.100.HOST:80 by NAT with weight 1, without checks. */
export function realServer(host: number, given: Partial<RealServer> = {}): RealServer {
  return {
    address: ip(`198.51.100.${host}`),
    port: 80,
    weight: 1,
    method: "nat",
    tunnel: given.method === "tunnel" ? IPIP : undefined,
    upperThreshold: 0,
    lowerThreshold: 0,
    inhibitOnFailure: true,
    alpha: false,
    slowStart: ZERO,
    checks: [],
    ...given,
  };
}

/** A virtual server for one service, scheduled by wlc. */
export function virtualServer(
  id: ServiceId,
  realServers: readonly RealServer[],
  given: Partial<VirtualServer> = {},
): VirtualServer {
  return {
    name: serviceKey(id),
    services: [id],
    scheduler: "wlc",
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    quorum: { quorum: 1, hysteresis: 0 },
    haSuspend: false,
    realServers,
    sorryServer: undefined,
    ...given,
  };
}

/** A balancer's configuration of these. */
export function balancerConfig(...virtualServers: readonly VirtualServer[]): BalancerConfig {
  return {
    virtualServers,
    activeOnly: false,
    syncDaemon: undefined,
    sysctls: {},
    realServersMax: 1_000,
    timeouts: { tcp: undefined, tcpFin: undefined, udp: undefined },
    masquerade: undefined,
    tellInitial: false,
  };
}

/** The table in which everybody is up, or those for whom `isUp` says so. */
export function tableOf(
  virtualServers: readonly VirtualServer[],
  isUp: (real: RealServer) => boolean = () => true,
  hasQuorum = true,
): Table {
  return desiredTable(virtualServers, ({ realServers }): Standing => {
    const share = (index: number): Share => {
      const real = realServers[index];
      return { weight: real !== undefined && isUp(real) ? real.weight : undefined, drain: undefined };
    };
    return { hasQuorum, share };
  });
}

/** A destination's settings by NAT with weight 1. */
export function natSettings(given: Partial<DestinationSettings> = {}): DestinationSettings {
  return { method: "nat", tunnel: undefined, weight: 1, upperThreshold: 0, lowerThreshold: 0, ...given };
}
