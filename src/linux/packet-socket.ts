/**
 * How packet sockets are closed. The kernel waits until no processor uses one any more, which takes some 20 ms (RCU's grace
 * period): the loop must not, least of all when an interface goes and takes those of a hundred others with it.
 */

import { closeInThread } from "./libc.ts";

/** Those that are still to be closed; the first is being closed. */
const closing: number[] = [];

/** Closes a packet socket as soon as may be; nobody reads from it any more. */
export function closePacketSocket(fd: number): void {
  closing.push(fd);
  if (closing.length === 1) closeNext();
}

/** One after the other: threads are few, and one of them waits for packets. */
function closeNext(): void {
  const [fd] = closing;
  if (fd === undefined) return;
  closeInThread(fd, () => {
    closing.shift();
    closeNext();
  });
}
