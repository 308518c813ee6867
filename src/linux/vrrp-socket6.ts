/**
 * An interface's raw sockets for VRRP over IPv6: the same pair as for IPv4.
 *
 * What is sent has a header of our own (an IPPROTO_RAW socket implies IPV6_HDRINCL), so hop limit, source and checksum are
 * as we wrote them, and neither IPV6_MULTICAST_HOPS nor IPV6_CHECKSUM has a say. What is received comes without a header;
 * the kernel tells source, destination and hop limit beside it (RFC 3542 §6), and the header is put together again
 * from these, so that whoever judges the packet sees one, as over IPv4. Without a hop limit it would be 0, which no check
 * lets pass.
 */

import { type IpAddress, ipBytes } from "../core/units/ip-address.ts";
import { type Ipv6, ipv6At, ipv6Bytes } from "../core/units/ipv6.ts";
import { encodeIpv6 } from "../core/wire/ipv6.ts";
import { IPPROTO_VRRP } from "../core/wire/vrrp.ts";
import {
  AF_INET6,
  close,
  IPPROTO_IPV6,
  IPPROTO_RAW,
  IPV6_ADD_MEMBERSHIP,
  IPV6_HOPLIMIT,
  IPV6_MULTICAST_ALL,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_PKTINFO,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  SO_BINDTODEVICE,
  SO_PRIORITY,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  sendTo,
  setSocketOption,
  socket,
} from "./libc.ts";
import { type ReceivedMessage, receiveMessage } from "./receive-message.ts";
import type { VrrpSocket } from "./vrrp-socket.ts";
import { PRIORITY_CONTROL, RECEIVE_BUFFER } from "./vrrp-socket4.ts";

/** Opens the sockets on an interface. Throws a KernelError. */
export function openVrrpSocket6(
  interfaceName: string,
  interfaceIndex: number,
  group: Ipv6 | undefined,
): VrrpSocket {
  const receiveFd = socket(AF_INET6, SOCK_RAW, IPPROTO_VRRP);
  const sendFd = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
  try {
    const device = new TextEncoder().encode(`${interfaceName}\0`);
    setSocketOption(receiveFd, SOL_SOCKET, SO_BINDTODEVICE, device);
    setSocketOption(receiveFd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    setSocketOption(receiveFd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    setSocketOption(receiveFd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    setSocketOption(receiveFd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    if (group !== undefined)
      setSocketOption(receiveFd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, multicastRequest(group, interfaceIndex));
    setSocketOption(sendFd, SOL_SOCKET, SO_BINDTODEVICE, device);
    setSocketOption(sendFd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
    setSocketOption(sendFd, IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex);
    setSocketOption(sendFd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
  } catch (error) {
    close(receiveFd);
    close(sendFd);
    throw error;
  }
  return {
    receiveFd,
    receive: (buffer) => receiveWithHeader(receiveFd, IPPROTO_VRRP, buffer),
    send: (packet, destination) => sendTo(sendFd, packet, socketAddress(destination, interfaceIndex)),
    close() {
      close(receiveFd);
      close(sendFd);
    },
  };
}

/** Reads a packet of that protocol into a buffer, with the IPv6 header that the kernel keeps back; its length, if one waits. */
export function receiveWithHeader(fd: number, protocol: number, buffer: Uint8Array): number | undefined {
  const message = receiveMessage(fd);
  if (message === undefined) return undefined;
  const packet = withHeader(message, protocol).subarray(0, buffer.length);
  buffer.set(packet);
  return packet.length;
}

/** struct in6_pktinfo: destination, interface index; the hop limit is an int (RFC 3542 §6.1, §6.3). */
function withHeader({ data, name, control }: ReceivedMessage, protocol: number): Uint8Array {
  const about = control(IPPROTO_IPV6, IPV6_PKTINFO);
  const ttl = control(IPPROTO_IPV6, IPV6_HOPLIMIT)?.[0] ?? 0;
  const destination = about === undefined ? ("::" as Ipv6) : ipv6At(about, 0);
  return encodeIpv6({ source: ipv6At(name, 8), destination, ttl, protocol, payload: data });
}

/** struct ipv6_mreq (linux/in6.h): group, interface index. */
function multicastRequest(group: Ipv6, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(20);
  bytes.set(ipv6Bytes(group));
  new DataView(bytes.buffer).setInt32(16, interfaceIndex, true);
  return bytes;
}

/** struct sockaddr_in6 (linux/in6.h): family, port, flow, address, scope. */
export function socketAddress(address: IpAddress, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET6, true);
  bytes.set(ipBytes(address), 8);
  view.setUint32(24, interfaceIndex, true);
  return bytes;
}
