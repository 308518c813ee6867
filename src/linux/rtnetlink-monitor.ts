/**
 * What the kernel tells unasked of interfaces and addresses (rtnetlink(7)).
 *
 * It has a socket of our own beside the other raw ones, for two reasons: what changes is heard in the order in which the
 * loop hears packets, and an overrun (ENOBUFS: more has changed than the socket could hold) arrives as an error that can
 * be answered by looking at everything anew.
 */

import { parseMessages, rt } from "netlink";
import {
  AF_NETLINK,
  bind,
  close,
  NETLINK_ROUTE,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  setSocketOption,
  socket,
} from "./libc.ts";
import type { Receiver } from "./receiver.ts";
import { addressOf, type InterfaceAddress, type Link, linkOf } from "./rtnetlink.ts";

/** linux/rtnetlink.h: message types, and the bits of the notification groups. */
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTMGRP_LINK = 0x1;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV6_IFADDR = 0x100;
/** Room for the notifications of a few thousand changes at once. */
const RECEIVE_BUFFER = 4 << 20;

/** What a watcher is told. */
export interface RtnetlinkWatcher {
  /** An interface is there, or has changed. */
  link(link: Link): void;
  linkGone(index: number): void;
  address(address: InterfaceAddress): void;
  addressGone(address: InterfaceAddress): void;
  /** Notifications were lost: only a new look tells what is so. */
  lost(): void;
}

/** An open monitor. */
export interface RtnetlinkMonitor {
  /** Hears what has queued. */
  drain(): void;
  close(): void;
}

/** Tells the watcher of every change from now on. Throws a KernelError. */
export function openRtnetlinkMonitor(receiver: Receiver, watcher: RtnetlinkWatcher): RtnetlinkMonitor {
  const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  setSocketOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
  bind(fd, netlinkAddress(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR));
  receiver.add(fd, {
    packet: (bytes) => hear(watcher, bytes),
    failed: () => watcher.lost(),
  });
  return {
    drain: () => receiver.drain(fd),
    close() {
      receiver.remove(fd);
      close(fd);
    },
  };
}

function hear(watcher: RtnetlinkWatcher, bytes: Uint8Array): void {
  // The parser's results point into its input, which is used again.
  for (const { type, data } of parseMessages(Buffer.from(bytes))) notify(watcher, type, data);
}

function notify(watcher: RtnetlinkWatcher, type: number, data: Buffer): void {
  if (type === RTM_NEWLINK || type === RTM_DELLINK) {
    const link = linkOf(rt.parseLinkMessage(data));
    if (link === undefined) return;
    if (type === RTM_NEWLINK) watcher.link(link);
    else watcher.linkGone(link.index);
  } else if (type === RTM_NEWADDR || type === RTM_DELADDR) {
    const address = addressOf(rt.parseAddressMessage(data));
    if (address === undefined) return;
    if (type === RTM_NEWADDR) watcher.address(address);
    else watcher.addressGone(address);
  }
}

/** struct sockaddr_nl (linux/netlink.h): family, padding, port (0: the kernel chooses, or is meant), groups. */
export function netlinkAddress(groups: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  return bytes;
}
