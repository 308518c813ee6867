/**
 * Receives a datagram together with what the kernel knows of it (recvmsg(2)): its source, and control data such as the hop
 * limit, which an IPv6 raw socket tells in no other way.
 *
 * recvmsg fills in structures that point to one another. They stand in memory of their own, outside of JavaScript's, are
 * laid out once, and serve for every call: nothing here waits, so no two calls are ever under way at once.
 */

import koffi from "koffi";
import { errnoName, KernelError } from "./kernel-error.ts";

const libc = koffi.load("libc.so.6");
const recvmsgCall = libc.func("int64_t recvmsg(int fd, void *message, int flags)");

/** sys/socket.h */
const MSG_DONTWAIT = 0x40;
/** Host byte order, as DataView wants it: every machine that we run on is little-endian. */
const LITTLE_ENDIAN = true;

/** struct msghdr (64-bit): name, name's length, pieces, their number, control data, its length, flags. */
const HEADER = { offset: 0, length: 56 };
/** struct iovec: base, length. */
const PIECE = { offset: 64, length: 16 };
/** struct sockaddr_in6 is the longest that we ask for. */
const NAME = { offset: 128, length: 28 };
const CONTROL = { offset: 256, length: 256 };
const DATA = { offset: 512, length: 65_536 };
const ALL = DATA.offset + DATA.length;
/** struct cmsghdr: length (8 bytes), level, type; aligned to 8. */
const CONTROL_HEADER = 16;

const memory: unknown = koffi.alloc("uint8_t", ALL);
const bytes = new Uint8Array(koffi.view(memory, ALL));
const view = new DataView(bytes.buffer, bytes.byteOffset, ALL);
const start = koffi.address(memory);

/** A datagram. All of it is only good until the next call. */
export interface ReceivedMessage {
  readonly data: Uint8Array;
  /** The source's address structure. */
  readonly name: Uint8Array;
  /** The control datum of that level and type; undefined when the kernel gave none. */
  readonly control: (level: number, type: number) => Uint8Array | undefined;
}

/** Receives one datagram; undefined when none waits. Throws a KernelError. */
export function receiveMessage(fd: number): ReceivedMessage | undefined {
  layOut();
  const length = Number(recvmsgCall(fd, memory, MSG_DONTWAIT));
  if (length < 0) {
    const errno = errnoName(koffi.errno());
    if (errno === "EAGAIN" || errno === "EINTR") return undefined;
    throw new KernelError("receive", errno);
  }
  const controlEnd = CONTROL.offset + Number(view.getBigUint64(HEADER.offset + 40, LITTLE_ENDIAN));
  return {
    data: bytes.subarray(DATA.offset, DATA.offset + length),
    name: bytes.subarray(NAME.offset, NAME.offset + NAME.length),
    control: (level, type) => findControl(level, type, controlEnd),
  };
}

/** The kernel writes the lengths that it used over those that it was given. */
function layOut(): void {
  const pointer = (at: number, target: number) =>
    view.setBigUint64(at, start + BigInt(target), LITTLE_ENDIAN);
  const size = (at: number, length: number) => view.setBigUint64(at, BigInt(length), LITTLE_ENDIAN);
  bytes.fill(0, HEADER.offset, HEADER.offset + HEADER.length);
  pointer(HEADER.offset, NAME.offset);
  view.setUint32(HEADER.offset + 8, NAME.length, LITTLE_ENDIAN);
  pointer(HEADER.offset + 16, PIECE.offset);
  size(HEADER.offset + 24, 1);
  pointer(HEADER.offset + 32, CONTROL.offset);
  size(HEADER.offset + 40, CONTROL.length);
  pointer(PIECE.offset, DATA.offset);
  size(PIECE.offset + 8, DATA.length);
}

function findControl(level: number, type: number, end: number): Uint8Array | undefined {
  let offset = CONTROL.offset;
  while (offset + CONTROL_HEADER <= end) {
    const length = Number(view.getBigUint64(offset, LITTLE_ENDIAN));
    if (length < CONTROL_HEADER || offset + length > end) return undefined;
    const found = [view.getInt32(offset + 8, LITTLE_ENDIAN), view.getInt32(offset + 12, LITTLE_ENDIAN)];
    if (found[0] === level && found[1] === type)
      return bytes.subarray(offset + CONTROL_HEADER, offset + length);
    offset += Math.ceil(length / 8) * 8;
  }
  return undefined;
}
