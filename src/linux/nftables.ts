/** nf_tables, by netlink: changes as transactions, and what somebody else does to a table of ours. */

import { decodeNetlinkMessages, NLM_F_CREATE } from "../core/wire/netlink-message.ts";
import {
  batchEnd,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  type NftRequest,
  tableOf,
} from "../core/wire/nftables.ts";
import { type NetlinkMonitor, openNetlinkMonitor } from "./netlink-monitor.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import type { Receiver } from "./receiver.ts";

/** linux/netlink.h */
const NETLINK_NETFILTER = 12;
/** linux/netfilter/nfnetlink.h: NFNLGRP_NFTABLES is 7, as a bit. */
const GROUP_NFTABLES = 1 << 6;
const CHANGES = { protocol: NETLINK_NETFILTER, groups: GROUP_NFTABLES, receiveBuffer: 1 << 20 };
/** linux/netfilter/nf_tables.h: NLM_F_APPEND, a rule comes behind the others. */
const APPEND = 0x800;

/** The way to the kernel's nf_tables. */
export class Nftables {
  readonly #socket = new NetlinkSocket(NETLINK_NETFILTER);

  /** Carries out all the changes, or none of them. Throws a KernelError. */
  apply(operation: string, requests: readonly NftRequest[]): void {
    const flags = NLM_F_CREATE | APPEND;
    this.#socket.transaction(
      operation,
      { ...batchEnd(NFNL_MSG_BATCH_BEGIN), flags: 0 },
      requests.map((request) => ({ ...request, flags })),
      { ...batchEnd(NFNL_MSG_BATCH_END), flags: 0 },
    );
  }

  /** Calls back whenever somebody else has changed that table, or may have. Throws a KernelError. */
  watch(receiver: Receiver, table: string, changed: () => void): NetlinkMonitor {
    const own = this.#socket.port;
    return openNetlinkMonitor(receiver, CHANGES, {
      packet: (bytes) => {
        const messages = decodeNetlinkMessages(bytes);
        if (messages.some((message) => message.port !== own && tableOf(message) === table)) changed();
      },
      failed: () => changed(),
    });
  }

  close(): void {
    this.#socket.close();
  }
}
