/**
 * Sends raw IPv4 packets on eth0, forked into a namespace by the flood test. It paces itself by its readers: it goes on when
 * the sockets of `watched` (process ids) are empty, so that the kernel never has to drop one.
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  AF_INET,
  IP_MULTICAST_IF,
  IPPROTO_IP,
  IPPROTO_RAW,
  SO_BINDTODEVICE,
  SOCK_RAW,
  SOL_SOCKET,
  sendTo,
  setSocketOption,
  socket,
} from "../../src/linux/libc.ts";

/** What the sender is told. */
export interface Volley {
  /** A whole IPv4 packet; its identification and header checksum are the kernel's to fill in. */
  readonly packet: Uint8Array;
  readonly count: number;
  /** Process ids whose raw sockets are to be empty between bursts. */
  readonly watched: readonly number[];
}

const BURST = 50;
/** struct sockaddr_in of 224.0.0.18. */
const GROUP = Uint8Array.of(AF_INET, 0, 0, 0, 224, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0);

/** Bytes that wait in the raw sockets of a process's namespace (/proc/net/raw, column rx_queue). */
function waiting(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/net/raw`, "utf8").trim().split("\n").slice(1);
  return lines
    .map((line) => Number.parseInt(line.trim().split(/\s+/)[4]?.split(":")[1] ?? "0", 16))
    .reduce((sum, bytes) => sum + bytes, 0);
}

async function send(fd: number, { packet, count, watched }: Volley): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) {
    if (sent % BURST === 0) while (watched.some((pid) => waiting(pid) > 0)) await sleep(1);
    sendTo(fd, packet, GROUP);
  }
  while (watched.some((pid) => waiting(pid) > 0)) await sleep(1);
}

if (process.send !== undefined) {
  const fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  setSocketOption(fd, SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode("eth0\0"));
  // struct ip_mreqn: eth0 is where its route to the group goes.
  setSocketOption(fd, IPPROTO_IP, IP_MULTICAST_IF, Uint8Array.of(0, 0, 0, 0, 192, 0, 2, 13, 0, 0, 0, 0));
  process.on("message", (volley) => {
    void send(fd, volley as Volley).then(() => process.send?.("sent"));
  });
}
