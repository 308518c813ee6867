/**
 * What the kernel tells unasked of interfaces and addresses (rtnetlink(7)).
 */

import { parseMessages, rt } from "netlink";
import { NETLINK_ROUTE } from "./libc.ts";
import { type NetlinkMonitor, openNetlinkMonitor } from "./netlink-monitor.ts";
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
const INTERFACES_AND_ADDRESSES = {
  protocol: NETLINK_ROUTE,
  groups: RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
  // Room for the notifications of a few thousand changes at once.
  receiveBuffer: 4 << 20,
};

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

/** Tells the watcher of every change from now on. Throws a KernelError. */
export function openRtnetlinkMonitor(receiver: Receiver, watcher: RtnetlinkWatcher): NetlinkMonitor {
  return openNetlinkMonitor(receiver, INTERFACES_AND_ADDRESSES, {
    packet: (bytes) => hear(watcher, bytes),
    failed: () => watcher.lost(),
  });
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
