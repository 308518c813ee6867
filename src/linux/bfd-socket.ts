/**
 * BFD's UDP sockets: one to receive for each family and port, whatever the number of sessions, and one to send for each
 * session, with a source port of its own (RFC 5881 §4).
 */

import { type Family, type IpAddress, familyOf, ipAt, ipBytes } from "../core/units/ip-address.ts";
import { KernelError } from "./kernel-error.ts";
import {
  AF_INET,
  AF_INET6,
  bind,
  close,
  IP_PKTINFO,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_HOPLIMIT,
  IPV6_PKTINFO,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  SO_BINDTODEVICE,
  SO_PRIORITY,
  SO_RCVBUFFORCE,
  SOCK_DGRAM,
  SOL_SOCKET,
  sendTo,
  setSocketOption,
  socket,
} from "./libc.ts";
import { receiveMessage } from "./receive-message.ts";
import { PRIORITY_CONTROL, RECEIVE_BUFFER } from "./vrrp-socket4.ts";

/** Source ports are of this range (RFC 5881 §4). */
const SOURCE_PORT = { first: 49_152, count: 16_384 };
/** So many of them are tried; the others in use at the same time would have to be no accident. */
const SOURCE_PORTS_TRIED = 64;
/** CS6, for what keeps the network together (RFC 4594 §3.1). */
const NETWORK_CONTROL = 0xc0;

/** What the kernel knows of a datagram. */
export interface ReceivedDatagram {
  readonly length: number;
  readonly source: IpAddress;
  /** Time to live, or hop limit. */
  readonly ttl: number;
  readonly interfaceIndex: number;
}

/** Where packets arrive. */
export interface BfdListener {
  readonly fd: number;
  /** Reads one payload into the buffer; undefined when none waits. Throws a KernelError. */
  receive(buffer: Uint8Array): ReceivedDatagram | undefined;
  close(): void;
}

/** Opens the socket of a family and port, for all addresses and interfaces. Throws a KernelError. */
export function openBfdListener(family: Family, port: number): BfdListener {
  const fd = socket(family === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
  closingOnError(fd, () => {
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    if (family === 6) {
      setSocketOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
      setSocketOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
      setSocketOption(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    } else {
      setSocketOption(fd, IPPROTO_IP, IP_PKTINFO, 1);
      setSocketOption(fd, IPPROTO_IP, IP_RECVTTL, 1);
    }
    bind(fd, socketAddress(family, undefined, port, 0));
  });
  return {
    fd,
    receive: (buffer) => receiveDatagram(fd, family, buffer),
    close: () => close(fd),
  };
}

/** Without a time to live it would be 0, which no check lets pass. */
function receiveDatagram(fd: number, family: Family, buffer: Uint8Array): ReceivedDatagram | undefined {
  const message = receiveMessage(fd);
  if (message === undefined) return undefined;
  const { data, name, control } = message;
  const payload = data.subarray(0, buffer.length);
  buffer.set(payload);
  const ttl = family === 6 ? control(IPPROTO_IPV6, IPV6_HOPLIMIT) : control(IPPROTO_IP, IP_TTL);
  const about = family === 6 ? control(IPPROTO_IPV6, IPV6_PKTINFO) : control(IPPROTO_IP, IP_PKTINFO);
  return {
    length: payload.length,
    source: ipAt(family, name, family === 6 ? 8 : 4),
    ttl: ttl?.[0] ?? 0,
    interfaceIndex: about === undefined ? 0 : interfaceIndexOf(family, about),
  };
}

/** struct in6_pktinfo has the address first, struct in_pktinfo the index. */
function interfaceIndexOf(family: Family, about: Uint8Array): number {
  const view = new DataView(about.buffer, about.byteOffset, about.byteLength);
  return view.getInt32(family === 6 ? 16 : 0, true);
}

/** An interface that a session keeps to. */
interface Device {
  readonly name: string;
  readonly index: number;
}

/** How a session's packets travel. */
export interface BfdRoute {
  readonly destination: IpAddress;
  readonly destinationPort: number;
  /** Undefined: the kernel chooses. */
  readonly source: IpAddress | undefined;
  readonly device: Device | undefined;
  /** Time to live, or hop limit. */
  readonly ttl: number;
}

/** Where a session's packets leave. */
export interface BfdSender {
  /** The source port, to be used again when the socket has to be made anew. */
  readonly port: number;
  /** Throws a KernelError. */
  send(payload: Uint8Array): void;
  close(): void;
}

/** Opens a session's socket, at the source port or at one that follows it and is free. Throws a KernelError. */
export function openBfdSender(route: BfdRoute, port: number): BfdSender {
  const family = familyOf(route.destination);
  const scope = route.device?.index ?? 0;
  const fd = socket(family === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
  const bound = closingOnError(fd, () => {
    if (route.device !== undefined) {
      const device = new TextEncoder().encode(`${route.device.name}\0`);
      setSocketOption(fd, SOL_SOCKET, SO_BINDTODEVICE, device);
    }
    if (family === 6) {
      setSocketOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, route.ttl);
      setSocketOption(fd, IPPROTO_IPV6, IPV6_TCLASS, NETWORK_CONTROL);
    } else {
      setSocketOption(fd, IPPROTO_IP, IP_TTL, route.ttl);
      setSocketOption(fd, IPPROTO_IP, IP_TOS, NETWORK_CONTROL);
    }
    setSocketOption(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
    return bindToFreePort(fd, port, (candidate) => socketAddress(family, route.source, candidate, scope));
  });
  const destination = socketAddress(family, route.destination, route.destinationPort, scope);
  return {
    port: bound,
    send: (payload) => sendTo(fd, payload, destination),
    close: () => close(fd),
  };
}

/** A source port by a random number in 0..1. */
export function bfdSourcePort(random: number): number {
  return SOURCE_PORT.first + Math.floor(random * SOURCE_PORT.count);
}

function bindToFreePort(fd: number, first: number, addressAt: (port: number) => Uint8Array): number {
  for (let tried = 1; ; tried += 1) {
    const port = SOURCE_PORT.first + ((first - SOURCE_PORT.first + tried - 1) % SOURCE_PORT.count);
    try {
      bind(fd, addressAt(port));
      return port;
    } catch (error) {
      if (!(error instanceof KernelError) || error.errno !== "EADDRINUSE") throw error;
      if (tried === SOURCE_PORTS_TRIED) throw error;
    }
  }
}

function closingOnError<T>(fd: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** struct sockaddr_in and sockaddr_in6 (linux/in.h, linux/in6.h): family, port, (flow,) address, (scope). */
function socketAddress(
  family: Family,
  address: IpAddress | undefined,
  port: number,
  scope: number,
): Uint8Array {
  const bytes = new Uint8Array(family === 6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family === 6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (address !== undefined) bytes.set(ipBytes(address), family === 6 ? 8 : 4);
  if (family === 6) view.setUint32(24, scope, true);
  return bytes;
}
