/** Sends whole IPv4 packets on eth0, whatever they say of their source; forked into a namespace by a test. */

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

/** What the forger is told. */
export interface Forgery {
  /** A whole IPv4 packet; its header checksum is the kernel's to fill in. */
  readonly packet: Uint8Array;
}

if (process.send !== undefined) {
  const fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  setSocketOption(fd, SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode("eth0\0"));
  process.on("message", (forgery) => {
    const { packet } = forgery as Forgery;
    // struct sockaddr_in: the destination is the one in the header.
    sendTo(fd, packet, Uint8Array.of(AF_INET, 0, 0, 0, ...packet.subarray(16, 20), 0, 0, 0, 0, 0, 0, 0, 0));
    process.send?.("sent");
  });
}
