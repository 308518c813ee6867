/**
 * The IPVS table as the balancer thinks of it: the one that is asked for and the one that the kernel has are of the same
 * shape, so that they can be compared.
 *
 * Only services for an IPv4 address and a port appear here. Those for firewall marks, for IPv6 or another protocol
 * cannot be ours, and what is not ours is not looked at. A destination of one of our services may still be anything that
 * somebody else put there.
 */

import type { Ipv4 } from "../units/ipv4.ts";
import type { Protocol, VirtualServer } from "./model.ts";

/** What tells one service from another. */
export interface ServiceId {
  readonly protocol: Protocol;
  readonly address: Ipv4;
  /** 0..65535; 0 catches all ports of a persistent service and is none of ours. */
  readonly port: number;
}

/** A service's settings. */
export interface ServiceSettings {
  /** The kernel's name, such as `wlc`. */
  readonly scheduler: string;
  /** IP_VS_SVC_F_… of linux/ip_vs.h without HASHED. */
  readonly flags: number;
  /** Of persistence, in seconds; 0 without it. */
  readonly timeout: number;
  /** Of persistence, as a number. */
  readonly netmask: number;
  /** Of persistence: the engine's name; empty for none. */
  readonly engine: string;
}

/** What tells one destination of a service from another. */
export interface DestinationId {
  /** IPv4 in dotted form, or IPv6 in eight groups. */
  readonly address: string;
  readonly port: number;
}

/** How packets reach a destination; ours are only ever `nat` and `dr`. */
export type Forwarding = "nat" | "local" | "tunnel" | "dr" | "bypass";

/** A destination's settings. */
export interface DestinationSettings {
  readonly method: Forwarding;
  readonly weight: number;
  /** Connections from which on it gets no more; 0 for none. */
  readonly upperThreshold: number;
  /** Connections below which it gets some again; 0 for none. */
  readonly lowerThreshold: number;
}

/** A real server of a service. */
export interface Destination {
  readonly id: DestinationId;
  readonly settings: DestinationSettings;
}

/** A service and its destinations. */
export interface Service {
  readonly id: ServiceId;
  readonly settings: ServiceSettings;
  /** By `destinationKey`. */
  readonly destinations: ReadonlyMap<string, Destination>;
}

/** Services by `serviceKey`. */
export type Table = ReadonlyMap<string, Service>;

/** A service's name in logs and maps: `tcp 192.0.2.100:80`. */
export function serviceKey(id: ServiceId): string {
  return `${id.protocol} ${id.address}:${id.port}`;
}

/** A destination's name within its service: `198.51.100.21:80`. */
export function destinationKey(id: DestinationId): string {
  return id.address.includes(":") ? `[${id.address}]:${id.port}` : `${id.address}:${id.port}`;
}

/** The settings that ours have: no flags, no persistence. The netmask is what ipvsadm sends without persistence. */
export function plainSettings(scheduler: string): ServiceSettings {
  return { scheduler, flags: 0, timeout: 0, netmask: 0xffffffff, engine: "" };
}

/** True when a real server of a virtual server, both named by their keys, is to get work. */
export type Verdict = (virtual: string, real: string) => boolean;

/**
 * The table that the configuration and the verdicts ask for. A real server that is down has weight 0, so that its
 * connections may finish, or is left out, as it is configured.
 */
export function desiredTable(virtualServers: readonly VirtualServer[], isUp: Verdict): Table {
  const table = new Map<string, Service>();
  for (const virtual of virtualServers) {
    const key = serviceKey(virtual);
    const destinations = new Map<string, Destination>();
    for (const real of virtual.realServers) {
      const name = destinationKey(real);
      const up = isUp(key, name);
      if (!up && !real.inhibitOnFailure) continue;
      destinations.set(name, {
        id: { address: real.address, port: real.port },
        settings: {
          method: real.method,
          weight: up ? real.weight : 0,
          upperThreshold: 0,
          lowerThreshold: 0,
        },
      });
    }
    const { protocol, address, port } = virtual;
    table.set(key, {
      id: { protocol, address, port },
      settings: plainSettings(virtual.scheduler),
      destinations,
    });
  }
  return table;
}
