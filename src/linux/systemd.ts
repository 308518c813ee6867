/**
 * Tells systemd how we are, by its notify protocol (sd_notify(3)): a datagram of `KEY=value` lines to the unix socket
 * named in NOTIFY_SOCKET.
 */

import { AF_UNIX, close, SOCK_DGRAM, sendTo, socket } from "./libc.ts";
import { now } from "./clock.ts";

/** What systemd can be told. */
export type Readiness = "ready" | "reloading" | "stopping";

/** Tells systemd; does nothing when it did not start us. Throws a KernelError when its socket does not take it. */
export function notifySystemd(readiness: Readiness, status: string): void {
  const path = process.env["NOTIFY_SOCKET"];
  if (path === undefined || path === "") return;
  const fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  try {
    sendTo(fd, new TextEncoder().encode(`${lines(readiness)}STATUS=${status}\n`), unixAddress(path));
  } finally {
    close(fd);
  }
}

function lines(readiness: Readiness): string {
  switch (readiness) {
    case "ready":
      return "READY=1\n";
    case "reloading":
      return `RELOADING=1\nMONOTONIC_USEC=${now()}\n`;
    case "stopping":
      return "STOPPING=1\n";
  }
}

/** struct sockaddr_un (linux/un.h): family and path; a leading `@` stands for the abstract namespace. */
function unixAddress(path: string): Uint8Array {
  const name = new TextEncoder().encode(path.replace(/^@/, "\0"));
  return Uint8Array.of(AF_UNIX, 0, ...name);
}
