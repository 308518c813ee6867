/**
 * Netlink messages: the header before each of them, several in one datagram, and what the kernel says of a request
 * (linux/netlink.h). All in host byte order, which is little-endian wherever Relevo runs.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |   length, header included                                     |
 * +-------------------------------+-------------------------------+
 * |   type                        |   flags                       |
 * +-------------------------------+-------------------------------+
 * |   sequence number: the answer has that of the request         |
 * +---------------------------------------------------------------+
 * |   port: 0 is the kernel                                       |
 * +---------------------------------------------------------------+
 * |   payload, padded to a multiple of four bytes                 |
 * ```
 */

const LITTLE_ENDIAN = true;

/** Bytes of `struct nlmsghdr`. */
const HEADER_LENGTH = 16;

/** NLM_F_…: what a request wants, and what an answer is. */
const NLM_F_REQUEST = 0x1;
/** Say so when it is done. */
export const NLM_F_ACK = 0x4;
/** The table changed while it was dumped. */
export const NLM_F_DUMP_INTR = 0x10;
/** NLM_F_ROOT | NLM_F_MATCH: give all there is. */
export const NLM_F_DUMP = 0x300;

/** NLMSG_ERROR: an errno, or 0 for an acknowledgement. */
export const NLMSG_ERROR = 2;
/** NLMSG_DONE: the end of a dump, with an errno if it went wrong. */
export const NLMSG_DONE = 3;

/** One message, taken apart. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** One message to be sent. */
export interface Request {
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** A datagram of requests of one type, numbered from `sequence` on; all numbers are modulo 2^32. */
export function encodeRequests(type: number, sequence: number, requests: readonly Request[]): Uint8Array {
  const bytes = new Uint8Array(
    requests.reduce((length, { payload }) => length + aligned(HEADER_LENGTH + payload.length), 0),
  );
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const [index, { flags, payload }] of requests.entries()) {
    const length = HEADER_LENGTH + payload.length;
    view.setUint32(offset, length, LITTLE_ENDIAN);
    view.setUint16(offset + 4, type, LITTLE_ENDIAN);
    view.setUint16(offset + 6, flags | NLM_F_REQUEST, LITTLE_ENDIAN);
    view.setUint32(offset + 8, sequence + index, LITTLE_ENDIAN);
    bytes.set(payload, offset + HEADER_LENGTH);
    offset += aligned(length);
  }
  return bytes;
}

/** The messages of a datagram; undefined when it is none of messages. */
export function decodeMessages(datagram: Uint8Array): readonly Message[] | undefined {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const messages: Message[] = [];
  let offset = 0;
  while (offset < datagram.length) {
    if (offset + HEADER_LENGTH > datagram.length) return undefined;
    const length = view.getUint32(offset, LITTLE_ENDIAN);
    if (length < HEADER_LENGTH || offset + length > datagram.length) return undefined;
    messages.push({
      type: view.getUint16(offset + 4, LITTLE_ENDIAN),
      flags: view.getUint16(offset + 6, LITTLE_ENDIAN),
      sequence: view.getUint32(offset + 8, LITTLE_ENDIAN),
      payload: datagram.subarray(offset + HEADER_LENGTH, offset + length),
    });
    offset += aligned(length);
  }
  return messages;
}

/** The errno that a message of type ERROR or DONE carries, as a positive number; 0 for success. */
export function errnoIn({ payload }: Message): number {
  if (payload.length < 4) return 0;
  return -new DataView(payload.buffer, payload.byteOffset).getInt32(0, LITTLE_ENDIAN);
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
