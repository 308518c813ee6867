/** Sends one frame on eth0 again and again, forked into a namespace by the gateway test: answers that nobody asked for. */

import { networkInterfaces } from "node:os";
import { readFileSync } from "node:fs";
import { BROADCAST_MAC } from "../../src/core/units/mac.ts";
import { linkLayerAddress } from "../../src/linux/link-layer-address.ts";
import { AF_PACKET, SOCK_RAW, sendTo, socket } from "../../src/linux/libc.ts";

/** What the forger is told: a whole Ethernet frame. */
export type ForgedFrame = Uint8Array;

const AGAIN_MS = 20;

if (process.send !== undefined && networkInterfaces()["eth0"] !== undefined) {
  const fd = socket(AF_PACKET, SOCK_RAW, 0);
  const index = Number(readFileSync("/sys/class/net/eth0/ifindex", "utf8"));
  process.on("message", (frame) => {
    const bytes = frame as ForgedFrame;
    const to = linkLayerAddress(index, ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0), BROADCAST_MAC);
    setInterval(() => sendTo(fd, bytes, to), AGAIN_MS);
  });
}
