/**
 * The IPVS generic netlink family, version 1: services and destinations to attributes and back. All constants are those
 * of linux/ip_vs.h, under their names there.
 *
 * This is the wire's own shape: it holds what the kernel says, also of services that are none of ours (firewall marks,
 * IPv6, persistence). What it counts is read by ipvs-counters.ts, its sync daemons are in ipvs-daemon.ts.
 *
 * - Addresses are a union of 16 bytes, of which IPv4 uses the first four; ports are in network order.
 * - A new or changed service needs scheduler, flags, timeout and netmask; a destination needs forwarding method, weight
 *   and both thresholds. A missing one is EINVAL.
 * - Flags travel with a mask, `(old & ~mask) | (new & mask)`: to clear a flag it must be in the mask. The flag HASHED is
 *   the kernel's own and is in neither.
 */

import { encodeMessage, messageAttributes, messageHeader } from "./generic-netlink.ts";
import {
  type Attributes,
  attribute,
  be16,
  be32,
  decodeAttributes,
  nested,
  NetlinkWriter,
  readBe16,
  readBe32,
  readNested,
  readText,
  readU16,
  readU32,
  readU8,
  text,
  u16,
  u32,
} from "./netlink.ts";

/** IPVS_GENL_NAME */
export const IPVS_FAMILY = "IPVS";
/** IPVS_GENL_VERSION */
const IPVS_GENL_VERSION = 1;

/** enum { IPVS_CMD_… } */
export const IPVS_CMD_NEW_SERVICE = 1;
export const IPVS_CMD_SET_SERVICE = 2;
export const IPVS_CMD_DEL_SERVICE = 3;
export const IPVS_CMD_GET_SERVICE = 4;
export const IPVS_CMD_NEW_DEST = 5;
export const IPVS_CMD_SET_DEST = 6;
export const IPVS_CMD_DEL_DEST = 7;
export const IPVS_CMD_GET_DEST = 8;
const IPVS_CMD_SET_CONFIG = 12;
export const IPVS_CMD_GET_CONFIG = 13;

/** enum { IPVS_CMD_ATTR_… } */
export const IPVS_CMD_ATTR_SERVICE = 1;
const IPVS_CMD_ATTR_DEST = 2;
const IPVS_CMD_ATTR_TIMEOUT_TCP = 4;
const IPVS_CMD_ATTR_TIMEOUT_TCP_FIN = 5;
const IPVS_CMD_ATTR_TIMEOUT_UDP = 6;

/** enum { IPVS_SVC_ATTR_… } */
const IPVS_SVC_ATTR_AF = 1;
const IPVS_SVC_ATTR_PROTOCOL = 2;
const IPVS_SVC_ATTR_ADDR = 3;
const IPVS_SVC_ATTR_PORT = 4;
const IPVS_SVC_ATTR_FWMARK = 5;
const IPVS_SVC_ATTR_SCHED_NAME = 6;
const IPVS_SVC_ATTR_FLAGS = 7;
const IPVS_SVC_ATTR_TIMEOUT = 8;
const IPVS_SVC_ATTR_NETMASK = 9;
const IPVS_SVC_ATTR_PE_NAME = 11;

/** enum { IPVS_DEST_ATTR_… } */
const IPVS_DEST_ATTR_ADDR = 1;
const IPVS_DEST_ATTR_PORT = 2;
const IPVS_DEST_ATTR_FWD_METHOD = 3;
const IPVS_DEST_ATTR_WEIGHT = 4;
const IPVS_DEST_ATTR_U_THRESH = 5;
const IPVS_DEST_ATTR_L_THRESH = 6;
const IPVS_DEST_ATTR_ACTIVE_CONNS = 7;
const IPVS_DEST_ATTR_INACT_CONNS = 8;
const IPVS_DEST_ATTR_PERSIST_CONNS = 9;
const IPVS_DEST_ATTR_ADDR_FAMILY = 11;
const IPVS_DEST_ATTR_TUN_TYPE = 13;
const IPVS_DEST_ATTR_TUN_PORT = 14;
const IPVS_DEST_ATTR_TUN_FLAGS = 15;

/** IP_VS_SVC_F_HASHED: the service is in the kernel's hash table; not ours to set. */
const IP_VS_SVC_F_HASHED = 0x0002;
/** All flags that may be set or cleared. */
const FLAGS_MASK = (0xffffffff & ~IP_VS_SVC_F_HASHED) >>> 0;
/** IP_VS_CONN_F_FWD_MASK: the forwarding method within a destination's connection flags. */
const IP_VS_CONN_F_FWD_MASK = 0x0007;

/** AF_INET and AF_INET6, sys/socket.h */
export const AF_INET = 2;
export const AF_INET6 = 10;

const ADDRESS_LENGTH = 16;

/** An address as the kernel holds it: AF_INET with four bytes or AF_INET6 with sixteen. */
export interface WireAddress {
  readonly family: number;
  readonly bytes: Uint8Array;
}

/** What tells one service from another: address, port and protocol, or a firewall mark. */
export interface WireServiceId {
  /** The mark's address is of that family with all bytes zero. */
  readonly address: WireAddress;
  /** IPPROTO_TCP 6, IPPROTO_UDP 17, IPPROTO_SCTP 132. */
  readonly protocol: number;
  readonly port: number;
  /** A firewall mark; 0 for none. */
  readonly fwmark: number;
}

/** A service's settings. */
export interface WireService extends WireServiceId {
  readonly scheduler: string;
  /** IP_VS_SVC_F_… without HASHED. */
  readonly flags: number;
  /** Of persistence, in seconds. */
  readonly timeout: number;
  /** Of persistence: an IPv4 mask as a number, or an IPv6 prefix's length. */
  readonly netmask: number;
  /** Of persistence: the engine's name; empty for none. */
  readonly engine: string;
}

/** What tells one destination of a service from another. */
export interface WireDestinationId {
  readonly address: WireAddress;
  readonly port: number;
}

/** What packets are wrapped into on the way through a tunnel (Linux 5.2 and later). */
export interface WireTunnel {
  /** IP_VS_CONN_F_TUNNEL_TYPE_IPIP 0, GUE 1, GRE 2. */
  readonly type: number;
  /** The UDP port of GUE. */
  readonly port: number;
  /** IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM 0, CSUM 1, REMCSUM 2; undefined from a kernel before 5.3, which has none. */
  readonly flags: number | undefined;
}

/** A destination's settings. */
export interface WireDestination extends WireDestinationId {
  /** IP_VS_CONN_F_MASQ 0, LOCALNODE 1, TUNNEL 2, DROUTE 3, BYPASS 4. */
  readonly method: number;
  /** Undefined where the kernel has no say in it; then it is not sent either. */
  readonly tunnel: WireTunnel | undefined;
  readonly weight: number;
  /** Connections from which on it gets no more; 0 for none. */
  readonly upperThreshold: number;
  /** Connections below which it gets some again; 0 for none. */
  readonly lowerThreshold: number;
}

/** A destination's connections. */
export interface WireConnections {
  readonly active: number;
  readonly inactive: number;
  /** Persistence templates. */
  readonly persistent: number;
}

/** How long the kernel remembers connections, in seconds. */
export interface WireTimeouts {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}

/** A message of the family, with these attributes. */
export function message(command: number, ...attributes: readonly Uint8Array[]): Uint8Array {
  return encodeMessage(command, IPVS_GENL_VERSION, ...attributes);
}

/** The attributes of a message of the family; undefined when it has none. */
export function topAttributes(part: Uint8Array): Attributes | undefined {
  const bytes = messageAttributes(part);
  return bytes && decodeAttributes(bytes);
}

/** A message about a service, with all its settings: for NEW_SERVICE and SET_SERVICE. */
export function encodeService(command: number, service: WireService): Uint8Array {
  const engine = service.engine === "" ? [] : [text(IPVS_SVC_ATTR_PE_NAME, service.engine)];
  return message(
    command,
    nested(
      IPVS_CMD_ATTR_SERVICE,
      ...serviceIdentity(service),
      text(IPVS_SVC_ATTR_SCHED_NAME, service.scheduler),
      u32(IPVS_SVC_ATTR_FLAGS, (service.flags & FLAGS_MASK) >>> 0, FLAGS_MASK),
      u32(IPVS_SVC_ATTR_TIMEOUT, service.timeout),
      service.address.family === AF_INET
        ? be32(IPVS_SVC_ATTR_NETMASK, service.netmask)
        : u32(IPVS_SVC_ATTR_NETMASK, service.netmask),
      ...engine,
    ),
  );
}

/** A message that names a service: for DEL_SERVICE and GET_DEST. */
export function encodeServiceId(command: number, service: WireServiceId): Uint8Array {
  return message(command, nameOf(service));
}

/** Writes a message about a destination, with all its settings: for NEW_DEST and SET_DEST. */
export function putDestination(
  to: NetlinkWriter,
  command: number,
  service: WireServiceId,
  destination: WireDestination,
): void {
  putDestinationMessage(to, command, service, () => {
    putIdentity(to, destination);
    to.u32(IPVS_DEST_ATTR_FWD_METHOD, destination.method);
    to.u32(IPVS_DEST_ATTR_WEIGHT, destination.weight);
    to.u32(IPVS_DEST_ATTR_U_THRESH, destination.upperThreshold);
    to.u32(IPVS_DEST_ATTR_L_THRESH, destination.lowerThreshold);
    if (destination.tunnel !== undefined) putTunnel(to, destination.tunnel);
  });
}

/** Writes a message that names a destination: for DEL_DEST. */
export function putDestinationId(
  to: NetlinkWriter,
  command: number,
  service: WireServiceId,
  destination: WireDestinationId,
): void {
  putDestinationMessage(to, command, service, () => putIdentity(to, destination));
}

/** A message with the timeouts to set: for SET_CONFIG. What is undefined stays as it is. */
export function encodeTimeouts(
  timeouts: { readonly [Name in keyof WireTimeouts]: number | undefined },
): Uint8Array {
  const { tcp, tcpFin, udp } = timeouts;
  return message(
    IPVS_CMD_SET_CONFIG,
    ...(tcp === undefined ? [] : [u32(IPVS_CMD_ATTR_TIMEOUT_TCP, tcp)]),
    ...(tcpFin === undefined ? [] : [u32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, tcpFin)]),
    ...(udp === undefined ? [] : [u32(IPVS_CMD_ATTR_TIMEOUT_UDP, udp)]),
  );
}

/** The timeouts that an answer to GET_CONFIG tells; undefined when it does not. */
export function decodeTimeouts(answer: Uint8Array): WireTimeouts | undefined {
  const values = topAttributes(answer);
  const tcp = readU32(values?.get(IPVS_CMD_ATTR_TIMEOUT_TCP));
  const tcpFin = readU32(values?.get(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN));
  const udp = readU32(values?.get(IPVS_CMD_ATTR_TIMEOUT_UDP));
  if (tcp === undefined || tcpFin === undefined || udp === undefined) return undefined;
  return { tcp, tcpFin, udp };
}

/** A message without arguments: GET_SERVICE as a dump, GET_CONFIG. */
export function encodeBare(command: number): Uint8Array {
  return message(command);
}

/** The service that a part of a dump describes; undefined when it does not. */
export function decodeService(part: Uint8Array): WireService | undefined {
  const values = readNested(topAttributes(part)?.get(IPVS_CMD_ATTR_SERVICE));
  if (values === undefined) return undefined;
  const family = readU16(values.get(IPVS_SVC_ATTR_AF));
  const fwmark = values.has(IPVS_SVC_ATTR_FWMARK) ? readU32(values.get(IPVS_SVC_ATTR_FWMARK)) : 0;
  const address =
    fwmark === 0 ? readAddress(family, values.get(IPVS_SVC_ATTR_ADDR)) : unspecifiedAddress(family);
  // The kernel leaves protocol and port out for a mark, and the mark for an address.
  const protocol = fwmark === 0 ? readU16(values.get(IPVS_SVC_ATTR_PROTOCOL)) : 0;
  const port = fwmark === 0 ? readBe16(values.get(IPVS_SVC_ATTR_PORT)) : 0;
  const scheduler = readText(values.get(IPVS_SVC_ATTR_SCHED_NAME));
  const flags = readFlags(values.get(IPVS_SVC_ATTR_FLAGS));
  const timeout = readU32(values.get(IPVS_SVC_ATTR_TIMEOUT));
  const mask = values.get(IPVS_SVC_ATTR_NETMASK);
  const netmask = family === AF_INET ? readBe32(mask) : readU32(mask);
  if (address === undefined || protocol === undefined || port === undefined || fwmark === undefined)
    return undefined;
  if (scheduler === undefined || flags === undefined || timeout === undefined || netmask === undefined)
    return undefined;
  const engine = readText(values.get(IPVS_SVC_ATTR_PE_NAME)) ?? "";
  return { address, protocol, port, fwmark, scheduler, flags, timeout, netmask, engine };
}

/** What a part of a dump says of a destination; undefined when it does not. */
export function destinationAttributes(part: Uint8Array): Attributes | undefined {
  return readNested(topAttributes(part)?.get(IPVS_CMD_ATTR_DEST));
}

/**
 * The destination with these attributes; undefined when they are not those of one. `family` is the service's: kernels before
 * 3.18 do not tell the destination's own.
 */
export function readDestination(values: Attributes | undefined, family: number): WireDestination | undefined {
  if (values === undefined) return undefined;
  const own = values.get(IPVS_DEST_ATTR_ADDR_FAMILY);
  const address = readAddress(own === undefined ? family : readU16(own), values.get(IPVS_DEST_ATTR_ADDR));
  const port = readBe16(values.get(IPVS_DEST_ATTR_PORT));
  const forwarding = readU32(values.get(IPVS_DEST_ATTR_FWD_METHOD));
  const weight = readU32(values.get(IPVS_DEST_ATTR_WEIGHT));
  const upperThreshold = readU32(values.get(IPVS_DEST_ATTR_U_THRESH));
  const lowerThreshold = readU32(values.get(IPVS_DEST_ATTR_L_THRESH));
  if (address === undefined || port === undefined || forwarding === undefined) return undefined;
  if (weight === undefined || upperThreshold === undefined || lowerThreshold === undefined) return undefined;
  const method = forwarding & IP_VS_CONN_F_FWD_MASK;
  return { address, port, method, tunnel: readTunnel(values), weight, upperThreshold, lowerThreshold };
}

/** How many connections a destination with these attributes has; undefined when they do not tell. */
export function readConnections(values: Attributes): WireConnections | undefined {
  const active = readU32(values.get(IPVS_DEST_ATTR_ACTIVE_CONNS));
  const inactive = readU32(values.get(IPVS_DEST_ATTR_INACT_CONNS));
  const persistent = readU32(values.get(IPVS_DEST_ATTR_PERSIST_CONNS));
  if (active === undefined || inactive === undefined || persistent === undefined) return undefined;
  return { active, inactive, persistent };
}

/** Names of services that were encoded before: all real servers of a service have it in their messages. */
const names = new WeakMap<WireServiceId, Uint8Array>();

function nameOf(service: WireServiceId): Uint8Array {
  const known = names.get(service);
  if (known !== undefined) return known;
  const name = nested(IPVS_CMD_ATTR_SERVICE, ...serviceIdentity(service));
  names.set(service, name);
  return name;
}

function serviceIdentity(service: WireServiceId): readonly Uint8Array[] {
  const family = u16(IPVS_SVC_ATTR_AF, service.address.family);
  if (service.fwmark !== 0) return [family, u32(IPVS_SVC_ATTR_FWMARK, service.fwmark)];
  return [
    family,
    u16(IPVS_SVC_ATTR_PROTOCOL, service.protocol),
    attribute(IPVS_SVC_ATTR_ADDR, union(service.address)),
    be16(IPVS_SVC_ATTR_PORT, service.port),
  ];
}

/** There are as many of these as there are real servers. */
function putDestinationMessage(
  to: NetlinkWriter,
  command: number,
  service: WireServiceId,
  put: () => void,
): void {
  to.raw(messageHeader(command, IPVS_GENL_VERSION));
  to.raw(nameOf(service));
  to.nested(IPVS_CMD_ATTR_DEST, put);
}

function putIdentity(to: NetlinkWriter, { address, port }: WireDestinationId): void {
  to.attribute(IPVS_DEST_ATTR_ADDR, address.bytes, ADDRESS_LENGTH);
  to.be16(IPVS_DEST_ATTR_PORT, port);
  to.u16(IPVS_DEST_ATTR_ADDR_FAMILY, address.family);
}

function putTunnel(to: NetlinkWriter, { type, port, flags }: WireTunnel): void {
  to.u8(IPVS_DEST_ATTR_TUN_TYPE, type);
  to.be16(IPVS_DEST_ATTR_TUN_PORT, port);
  to.u16(IPVS_DEST_ATTR_TUN_FLAGS, flags ?? 0);
}

/** Kernels before 5.2 know only IPIP and do not mention it, those before 5.3 no flags. */
function readTunnel(values: Attributes): WireTunnel | undefined {
  const type = readU8(values.get(IPVS_DEST_ATTR_TUN_TYPE));
  const port = readBe16(values.get(IPVS_DEST_ATTR_TUN_PORT));
  if (type === undefined || port === undefined) return undefined;
  return { type, port, flags: readU16(values.get(IPVS_DEST_ATTR_TUN_FLAGS)) };
}

/** `union nf_inet_addr`: 16 bytes whatever the family. */
function union(address: WireAddress): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_LENGTH);
  bytes.set(address.bytes);
  return bytes;
}

function readAddress(family: number | undefined, value: Uint8Array | undefined): WireAddress | undefined {
  if (value?.length !== ADDRESS_LENGTH) return undefined;
  if (family === AF_INET) return { family, bytes: value.subarray(0, 4) };
  if (family === AF_INET6) return { family, bytes: value };
  return undefined;
}

function unspecifiedAddress(family: number | undefined): WireAddress | undefined {
  return readAddress(family, new Uint8Array(ADDRESS_LENGTH));
}

/** `struct ip_vs_flags`: flags and mask; in a dump the mask says nothing. */
function readFlags(value: Uint8Array | undefined): number | undefined {
  if (value?.length !== 8) return undefined;
  const flags = readU32(value.subarray(0, 4));
  return flags === undefined ? undefined : (flags & FLAGS_MASK) >>> 0;
}
