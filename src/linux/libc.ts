/**
 * The C library's system calls that Node has no door to: raw and packet sockets, poll, locks, scheduling, and datagrams
 * to a unix socket. Every call here returns at once; what takes its time, such as `poll`, does so in
 * a worker thread.
 *
 * Numbers and layouts are those of Linux on 64-bit little-endian machines (x86-64, arm64, riscv64); each names the
 * header that it is from.
 */

import koffi from "koffi";
import { errnoName, KernelError } from "./kernel-error.ts";

const libc = koffi.load("libc.so.6");

const socketCall = libc.func("int socket(int domain, int type, int protocol)");
const setsockoptCall = libc.func("int setsockopt(int fd, int level, int name, void *value, uint32_t length)");
const bindCall = libc.func("int bind(int fd, void *address, uint32_t length)");
const sendtoCall = libc.func(
  "int64_t sendto(int fd, void *buffer, size_t length, int flags, void *address, uint32_t addressLength)",
);
const recvCall = libc.func("int64_t recv(int fd, _Out_ void *buffer, size_t length, int flags)");
const pollCall = libc.func("int poll(_Inout_ void *fds, unsigned long count, int timeout)");
const eventfdCall = libc.func("int eventfd(unsigned int initial, int flags)");
const readCall = libc.func("int64_t read(int fd, _Out_ void *buffer, size_t length)");
const writeCall = libc.func("int64_t write(int fd, void *buffer, size_t length)");
const getsocknameCall = libc.func("int getsockname(int fd, _Out_ void *address, _Inout_ uint32_t *length)");
const closeCall = libc.func("int close(int fd)");
const openCall = libc.func("int open(const char *path, int flags, uint32_t mode)");
const mkfifoCall = libc.func("int mkfifo(const char *path, uint32_t mode)");
const flockCall = libc.func("int flock(int fd, int operation)");
const interfaceIndexCall = libc.func("unsigned int if_nametoindex(const char *name)");
const schedulerCall = libc.func("int sched_setscheduler(int tid, int policy, void *parameters)");

/** sys/socket.h */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
/** linux/netlink.h */
export const NETLINK_ROUTE = 0;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_PRIORITY = 12;
export const SO_BINDTODEVICE = 25;
const SO_ATTACH_FILTER = 26;
export const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;
/** netinet/in.h */
export const IPPROTO_IP = 0;
export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_PKTINFO = 8;
export const IP_RECVTTL = 12;
export const IPPROTO_RAW = 255;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const IP_MULTICAST_ALL = 49;
/** linux/in6.h */
export const IPPROTO_IPV6 = 41;
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_MULTICAST_IF = 17;
export const IPV6_MULTICAST_LOOP = 19;
export const IPV6_ADD_MEMBERSHIP = 20;
export const IPV6_V6ONLY = 26;
export const IPV6_MULTICAST_ALL = 29;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const IPV6_RECVHOPLIMIT = 51;
export const IPV6_HOPLIMIT = 52;
export const IPV6_TCLASS = 67;
/** poll.h */
const POLLIN = 1;
const POLLFD_LENGTH = 8;
/** fcntl.h, sys/file.h */
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_CLOEXEC = 0o2000000;
const LOCK_EX_NB = 2 | 4;
/** sched.h */
export const SCHED_OTHER = 0;
export const SCHED_RR = 2;
export const SCHED_RESET_ON_FORK = 0x40000000;

/** Opens a socket that never blocks and is not passed on to children. */
export function socket(domain: number, type: number, protocol: number): number {
  return check("open a socket", socketCall(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

/** Sets a socket option to an integer, or to the bytes of a structure. */
export function setSocketOption(fd: number, level: number, name: number, value: number | Uint8Array): void {
  const bytes = typeof value === "number" ? new Uint8Array(Int32Array.of(value).buffer) : value;
  check(`set socket option ${level}/${name}`, setsockoptCall(fd, level, name, bytes, bytes.length));
}

/** Has a socket receive only what a classic BPF program lets through: `struct sock_fprog`, a length and a pointer. */
export function attachFilter(fd: number, program: Uint8Array): void {
  const memory: unknown = koffi.alloc("uint8_t", program.length);
  new Uint8Array(koffi.view(memory, program.length)).set(program);
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, koffi.address(memory), true);
  try {
    setSocketOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, bytes);
  } finally {
    koffi.free(memory);
  }
}

/** Binds a socket to an address structure. */
export function bind(fd: number, address: Uint8Array): void {
  check("bind a socket", bindCall(fd, address, address.length));
}

/** The address structure, of at most `length` bytes, that a socket is bound to. */
export function boundTo(fd: number, length: number): Uint8Array {
  const address = new Uint8Array(length);
  check("ask for a socket's address", getsocknameCall(fd, address, [length]));
  return address;
}

/** Sends one datagram; throws a KernelError where it cannot be sent now. */
export function sendTo(fd: number, datagram: Uint8Array, address: Uint8Array): void {
  check("send", sendtoCall(fd, datagram, datagram.length, MSG_DONTWAIT, address, address.length));
}

/** Receives one datagram into `buffer`: its length, or undefined when none waits. Throws a KernelError. */
export function receive(fd: number, buffer: Uint8Array): number | undefined {
  const length = Number(recvCall(fd, buffer, buffer.length, MSG_DONTWAIT));
  if (length >= 0) return length;
  const errno = errnoName(koffi.errno());
  if (errno === "EAGAIN" || errno === "EINTR") return undefined;
  throw new KernelError("receive", errno);
}

/** Waits in a worker thread until one of `fds` can be read; calls back with those that can. */
export function poll(
  fds: readonly number[],
  timeoutMs: number,
  ready: (fds: readonly number[]) => void,
): void {
  const entries = new DataView(new ArrayBuffer(fds.length * POLLFD_LENGTH));
  for (const [index, fd] of fds.entries()) {
    entries.setInt32(index * POLLFD_LENGTH, fd, true);
    entries.setInt16(index * POLLFD_LENGTH + 4, POLLIN, true);
  }
  const bytes = new Uint8Array(entries.buffer);
  pollCall.async(bytes, fds.length, timeoutMs, () => {
    ready(fds.filter((_, index) => entries.getInt16(index * POLLFD_LENGTH + 6, true) !== 0));
  });
}

/** Makes a descriptor that can be made readable at will: to wake a poll. */
export function eventfd(): number {
  return check("make an eventfd", eventfdCall(0, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

/** Makes an eventfd readable. */
export function signalEventfd(fd: number): void {
  writeCall(fd, new Uint8Array(BigUint64Array.of(1n).buffer), 8);
}

/** Makes an eventfd unreadable again. */
export function clearEventfd(fd: number): void {
  readCall(fd, new Uint8Array(8), 8);
}

/** Closes a descriptor. */
export function close(fd: number): void {
  closeCall(fd);
}

/** Closes a descriptor in a worker thread, and calls back when that is done. */
export function closeInThread(fd: number, closed: () => void): void {
  closeCall.async(fd, () => closed());
}

/**
 * Opens a file, made if need be, and takes its lock (flock(2)), which the kernel gives back when the process ends, however
 * it ends. Undefined when somebody else holds it.
 */
export function openLocked(path: string): number | undefined {
  const fd = check(`open ${path}`, openCall(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600));
  if (flockCall(fd, LOCK_EX_NB) === 0) return fd;
  closeCall(fd);
  return undefined;
}

/** Makes a named pipe; false when there is something of that name already. */
export function makeFifo(path: string, mode: number): boolean {
  try {
    check(`make the named pipe ${path}`, mkfifoCall(path, mode));
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errno === "EEXIST") return false;
    throw error;
  }
}

/** The number that the kernel has given to an interface; undefined when there is none of that name. */
export function interfaceIndex(name: string): number | undefined {
  const index = Number(interfaceIndexCall(name));
  return index === 0 ? undefined : index;
}

/** Gives a thread a scheduling policy and priority (sched_setscheduler(2)). */
export function setScheduler(tid: number, policy: number, priority: number): void {
  check(
    "set the scheduling policy",
    schedulerCall(tid, policy, new Uint8Array(Int32Array.of(priority).buffer)),
  );
}

function check(operation: string, result: number | bigint): number {
  const value = Number(result);
  if (value < 0) throw new KernelError(operation, errnoName(koffi.errno()));
  return value;
}
