/**
 * A netlink socket that hears what the kernel tells unasked (netlink(7)), in the order in which the loop hears packets. An
 * overrun, when more has changed than the socket could hold, arrives as an error, which a new look answers.
 */

import {
  AF_NETLINK,
  bind,
  close,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  sendTo,
  setSocketOption,
  socket,
} from "./libc.ts";
import type { DatagramHandler, Receiver } from "./receiver.ts";

/** What is to be heard. */
export interface Subscription {
  /** NETLINK_ROUTE and the like, linux/netlink.h. */
  readonly protocol: number;
  /** The bits of the notification groups. */
  readonly groups: number;
  /** Room for what has queued, in bytes. */
  readonly receiveBuffer: number;
}

/** An open monitor. */
export interface NetlinkMonitor {
  /** Asks the kernel something. Throws a KernelError. */
  send(bytes: Uint8Array): void;
  /** Hears what has queued. */
  drain(): void;
  close(): void;
}

/** Hands on every datagram of the kernel's from now on. Throws a KernelError. */
export function openNetlinkMonitor(
  receiver: Receiver,
  { protocol, groups, receiveBuffer }: Subscription,
  handler: DatagramHandler,
): NetlinkMonitor {
  const fd = socket(AF_NETLINK, SOCK_RAW, protocol);
  try {
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer);
    bind(fd, netlinkAddress(groups));
  } catch (error) {
    close(fd);
    throw error;
  }
  receiver.add(fd, handler);
  return {
    send: (bytes) => sendTo(fd, bytes, netlinkAddress(0)),
    drain: () => receiver.drain(fd),
    close() {
      receiver.remove(fd);
      close(fd);
    },
  };
}

/** struct sockaddr_nl (linux/netlink.h): family, padding, port (0: the kernel chooses, or is meant), groups. */
function netlinkAddress(groups: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  return bytes;
}
