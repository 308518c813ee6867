/**
 * Between the balancer's table and the wire's services and destinations. What cannot be a service of ours is undefined;
 * a destination of one of our services is always understood, whoever put it there.
 */

import { familyOf, ipAt, type IpAddress, ipBytes } from "../units/ip-address.ts";
import {
  AF_INET,
  AF_INET6,
  type WireAddress,
  type WireDestination,
  type WireDestinationId,
  type WireService,
  type WireServiceId,
  type WireTunnel,
} from "../wire/ipvs.ts";
import type { Tunnel } from "./model.ts";
import { isMark, type Protocol, type ServiceId } from "./service.ts";
import type {
  Destination,
  DestinationId,
  DestinationSettings,
  Forwarding,
  ServiceSettings,
  TunnelKnowledge,
} from "./table.ts";

/** IPPROTO_… of netinet/in.h */
const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** IP_VS_CONN_F_… of linux/ip_vs.h, by number: MASQ, LOCALNODE, TUNNEL, DROUTE, BYPASS. */
const METHODS: readonly Forwarding[] = ["nat", "local", "tunnel", "dr", "bypass"];

/** IP_VS_CONN_F_TUNNEL_TYPE_… of linux/ip_vs.h, by number. */
const TUNNEL_TYPES: readonly Tunnel["type"][] = ["ipip", "gue", "gre"];

/** IP_VS_TUNNEL_ENCAP_FLAG_… of linux/ip_vs.h, by number. */
const CHECKSUMS: readonly Tunnel["checksum"][] = ["nocsum", "csum", "remcsum"];

/** The service's identity on the wire. */
export function wireServiceId(id: ServiceId): WireServiceId {
  if (isMark(id)) {
    const family = id.family === 6 ? AF_INET6 : AF_INET;
    const bytes = new Uint8Array(id.family === 6 ? 16 : 4);
    return { address: { family, bytes }, protocol: 0, port: 0, fwmark: id.fwmark };
  }
  return {
    address: wireAddress(id.address),
    protocol: PROTOCOL_NUMBERS[id.protocol],
    port: id.port,
    fwmark: 0,
  };
}

/** The service on the wire. */
export function wireService(id: ServiceId, settings: ServiceSettings): WireService {
  return { ...wireServiceId(id), ...settings };
}

/** The destination's identity on the wire. */
export function wireDestinationId(id: DestinationId): WireDestinationId {
  return { address: wireAddress(id.address), port: id.port };
}

/** The destination on the wire. */
export function wireDestination(id: DestinationId, settings: DestinationSettings): WireDestination {
  const { method, tunnel, weight, upperThreshold, lowerThreshold } = settings;
  return {
    address: wireAddress(id.address),
    port: id.port,
    method: METHODS.indexOf(method),
    tunnel: tunnel && wireTunnel(tunnel),
    weight,
    upperThreshold,
    lowerThreshold,
  };
}

/** The service that the kernel tells of, without its destinations; undefined when it cannot be one of ours. */
export function serviceOf(
  wire: WireService,
): { readonly id: ServiceId; readonly settings: ServiceSettings } | undefined {
  const id = serviceIdOf(wire);
  if (id === undefined) return undefined;
  const { scheduler, flags, timeout, netmask, engine } = wire;
  return { id, settings: { scheduler, flags, timeout, netmask, engine } };
}

/** The destination that the kernel tells of. A forwarding method that is not known here passes for `bypass`. */
export function destinationOf(wire: WireDestination): Destination {
  const { weight, upperThreshold, lowerThreshold } = wire;
  const method = METHODS[wire.method] ?? "bypass";
  const tunnel = method === "tunnel" ? tunnelOf(wire.tunnel) : undefined;
  const knowledge = knowledgeOf(wire.tunnel);
  return {
    id: { address: addressOf(wire.address), port: wire.port },
    settings: { method, tunnel, weight, upperThreshold, lowerThreshold },
    ...(knowledge === "all" ? {} : { kernelKnows: knowledge }),
  };
}

function serviceIdOf({ address, protocol: number, port, fwmark }: WireServiceId): ServiceId | undefined {
  if (fwmark !== 0) return { fwmark, family: address.family === AF_INET6 ? 6 : 4 };
  const protocol = protocolOf(number);
  return protocol && { protocol, address: addressOf(address), port };
}

function protocolOf(number: number): Protocol | undefined {
  const names = Object.keys(PROTOCOL_NUMBERS) as Protocol[];
  return names.find((name) => PROTOCOL_NUMBERS[name] === number);
}

function wireTunnel({ type, port, checksum }: Tunnel): WireTunnel {
  return { type: TUNNEL_TYPES.indexOf(type), port, flags: CHECKSUMS.indexOf(checksum) };
}

/** A kernel tells of each destination all that it knows of tunnels, also of one that is reached without. */
function knowledgeOf(wire: WireTunnel | undefined): TunnelKnowledge {
  if (wire === undefined) return "ipip";
  return wire.flags === undefined ? "gue" : "all";
}

/**
 * A kernel before 5.2 says nothing of it: there it is IPIP. 5.2 repeats any type that it was given, and takes all but GUE
 * for IPIP. What is not known here is made into what we know.
 */
function tunnelOf(wire: WireTunnel | undefined): Tunnel {
  const told = TUNNEL_TYPES[wire?.type ?? 0] ?? "ipip";
  const type = told === "gre" && knowledgeOf(wire) !== "all" ? "ipip" : told;
  return { type, port: wire?.port ?? 0, checksum: CHECKSUMS[wire?.flags ?? 0] ?? "nocsum" };
}

function wireAddress(address: IpAddress): WireAddress {
  return { family: familyOf(address) === 6 ? AF_INET6 : AF_INET, bytes: ipBytes(address) };
}

function addressOf({ family, bytes }: WireAddress): IpAddress {
  return ipAt(family === AF_INET6 ? 6 : 4, bytes, 0);
}
