/**
 * What tells one service of the IPVS table from another: a protocol, address and port, or a firewall mark and the family
 * of the packets that carry it. The kernel looks for a mark first.
 */

import { type Family, familyOf, type IpAddress, isIpv6, parseIpAddress } from "../units/ip-address.ts";

/** The transport protocols that IPVS balances. */
export type Protocol = "tcp" | "udp" | "sctp";

/** A service for packets to an address and port. */
export interface AddressService {
  readonly protocol: Protocol;
  readonly address: IpAddress;
  /** 0..65535; 0 catches all ports, and works for a persistent service only. */
  readonly port: number;
}

/** A service for packets with a firewall mark, whatever their protocol and destination. */
export interface MarkService {
  /** 1..4294967295 */
  readonly fwmark: number;
  readonly family: Family;
}

/** A service's identity. */
export type ServiceId = AddressService | MarkService;

/** True for a service of a firewall mark. */
export function isMark(id: ServiceId): id is MarkService {
  return "fwmark" in id;
}

/** The family of the packets that a service is for. */
export function serviceFamily(id: ServiceId): Family {
  return isMark(id) ? id.family : familyOf(id.address);
}

/** A service's name in logs and maps: `tcp 192.0.2.100:80`, `udp [2001:db8::1]:53`, `fwmark 7`, `fwmark 7 inet6`. */
export function serviceKey(id: ServiceId): string {
  if (isMark(id)) return `fwmark ${id.fwmark}${id.family === 6 ? " inet6" : ""}`;
  return `${id.protocol} ${withPort(id.address, id.port)}`;
}

/** An address and port as one word: `192.0.2.100:80`, `[2001:db8::1]:53`. */
export function withPort(address: IpAddress, port: number): string {
  return isIpv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The identity that was on record; undefined when what stands there is none. */
export function readServiceId(recorded: Readonly<Record<string, unknown>>): ServiceId | undefined {
  const { fwmark, family, protocol, address: text, port } = recorded;
  if (typeof fwmark === "number") return family === 4 || family === 6 ? { fwmark, family } : undefined;
  const address = typeof text === "string" ? parseIpAddress(text) : undefined;
  if (address === undefined || typeof port !== "number") return undefined;
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "sctp") return undefined;
  return { protocol, address, port };
}
