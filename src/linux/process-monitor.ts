/**
 * Tells of processes as they come, change and go: the kernel's proc connector (linux/cn_proc.h). It is there for
 * CAP_NET_ADMIN in the initial namespaces only, so not in a container.
 */

import { decodeProcessEvent, listenMessage, type ProcessEvent } from "../core/wire/process-event.ts";
import { openNetlinkMonitor } from "./netlink-monitor.ts";
import type { Receiver } from "./receiver.ts";

/** linux/netlink.h, linux/connector.h */
const NETLINK_CONNECTOR = 11;
const CN_IDX_PROC = 1;
const PROCESSES = {
  protocol: NETLINK_CONNECTOR,
  groups: CN_IDX_PROC,
  // Room for the events of ten thousand processes at once.
  receiveBuffer: 8 << 20,
};

/** What a watcher is told. */
export interface ProcessWatcher {
  event(event: ProcessEvent): void;
  /** Events were lost: only a new look tells what is so. */
  lost(): void;
}

/** Tells the watcher of every event from now on; the result ends it. Throws a KernelError where the kernel does not. */
export function openProcessMonitor(receiver: Receiver, watcher: ProcessWatcher): () => void {
  const monitor = openNetlinkMonitor(receiver, PROCESSES, {
    packet: (bytes) => {
      const event = decodeProcessEvent(bytes);
      if (event !== undefined) watcher.event(event);
    },
    failed: () => watcher.lost(),
  });
  try {
    monitor.send(listenMessage());
  } catch (error) {
    monitor.close();
    throw error;
  }
  return () => monitor.close();
}
