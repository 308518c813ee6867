/**
 * What the kernel tells unasked of routes and rules (rtnetlink(7)). It has a socket of its own: where a routing daemon
 * changes a hundred thousand routes, what is told of interfaces and addresses must not be lost among them.
 */

import { ROUTE_PROTOCOL, type Route } from "../core/routing/model.ts";
import { decodeNetlinkMessages } from "../core/wire/netlink-message.ts";
import {
  decodeRoute,
  type NameOf,
  RTM_DELROUTE,
  RTM_DELRULE,
  RTM_NEWROUTE,
  RTM_NEWRULE,
} from "../core/wire/routing.ts";
import { NETLINK_ROUTE } from "./libc.ts";
import { type NetlinkMonitor, openNetlinkMonitor } from "./netlink-monitor.ts";
import type { Receiver } from "./receiver.ts";

/** linux/rtnetlink.h: bits of the notification groups; that of IPv6 rules is RTNLGRP_IPV6_RULE less one. */
const RTMGRP_IPV4_ROUTE = 0x40;
const RTMGRP_IPV4_RULE = 0x80;
const RTMGRP_IPV6_ROUTE = 0x400;
const RTMGRP_IPV6_RULE = 1 << 18;
const ROUTES_AND_RULES = {
  protocol: NETLINK_ROUTE,
  groups: RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV6_RULE,
  // Room for the notifications of some ten thousand changes at once.
  receiveBuffer: 8 << 20,
};

/** What a watcher is told. */
export interface RoutingWatcher {
  /** A route came, went or changed; `ours` when it has our number on it. */
  route(route: Route, ours: boolean): void;
  /** A rule came or went. */
  rule(): void;
  /** Notifications were lost: only a new look tells what is so. */
  lost(): void;
}

/** Tells the watcher of every change from now on. Throws a KernelError. */
export function openRoutingMonitor(
  receiver: Receiver,
  nameOf: NameOf,
  watcher: RoutingWatcher,
): NetlinkMonitor {
  return openNetlinkMonitor(receiver, ROUTES_AND_RULES, {
    packet: (bytes) => {
      for (const { type, data } of decodeNetlinkMessages(bytes)) {
        if (type === RTM_NEWRULE || type === RTM_DELRULE) watcher.rule();
        if (type !== RTM_NEWROUTE && type !== RTM_DELROUTE) continue;
        const made = decodeRoute(data, nameOf);
        if (made !== undefined) watcher.route(made.entry, made.protocol === ROUTE_PROTOCOL);
      }
    },
    failed: () => watcher.lost(),
  });
}
