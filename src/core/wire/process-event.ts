/**
 * The kernel's process events (linux/cn_proc.h over linux/connector.h over netlink): what is asked for, what comes.
 * Integers are in the machine's order, little-endian here.
 */

/** linux/netlink.h, linux/connector.h, linux/cn_proc.h */
const NLMSG_HEADER = 16;
const CN_HEADER = 20;
const EVENT_HEADER = 16;
const NLMSG_DONE = 3;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_CN_MCAST_LISTEN = 1;
const PROC_EVENT_FORK = 0x1;
const PROC_EVENT_EXEC = 0x2;
const PROC_EVENT_COMM = 0x200;
const PROC_EVENT_EXIT = 0x8000_0000;

/** Something has happened to a process; threads are left out. */
export type ProcessEvent =
  /** There is a new one, a copy of another. */
  | { readonly type: "forked"; readonly pid: number }
  /** It runs another program, or has another name. */
  | { readonly type: "changed"; readonly pid: number }
  | { readonly type: "ended"; readonly pid: number };

/** The message that asks the kernel to tell of every process. */
export function listenMessage(): Uint8Array {
  const bytes = new Uint8Array(NLMSG_HEADER + CN_HEADER + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, NLMSG_DONE, true);
  view.setUint32(NLMSG_HEADER, CN_IDX_PROC, true);
  view.setUint32(NLMSG_HEADER + 4, CN_VAL_PROC, true);
  view.setUint16(NLMSG_HEADER + 16, 4, true);
  view.setUint32(NLMSG_HEADER + CN_HEADER, PROC_CN_MCAST_LISTEN, true);
  return bytes;
}

/** What a message of the kernel's tells; undefined when it is about a thread, or nothing of interest. */
export function decodeProcessEvent(bytes: Uint8Array): ProcessEvent | undefined {
  const data = NLMSG_HEADER + CN_HEADER + EVENT_HEADER;
  if (bytes.length < data + 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (index: number): number => view.getUint32(data + 4 * index, true);
  const [pid, group] = [word(0), word(1)];
  switch (view.getUint32(NLMSG_HEADER + CN_HEADER, true)) {
    case PROC_EVENT_FORK:
      return word(2) === word(3) ? { type: "forked", pid: word(2) } : undefined;
    case PROC_EVENT_EXEC:
      return { type: "changed", pid: group };
    case PROC_EVENT_COMM:
      return pid === group ? { type: "changed", pid } : undefined;
    case PROC_EVENT_EXIT:
      return pid === group ? { type: "ended", pid } : undefined;
    default:
      return undefined;
  }
}
