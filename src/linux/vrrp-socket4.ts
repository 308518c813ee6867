/**
 * An interface's raw sockets for VRRP over IPv4: one to receive for all instances on it, bound to the interface and, for
 * multicast, a member of the group there; one to send with an IP header of our own (IPPROTO_RAW, which receives nothing).
 */

import { type IpAddress, ipBytes } from "../core/units/ip-address.ts";
import { type Ipv4, ipv4Bytes } from "../core/units/ipv4.ts";
import {
  AF_INET,
  close,
  IP_ADD_MEMBERSHIP,
  IP_MULTICAST_ALL,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IPPROTO_IP,
  IPPROTO_RAW,
  receive,
  SO_BINDTODEVICE,
  SO_PRIORITY,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  sendTo,
  setSocketOption,
  socket,
} from "./libc.ts";
import type { VrrpSocket } from "./vrrp-socket.ts";

/** Room for a few thousand adverts: what a stalled loop finds when it wakes. Forced: rmem_max allows a fraction. */
export const RECEIVE_BUFFER = 1 << 20;
/** TC_PRIO_CONTROL (linux/pkt_sched.h): before all other traffic in the queue of the card. */
export const PRIORITY_CONTROL = 7;

/** What stands for "no address" (INADDR_ANY). */
const ANY = "0.0.0.0" as Ipv4;

/** Opens the sockets on an interface, to receive an IP protocol: VRRP's, or the authentication header's. Throws a KernelError. */
export function openVrrpSocket4(
  interfaceName: string,
  interfaceIndex: number,
  group: Ipv4 | undefined,
  protocol: number,
): VrrpSocket {
  const receiveFd = socket(AF_INET, SOCK_RAW, protocol);
  const sendFd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  try {
    const device = new TextEncoder().encode(`${interfaceName}\0`);
    setSocketOption(receiveFd, SOL_SOCKET, SO_BINDTODEVICE, device);
    setSocketOption(receiveFd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    setSocketOption(receiveFd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    if (group !== undefined)
      setSocketOption(receiveFd, IPPROTO_IP, IP_ADD_MEMBERSHIP, multicastRequest(group, interfaceIndex));
    setSocketOption(sendFd, SOL_SOCKET, SO_BINDTODEVICE, device);
    setSocketOption(sendFd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
    setSocketOption(sendFd, IPPROTO_IP, IP_MULTICAST_IF, multicastRequest(ANY, interfaceIndex));
    setSocketOption(sendFd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
  } catch (error) {
    close(receiveFd);
    close(sendFd);
    throw error;
  }
  return {
    receiveFd,
    receive: (buffer) => receive(receiveFd, buffer),
    send: (packet, destination) => sendTo(sendFd, packet, socketAddress(destination)),
    close() {
      close(receiveFd);
      close(sendFd);
    },
  };
}

/** struct ip_mreqn (linux/in.h): group, local address, interface index. */
function multicastRequest(group: Ipv4, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes.set(ipv4Bytes(group));
  new DataView(bytes.buffer).setInt32(8, interfaceIndex, true);
  return bytes;
}

/** struct sockaddr_in (linux/in.h): family, port, address, padding. */
export function socketAddress(address: IpAddress): Uint8Array {
  return Uint8Array.of(AF_INET, 0, 0, 0, ...ipBytes(address), 0, 0, 0, 0, 0, 0, 0, 0);
}
