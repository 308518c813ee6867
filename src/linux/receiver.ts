/**
 * Delivers what arrives on raw sockets to the event loop.
 *
 * One `poll` over all sockets waits in a worker thread, whatever their number; when it returns, the loop reads from the
 * sockets that have something, a bounded number of packets a turn, so that no flood can keep the loop from its timers.
 * `drain` reads without waiting: a process that was late calls it before it decides anything.
 */

import { KernelError } from "./kernel-error.ts";
import { clearEventfd, close, eventfd, poll, receive, signalEventfd } from "./libc.ts";

/** Packets taken from one socket before the loop has its turn again. */
const BATCH = 64;
/** Packets taken before a decision: no less than fit into a socket's buffer, so that none that waited is left out. */
const DRAIN = 4_096;
/** The poll comes back by itself after so long, lest a process that ends abnormally wait for its worker thread. */
const POLL_MS = 500;
/** The longest datagram: the kernel's notifications have up to 32 KiB, packets less. */
const DATAGRAM_MAX = 65_536;

/** What to do with what arrives on a socket. */
export interface DatagramHandler {
  /** Reads one into a buffer, for a socket whose datagrams need more than recv(2); its length, or undefined when none waits. */
  read?(buffer: Uint8Array): number | undefined;
  /** A datagram; `bytes` are only good until the call returns. */
  packet(bytes: Uint8Array): void;
  /** The socket has an error to tell, such as ENOBUFS or ENETDOWN, which is cleared by this. */
  failed(error: KernelError): void;
}

/** The sockets that are watched. */
export class Receiver {
  readonly #handlers = new Map<number, DatagramHandler>();
  readonly #wake = eventfd();
  readonly #buffer = new Uint8Array(DATAGRAM_MAX);
  readonly #onExit = () => signalEventfd(this.#wake);
  #closed: (() => void) | undefined;

  constructor() {
    process.once("exit", this.#onExit);
    this.#wait();
  }

  /** Watches a socket from now on. */
  add(fd: number, handler: DatagramHandler): void {
    this.#handlers.set(fd, handler);
    signalEventfd(this.#wake);
  }

  /** Watches it no more; the caller may close it at once. */
  remove(fd: number): void {
    this.#handlers.delete(fd);
    signalEventfd(this.#wake);
  }

  /** Reads all that has queued on one socket, without waiting. */
  drain(fd: number): void {
    this.#read(fd, DRAIN);
  }

  #read(fd: number, most: number): void {
    const handler = this.#handlers.get(fd);
    for (let count = 0; handler !== undefined && count < most; count += 1) {
      const length = this.#receive(fd, handler);
      if (length === undefined) return;
      handler.packet(this.#buffer.subarray(0, length));
    }
  }

  #receive(fd: number, handler: DatagramHandler): number | undefined {
    try {
      return handler.read === undefined ? receive(fd, this.#buffer) : handler.read(this.#buffer);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      handler.failed(error);
      return undefined;
    }
  }

  /** Ends the waiting. */
  close(): Promise<void> {
    this.#handlers.clear();
    return new Promise((resolve) => {
      this.#closed = resolve;
      signalEventfd(this.#wake);
    });
  }

  #wait(): void {
    poll([this.#wake, ...this.#handlers.keys()], POLL_MS, (ready) => {
      if (ready.includes(this.#wake)) clearEventfd(this.#wake);
      for (const fd of ready) this.#read(fd, BATCH);
      if (this.#closed !== undefined) {
        // Its number may be somebody else's from now on.
        process.removeListener("exit", this.#onExit);
        close(this.#wake);
        this.#closed();
        return;
      }
      setImmediate(() => this.#wait());
    });
  }
}
