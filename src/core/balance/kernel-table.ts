/**
 * Between the balancer's table and the wire's services and destinations. What cannot be a service of ours is undefined;
 * a destination of one of our services is always understood, whoever put it there.
 */

import { ipv4At, ipv4Bytes, parseIpv4 } from "../units/ipv4.ts";
import {
  AF_INET,
  AF_INET6,
  type WireAddress,
  type WireDestination,
  type WireDestinationId,
  type WireService,
  type WireServiceId,
} from "../wire/ipvs.ts";
import type { Protocol } from "./model.ts";
import type {
  Destination,
  DestinationId,
  DestinationSettings,
  Forwarding,
  ServiceId,
  ServiceSettings,
} from "./table.ts";

/** IPPROTO_… of netinet/in.h */
const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17 };

/** IP_VS_CONN_F_… of linux/ip_vs.h, by number: MASQ, LOCALNODE, TUNNEL, DROUTE, BYPASS. */
const METHODS: readonly Forwarding[] = ["nat", "local", "tunnel", "dr", "bypass"];

/** The service's identity on the wire. */
export function wireServiceId(id: ServiceId): WireServiceId {
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
  const { method, weight, upperThreshold, lowerThreshold } = settings;
  return {
    ...wireDestinationId(id),
    method: METHODS.indexOf(method),
    weight,
    upperThreshold,
    lowerThreshold,
  };
}

/** The service that the kernel tells of, without its destinations; undefined when it cannot be one of ours. */
export function serviceOf(
  wire: WireService,
): { readonly id: ServiceId; readonly settings: ServiceSettings } | undefined {
  if (wire.fwmark !== 0 || wire.address.family !== AF_INET) return undefined;
  const protocol = protocolOf(wire.protocol);
  if (protocol === undefined) return undefined;
  const { scheduler, flags, timeout, netmask, engine } = wire;
  return {
    id: { protocol, address: ipv4At(wire.address.bytes, 0), port: wire.port },
    settings: { scheduler, flags, timeout, netmask, engine },
  };
}

/** The destination that the kernel tells of. A forwarding method that is not known here passes for `bypass`. */
export function destinationOf(wire: WireDestination): Destination {
  const { weight, upperThreshold, lowerThreshold } = wire;
  return {
    id: { address: addressText(wire.address), port: wire.port },
    settings: { method: METHODS[wire.method] ?? "bypass", weight, upperThreshold, lowerThreshold },
  };
}

function protocolOf(number: number): Protocol | undefined {
  if (number === PROTOCOL_NUMBERS.tcp) return "tcp";
  if (number === PROTOCOL_NUMBERS.udp) return "udp";
  return undefined;
}

function wireAddress(text: string): WireAddress {
  if (!text.includes(":")) {
    const address = parseIpv4(text);
    if (address === undefined) throw new RangeError(`${text} is no IPv4 address`);
    return { family: AF_INET, bytes: ipv4Bytes(address) };
  }
  const groups = text.split(":").map((group) => Number.parseInt(group, 16));
  return { family: AF_INET6, bytes: Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])) };
}

function addressText({ family, bytes }: WireAddress): string {
  if (family === AF_INET) return ipv4At(bytes, 0);
  const groups = Array.from({ length: 8 }, (_, index) => {
    const group = ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0);
    return group.toString(16);
  });
  return groups.join(":");
}
