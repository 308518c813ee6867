/**
 * Netlink messages: what stands before the arguments of a request and before each part of an answer (linux/netlink.h,
 * `struct nlmsghdr`). The arguments are attributes (`netlink.ts`) behind a header of the protocol's own.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |   length, header included                                     |
 * +-------------------------------+-------------------------------+
 * |   type                        |   flags                       |
 * +-------------------------------+-------------------------------+
 * |   sequence number             |   port                        |
 * ```
 */

import { NetlinkWriter } from "./netlink.ts";

/** Host byte order, as DataView wants it: x86-64 and arm64 are little-endian. */
const LITTLE_ENDIAN = true;
const HEADER_LENGTH = 16;
const ALIGNMENT = 4;

/** Types of messages that say how a request ended. */
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** Flags of a request. */
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** Flag of an answer: the table changed while it was dumped. */
export const NLM_F_DUMP_INTR = 0x10;

/** A message. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** In what the kernel tells unasked, the socket that has caused it. */
  readonly port?: number;
  readonly data: Uint8Array;
}

/** A message as bytes; the kernel is who it goes to. */
export function encodeNetlinkMessage({ type, flags, sequence, data }: NetlinkMessage): Uint8Array {
  const writer = new NetlinkWriter(aligned(HEADER_LENGTH + data.length));
  writer.message(type, flags, sequence, () => writer.raw(data));
  return writer.bytes;
}

/** The messages of a datagram. What is left over behind the last whole one is none. */
export function decodeNetlinkMessages(bytes: Uint8Array): readonly NetlinkMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: NetlinkMessage[] = [];
  let offset = 0;
  while (offset + HEADER_LENGTH <= bytes.length) {
    const length = view.getUint32(offset, LITTLE_ENDIAN);
    if (length < HEADER_LENGTH || offset + length > bytes.length) break;
    messages.push({
      type: view.getUint16(offset + 4, LITTLE_ENDIAN),
      flags: view.getUint16(offset + 6, LITTLE_ENDIAN),
      sequence: view.getUint32(offset + 8, LITTLE_ENDIAN),
      port: view.getUint32(offset + 12, LITTLE_ENDIAN),
      data: bytes.subarray(offset + HEADER_LENGTH, offset + length),
    });
    offset += aligned(length);
  }
  return messages;
}

/** The errno of an NLMSG_ERROR or NLMSG_DONE, positive; 0 is success. */
export function netlinkErrno({ data }: NetlinkMessage): number {
  if (data.length < 4) return 0;
  return -new DataView(data.buffer, data.byteOffset, data.byteLength).getInt32(0, LITTLE_ENDIAN);
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
