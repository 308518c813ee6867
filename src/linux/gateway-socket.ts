/**
 * Sockets to ask a gateway with, on one interface: whole frames for ARP; IP packets with a header of our own for echoes and
 * neighbour solicitations. The kernel lets through only what may be an answer.
 */

import { type Family, type IpAddress } from "../core/units/ip-address.ts";
import type { GatewayMethod } from "../core/track/gateway.ts";
import { BROADCAST_MAC } from "../core/units/mac.ts";
import { ETHERTYPE_ARP } from "../core/wire/arp.ts";
import { ECHO_REPLY, ECHO_REPLY6, IPPROTO_ICMP, IPPROTO_ICMPV6 } from "../core/wire/icmp.ts";
import { NEIGHBOUR_ADVERTISEMENT } from "../core/wire/ndp.ts";
import { linkLayerAddress } from "./link-layer-address.ts";
import {
  AF_INET,
  AF_INET6,
  AF_PACKET,
  bind,
  close,
  IPPROTO_IPV6,
  IPPROTO_RAW,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  receive,
  SO_BINDTODEVICE,
  SOCK_RAW,
  SOL_SOCKET,
  sendTo,
  setSocketOption,
  socket,
} from "./libc.ts";
import { socketAddress as socketAddress4 } from "./vrrp-socket4.ts";
import { receiveWithHeader, socketAddress as socketAddress6 } from "./vrrp-socket6.ts";

/** linux/icmp.h, linux/icmpv6.h: the level and name of the option, in which a set bit keeps a type of message away. */
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const ICMPV6_FILTER = 1;

/** An open one. */
export interface GatewaySocket {
  readonly receiveFd: number;
  /** Reads what has arrived, a frame or an IP packet; undefined when nothing waits. Throws a KernelError. */
  receive(buffer: Uint8Array): number | undefined;
  /** Throws a KernelError. */
  ask(bytes: Uint8Array, destination: IpAddress): void;
  close(): void;
}

/** Opens what a method needs on an interface. Throws a KernelError. */
export function openGatewaySocket(
  method: GatewayMethod,
  family: Family,
  interfaceName: string,
  interfaceIndex: number,
): GatewaySocket {
  if (method === "arp") return openForArp(interfaceIndex);
  return family === 6 ? openForIcmp6(interfaceName, interfaceIndex) : openForIcmp(interfaceName);
}

function openForArp(interfaceIndex: number): GatewaySocket {
  const to = linkLayerAddress(interfaceIndex, ETHERTYPE_ARP, BROADCAST_MAC);
  // Without a protocol it hears nothing until it is bound to the interface.
  const fd = socket(AF_PACKET, SOCK_RAW, 0);
  return opened([fd], () => bind(fd, to), {
    receiveFd: fd,
    receive: (buffer) => receive(fd, buffer),
    ask: (bytes) => sendTo(fd, bytes, to),
  });
}

function openForIcmp(interfaceName: string): GatewaySocket {
  const [receiveFd, sendFd] = [
    socket(AF_INET, SOCK_RAW, IPPROTO_ICMP),
    socket(AF_INET, SOCK_RAW, IPPROTO_RAW),
  ];
  const set = () => {
    setSocketOption(receiveFd, SOL_RAW, ICMP_FILTER, ~(1 << ECHO_REPLY));
    for (const fd of [receiveFd, sendFd]) bindToDevice(fd, interfaceName);
  };
  return opened([receiveFd, sendFd], set, {
    receiveFd,
    receive: (buffer) => receive(receiveFd, buffer),
    ask: (bytes, destination) => sendTo(sendFd, bytes, socketAddress4(destination)),
  });
}

function openForIcmp6(interfaceName: string, interfaceIndex: number): GatewaySocket {
  const [receiveFd, sendFd] = [
    socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6),
    socket(AF_INET6, SOCK_RAW, IPPROTO_RAW),
  ];
  const set = () => {
    setSocketOption(receiveFd, IPPROTO_ICMPV6, ICMPV6_FILTER, allBut(ECHO_REPLY6, NEIGHBOUR_ADVERTISEMENT));
    setSocketOption(receiveFd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    setSocketOption(receiveFd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    for (const fd of [receiveFd, sendFd]) bindToDevice(fd, interfaceName);
    setSocketOption(sendFd, IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex);
    setSocketOption(sendFd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
  };
  return opened([receiveFd, sendFd], set, {
    receiveFd,
    receive: (buffer) => receiveWithHeader(receiveFd, IPPROTO_ICMPV6, buffer),
    ask: (bytes, destination) => sendTo(sendFd, bytes, socketAddress6(destination, interfaceIndex)),
  });
}

function opened(fds: readonly number[], set: () => void, made: Omit<GatewaySocket, "close">): GatewaySocket {
  const closeAll = () => {
    for (const fd of fds) close(fd);
  };
  try {
    set();
  } catch (error) {
    closeAll();
    throw error;
  }
  return { ...made, close: closeAll };
}

function bindToDevice(fd: number, interfaceName: string): void {
  setSocketOption(fd, SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${interfaceName}\0`));
}

/** struct icmp6_filter: 256 bits. */
function allBut(...types: readonly number[]): Uint8Array {
  const words = new Uint32Array(8).fill(0xffff_ffff);
  for (const type of types) words[type >>> 5] = (words[type >>> 5] ?? 0) & ~(1 << (type & 31));
  return new Uint8Array(words.buffer);
}
