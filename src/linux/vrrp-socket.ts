/**
 * An interface's raw sockets for VRRP over IPv4 multicast: one to receive for all instances on it, bound to the interface
 * and a member of the group there; one to send with an IP header of our own (IPPROTO_RAW, which receives nothing).
 */

import { type Ipv4, ipv4Bytes } from "../core/units/ipv4.ts";
import { VRRP_GROUP } from "../core/wire/vrrp.ts";
import {
  AF_INET,
  close,
  IP_ADD_MEMBERSHIP,
  IP_MULTICAST_ALL,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IPPROTO_IP,
  IPPROTO_RAW,
  SO_BINDTODEVICE,
  SO_PRIORITY,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  sendTo,
  setSocketOption,
  socket,
} from "./libc.ts";

/** Room for a few thousand adverts: what a stalled loop finds when it wakes. Forced: rmem_max allows a fraction. */
const RECEIVE_BUFFER = 1 << 20;
/** TC_PRIO_CONTROL (linux/pkt_sched.h): before all other traffic in the queue of the card. */
const PRIORITY_CONTROL = 7;

/** The sockets of one interface. */
export interface VrrpSocket {
  /** Where adverts arrive, IP header first. */
  readonly receiveFd: number;
  /** Sends an IPv4 packet, header included, to its multicast destination. Throws a KernelError. */
  send(packet: Uint8Array, destination: Ipv4): void;
  close(): void;
}

/** Opens the sockets on an interface, to receive an IP protocol: VRRP's by itself, or the authentication header's. Throws a KernelError. */
export function openVrrpSocket(interfaceName: string, interfaceIndex: number, protocol: number): VrrpSocket {
  const receiveFd = socket(AF_INET, SOCK_RAW, protocol);
  const sendFd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  try {
    const device = new TextEncoder().encode(`${interfaceName}\0`);
    const membership = multicastRequest(interfaceIndex);
    setSocketOption(receiveFd, SOL_SOCKET, SO_BINDTODEVICE, device);
    setSocketOption(receiveFd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    setSocketOption(receiveFd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    setSocketOption(receiveFd, IPPROTO_IP, IP_ADD_MEMBERSHIP, membership);
    setSocketOption(sendFd, SOL_SOCKET, SO_BINDTODEVICE, device);
    setSocketOption(sendFd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
    setSocketOption(sendFd, IPPROTO_IP, IP_MULTICAST_IF, membership);
    setSocketOption(sendFd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
  } catch (error) {
    close(receiveFd);
    close(sendFd);
    throw error;
  }
  return {
    receiveFd,
    send: (packet, destination) => sendTo(sendFd, packet, socketAddress(destination)),
    close() {
      close(receiveFd);
      close(sendFd);
    },
  };
}

/** struct ip_mreqn (linux/in.h): group, local address, interface index. */
function multicastRequest(interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes.set(ipv4Bytes(VRRP_GROUP));
  new DataView(bytes.buffer).setInt32(8, interfaceIndex, true);
  return bytes;
}

/** struct sockaddr_in (linux/in.h): family, port, address, padding. */
function socketAddress(address: Ipv4): Uint8Array {
  return Uint8Array.of(AF_INET, 0, 0, 0, ...ipv4Bytes(address), 0, 0, 0, 0, 0, 0, 0, 0);
}
