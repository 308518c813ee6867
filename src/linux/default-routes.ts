/**
 * Where the kernel's default routes lead. What it tells of changes only says that it is time to look again: a look is one
 * dump of the routes, which the kernel answers at once.
 */

import { parseMessages } from "netlink";
import {
  type DefaultRoute,
  defaultRoutes,
  isAboutDefault,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
} from "../core/wire/default-route.ts";
import { AF_NETLINK, bind, close, NETLINK_ROUTE, sendTo, SOCK_RAW, socket } from "./libc.ts";
import type { Receiver } from "./receiver.ts";
import { netlinkAddress } from "./rtnetlink-monitor.ts";

/** linux/rtnetlink.h: the bits of the notification groups. */
const RTMGRP_IPV4_ROUTE = 0x40;
const RTMGRP_IPV6_ROUTE = 0x400;
/** linux/netlink.h */
const NLM_F_REQUEST_DUMP = 0x301;
/** struct nlmsghdr and struct rtmsg. */
const REQUEST_LENGTH = 28;

/** The default routes, kept up to date. */
export class DefaultRoutes {
  readonly #fd: number;
  readonly #receiver: Receiver;
  #routes: readonly DefaultRoute[] | undefined;
  #reading: { readonly sequence: number; readonly routes: DefaultRoute[] } | undefined;
  #sequence = 0;

  /** Throws a KernelError. */
  constructor(receiver: Receiver) {
    this.#receiver = receiver;
    this.#fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    bind(this.#fd, netlinkAddress(RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE));
    receiver.add(this.#fd, {
      packet: (bytes) => this.#hear(bytes),
      // More has changed than the socket could hold.
      failed: () => {
        this.#routes = undefined;
      },
    });
  }

  /** The routes as they are now. Throws a KernelError. */
  now(): readonly DefaultRoute[] {
    this.#receiver.drain(this.#fd);
    this.#routes ??= this.#read();
    return this.#routes;
  }

  close(): void {
    this.#receiver.remove(this.#fd);
    close(this.#fd);
  }

  #read(): readonly DefaultRoute[] {
    const sequence = (this.#sequence += 1);
    const reading = { sequence, routes: [] };
    this.#reading = reading;
    sendTo(this.#fd, request(sequence), netlinkAddress(0));
    // The kernel makes its answer while it is being read: all of it is there.
    this.#receiver.drain(this.#fd);
    this.#reading = undefined;
    return reading.routes;
  }

  #hear(bytes: Uint8Array): void {
    // The parser's results point into its input, which is used again.
    for (const { type, seq, data } of parseMessages(Buffer.from(bytes))) {
      if (type !== RTM_NEWROUTE && type !== RTM_DELROUTE) continue;
      if (this.#reading !== undefined && seq === this.#reading.sequence)
        this.#reading.routes.push(...defaultRoutes(data));
      else if (isAboutDefault(data)) this.#routes = undefined;
    }
  }
}

/** A dump of the routes of all families. */
function request(sequence: number): Uint8Array {
  const bytes = new Uint8Array(REQUEST_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_LENGTH, true);
  view.setUint16(4, RTM_GETROUTE, true);
  view.setUint16(6, NLM_F_REQUEST_DUMP, true);
  view.setUint32(8, sequence, true);
  return bytes;
}
