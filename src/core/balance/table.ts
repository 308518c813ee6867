/**
 * The IPVS table as the balancer thinks of it: the one that is asked for and the one that the kernel has are of the same
 * shape, so that they can be compared.
 */

import type { IpAddress } from "../units/ip-address.ts";
import type { Route, Tunnel, VirtualServer } from "./model.ts";
import {
  type AddressService,
  isMark,
  type ServiceId,
  serviceFamily,
  serviceKey,
  withPort,
} from "./service.ts";

/** A service's settings. */
export interface ServiceSettings {
  /** The kernel's name, such as `wlc`. */
  readonly scheduler: string;
  /** IP_VS_SVC_F_… of linux/ip_vs.h without HASHED. */
  readonly flags: number;
  /** Of persistence, in seconds; 0 without it. */
  readonly timeout: number;
  /** Of persistence: an IPv4 mask as a number, or an IPv6 prefix's length. */
  readonly netmask: number;
  /** Of persistence: the engine's name; empty for none. */
  readonly engine: string;
}

/** What tells one destination of a service from another. */
export interface DestinationId {
  readonly address: IpAddress;
  readonly port: number;
}

/** How packets reach a destination; ours are only ever `nat`, `dr` and `tunnel`. */
export type Forwarding = Route["method"] | "local" | "bypass";

/** A destination's settings. */
export interface DestinationSettings {
  readonly method: Forwarding;
  /** There for a tunnel, and for nothing else. */
  readonly tunnel: Tunnel | undefined;
  readonly weight: number;
  /** Connections from which on it gets no more; 0 for none. */
  readonly upperThreshold: number;
  /** Connections below which it gets some again; 0 for none. */
  readonly lowerThreshold: number;
}

/**
 * What a kernel knows of tunnels: one before 5.2 ipip alone, 5.2 gue as well, later ones all kinds and checksums. What one
 * does not know it passes over without a word, and wraps packets otherwise.
 */
export type TunnelKnowledge = "ipip" | "gue" | "all";

/** A real server of a service. */
export interface Destination {
  readonly id: DestinationId;
  readonly settings: DestinationSettings;
  /** Of the kernel that told of it; left out for one that knows all, and where none is asked. */
  readonly kernelKnows?: TunnelKnowledge;
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

/** A destination's name within its service: `198.51.100.21:80`. */
export function destinationKey({ address, port }: DestinationId): string {
  return withPort(address, port);
}

/** IP_VS_SVC_F_… of linux/ip_vs.h. */
export const PERSISTENT_FLAG = 0x0001;
export const ONE_PACKET_FLAG = 0x0004;
const SCHEDULER_FLAGS = { 1: 0x0008, 2: 0x0010, 3: 0x0020 } as const;

/** The settings of each service of a virtual server. */
export function serviceSettings(
  virtual: Pick<VirtualServer, "scheduler" | "schedulerFlags" | "onePacket" | "persistence">,
  family: 4 | 6,
): ServiceSettings {
  const { scheduler, schedulerFlags, onePacket, persistence } = virtual;
  const bits = schedulerFlags.map((flag) => SCHEDULER_FLAGS[flag]);
  // Without persistence the netmask is what ipvsadm sends.
  const prefixLength = persistence?.prefixLength ?? (family === 6 ? 128 : 32);
  return {
    scheduler,
    flags: [...bits, onePacket ? ONE_PACKET_FLAG : 0, persistence === undefined ? 0 : PERSISTENT_FLAG].reduce(
      (flags, bit) => flags | bit,
      0,
    ),
    timeout: persistence?.timeout ?? 0,
    netmask: family === 6 ? prefixLength : ipv4Mask(prefixLength),
    engine: persistence?.engine ?? "",
  };
}

/** An IPv4 prefix's length as a mask, 1..32. */
function ipv4Mask(prefixLength: number): number {
  return (0xffffffff << (32 - prefixLength)) >>> 0;
}

/** Where the servers of one virtual server stand. */
export interface Standing {
  /** False while the sorry server, if there is one, has to do the work. */
  readonly hasQuorum: boolean;
  /** Of a real server, by its place in the list. */
  readonly share: (index: number) => Share;
}

/** What a real server is to have. */
export interface Share {
  /** Undefined when it is down. */
  readonly weight: number | undefined;
  /** What an operator's drain has come to: connections finish, or nothing is left of it; undefined without one. */
  readonly drain: "finishing" | "removed" | undefined;
}

/**
 * The table that the configuration and the verdicts ask for. A real server that is down has weight 0, so that its
 * connections may finish, or is left out, as it is configured; and so has one whose virtual server has lost its quorum
 * to a sorry server. One that is drained keeps its connections however it is configured, until it is removed.
 */
export function desiredTable(
  virtualServers: readonly VirtualServer[],
  standingOf: (virtual: VirtualServer) => Standing,
): Table {
  const table = new Map<string, Service>();
  for (const virtual of virtualServers) {
    const standing = standingOf(virtual);
    for (const id of virtual.services) {
      const settings = serviceSettings(virtual, serviceFamily(id));
      table.set(serviceKey(id), { id, settings, destinations: destinations(virtual, id, standing) });
    }
  }
  return table;
}

function destinations(
  virtual: VirtualServer,
  service: ServiceId,
  { hasQuorum, share }: Standing,
): Map<string, Destination> {
  const { realServers, sorryServer } = virtual;
  const wanted = new Map<string, Destination>();
  const replaced = sorryServer !== undefined && !hasQuorum;
  let index = 0;
  for (const real of realServers) {
    const { weight, drain } = share(index);
    index += 1;
    if (drain === "removed") continue;
    const isDown = replaced || weight === undefined;
    if (isDown && !real.inhibitOnFailure && drain === undefined) continue;
    const { method, tunnel, upperThreshold, lowerThreshold } = real;
    const settings = { method, tunnel, weight: isDown ? 0 : weight, upperThreshold, lowerThreshold };
    const id = destinationId(real, service);
    wanted.set(destinationKey(id), { id, settings });
  }
  if (sorryServer !== undefined && (replaced || sorryServer.inhibit)) {
    const { method, tunnel } = sorryServer;
    const settings = { method, tunnel, weight: replaced ? 1 : 0, upperThreshold: 0, lowerThreshold: 0 };
    const id = destinationId(sorryServer, service);
    wanted.set(destinationKey(id), { id, settings });
  }
  return wanted;
}

/** What a real server is called in the table of a service. */
export function destinationId(
  { address, port }: { readonly address: IpAddress; readonly port: number | undefined },
  service: ServiceId,
): DestinationId {
  return { address, port: port ?? servicePort(service) };
}

/** A mark says nothing of ports: there, as with port 0, the client's own is kept. */
function servicePort(service: ServiceId): AddressService["port"] {
  return isMark(service) ? 0 : service.port;
}
