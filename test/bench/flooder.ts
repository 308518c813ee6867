/** Sends IPv4 packets at a steady rate on an interface, forked into a namespace by the flood benchmark. */

import { setImmediate as turn } from "node:timers/promises";
import {
  AF_INET,
  IPPROTO_RAW,
  SO_BINDTODEVICE,
  SOCK_RAW,
  SOL_SOCKET,
  sendTo,
  setSocketOption,
  socket,
} from "../../src/linux/libc.ts";

/** What it is told. */
export interface Flood {
  readonly interface: string;
  /** Whole packets, which take turns; their header checksums are the kernel's to fill in. */
  readonly packets: readonly Uint8Array[];
  /** Packets a second. */
  readonly rate: number;
  readonly seconds: number;
}

async function send({ interface: name, packets, rate, seconds }: Flood): Promise<number> {
  const fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  setSocketOption(fd, SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${name}\0`));
  const begin = performance.now();
  let sent = 0;
  for (let passed = 0; passed < seconds; passed = (performance.now() - begin) / 1_000) {
    for (const due = passed * rate; sent < due; sent += 1) {
      const packet = packets[sent % packets.length] ?? new Uint8Array();
      // struct sockaddr_in: the destination is the one in the header.
      sendTo(fd, packet, Uint8Array.of(AF_INET, 0, 0, 0, ...packet.subarray(16, 20), 0, 0, 0, 0, 0, 0, 0, 0));
    }
    await turn();
  }
  return sent;
}

if (process.send !== undefined)
  process.once("message", (flood) => void send(flood as Flood).then((sent) => process.send?.(sent)));
