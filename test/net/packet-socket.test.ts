/**
 * Goal: whoever closes many packet sockets at once is not held up by the kernel, which waits for each. Method: the loop gets
 * no turn while they are closed, so that all but the first one are still there.
 */

import { readlinkSync } from "node:fs";
import t from "tap";
import { AF_PACKET, SOCK_RAW, socket } from "../../src/linux/libc.ts";
import { closePacketSocket } from "../../src/linux/packet-socket.ts";
import { until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const COUNT = 20;

if (hasRoot(t, import.meta.url)) {
  t.test("they are closed one after the other, behind the loop's back", async (t) => {
    const sockets = new Map(
      Array.from({ length: COUNT }, () => socket(AF_PACKET, SOCK_RAW, 0)).map((fd) => [fd, inode(fd)]),
    );
    const open = () => [...sockets].filter(([fd, made]) => inode(fd) === made).length;
    t.equal(open(), COUNT);
    for (const fd of sockets.keys()) closePacketSocket(fd);
    t.ok(open() >= COUNT - 1);
    await until("all are closed", () => open() === 0);
  });
}

/** What a descriptor stands for, such as `socket:[4711]`; undefined when it stands for nothing. */
function inode(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
