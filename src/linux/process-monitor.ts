/**
 * Tells of processes as they come, change and go: the kernel's proc connector (linux/cn_proc.h). It is there for
 * CAP_NET_ADMIN in the initial namespaces only, so not in a container.
 */

import { decodeProcessEvent, listenMessage, type ProcessEvent } from "../core/wire/process-event.ts";
import {
  AF_NETLINK,
  bind,
  close,
  sendTo,
  SO_RCVBUFFORCE,
  SOCK_DGRAM,
  SOL_SOCKET,
  setSocketOption,
  socket,
} from "./libc.ts";
import type { Receiver } from "./receiver.ts";

/** linux/netlink.h, linux/connector.h */
const NETLINK_CONNECTOR = 11;
const CN_IDX_PROC = 1;
/** Room for the events of ten thousand processes at once. */
const RECEIVE_BUFFER = 8 << 20;

/** What a watcher is told. */
export interface ProcessWatcher {
  event(event: ProcessEvent): void;
  /** Events were lost: only a new look tells what is so. */
  lost(): void;
}

/** Tells the watcher of every event from now on; the result ends it. Throws a KernelError where the kernel does not. */
export function openProcessMonitor(receiver: Receiver, watcher: ProcessWatcher): () => void {
  const fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR);
  try {
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    bind(fd, netlinkAddress(CN_IDX_PROC));
    sendTo(fd, listenMessage(), netlinkAddress(0));
  } catch (error) {
    close(fd);
    throw error;
  }
  receiver.add(fd, {
    packet: (bytes) => {
      const event = decodeProcessEvent(bytes);
      if (event !== undefined) watcher.event(event);
    },
    failed: () => watcher.lost(),
  });
  return () => {
    receiver.remove(fd);
    close(fd);
  };
}

/** struct sockaddr_nl (linux/netlink.h): family, padding, port (0: the kernel), groups. */
function netlinkAddress(groups: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  return bytes;
}
