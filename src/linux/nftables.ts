/** nf_tables, by netlink: changes as transactions, and what somebody else does to a table of ours. */

import { decodeNetlinkMessages, NLM_F_CREATE } from "../core/wire/netlink-message.ts";
import {
  batchEnd,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  type NftRequest,
  tableOf,
} from "../core/wire/nftables.ts";
import {
  AF_NETLINK,
  bind,
  close,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  setSocketOption,
  socket,
} from "./libc.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import type { Receiver } from "./receiver.ts";

/** linux/netlink.h */
const NETLINK_NETFILTER = 12;
/** linux/netfilter/nfnetlink.h: NFNLGRP_NFTABLES is 7, as a bit. */
const GROUP_NFTABLES = 1 << 6;
const RECEIVE_BUFFER = 1 << 20;
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

  /** Calls back whenever somebody else has changed that table, or may have; the result ends it. Throws a KernelError. */
  watch(receiver: Receiver, table: string, changed: () => void): () => void {
    const own = this.#socket.port;
    const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    bind(fd, groupsAddress(GROUP_NFTABLES));
    receiver.add(fd, {
      packet: (bytes) => {
        const messages = decodeNetlinkMessages(bytes);
        if (messages.some((message) => message.port !== own && tableOf(message) === table)) changed();
      },
      failed: () => changed(),
    });
    return () => {
      receiver.remove(fd);
      close(fd);
    };
  }

  close(): void {
    this.#socket.close();
  }
}

/** struct sockaddr_nl (linux/netlink.h): family, padding, port (0: the kernel chooses), groups. */
function groupsAddress(groups: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  return bytes;
}
