/**
 * The UDP socket of one path of the pair's own link.
 *
 * It is bound to our address on the path and connected to the peer's, so that the kernel keeps everybody else's datagrams
 * away, and tells what comes back by ICMP. Node reads at most 32 datagrams from it before timers have their turn: no flood
 * keeps the loop from them.
 */

import type { Socket } from "node:dgram";
import { DgramAsPromised, type SocketAsPromised } from "dgram-as-promised";
import { isIpv6, type IpAddress } from "../core/units/ip-address.ts";

/** Datagrams that libuv reads in one turn of the loop (UV__UDP_DGRAM_MAXSIZE's loop in libuv, src/unix/udp.c). */
export const DATAGRAMS_A_TURN = 32;

/** Room for the datagrams of a second's stall, at 10 ms each, and for a forger's. */
const RECEIVE_BUFFER = 1_048_576;

/** Where a path leads. */
export interface HeartbeatEnds {
  readonly local: IpAddress;
  readonly remote: IpAddress;
  /** On either side. */
  readonly port: number;
}

/** What to do with what comes. */
export interface HeartbeatHandler {
  datagram(bytes: Uint8Array, source: IpAddress): void;
  /** Something went wrong; undefined: it works. */
  failed(error: Error | undefined): void;
}

/** How long until another try to have the address, in milliseconds: it may not be on the interface yet. */
const TRY_AGAIN_MS = 1_000;

/** One path's socket. It keeps trying until it is closed. */
export class HeartbeatSocket {
  readonly #ends: HeartbeatEnds;
  readonly #handler: HeartbeatHandler;
  #socket: SocketAsPromised | undefined;
  #ready = false;
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(ends: HeartbeatEnds, handler: HeartbeatHandler) {
    this.#ends = ends;
    this.#handler = handler;
    void this.#open();
  }

  /** Sends a datagram to the peer, unless the socket is not there yet. */
  send(bytes: Uint8Array): void {
    if (!this.#ready) return;
    this.#socket?.socket.send(bytes, (error) => {
      // The refusal of an earlier one, which the kernel tells instead of sending this one.
      if (isRefusal(error)) this.#socket?.socket.send(bytes, (again) => this.#told(again));
      else this.#told(error);
    });
  }

  /** Closes it; what was sent is on its way. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#again);
    this.#drop();
  }

  async #open(): Promise<void> {
    const { local, remote, port } = this.#ends;
    const socket = DgramAsPromised.createSocket({
      type: isIpv6(local) ? "udp6" : "udp4",
      recvBufferSize: RECEIVE_BUFFER,
    });
    this.#socket = socket;
    try {
      await socket.bind(port, local);
      await connect(socket.socket, port, remote);
    } catch (error) {
      if (socket === this.#socket) this.#failed(error as Error);
      return;
    }
    if (this.#closed) return;
    this.#ready = true;
    socket.socket.on("error", (error) => this.#told(error));
    socket.socket.on("message", (bytes, { address }) => this.#handler.datagram(bytes, address as IpAddress));
    this.#handler.failed(undefined);
  }

  /** What became of a datagram. */
  #told(error: Error | null): void {
    if (this.#closed || isRefusal(error)) return;
    this.#handler.failed(error ?? undefined);
  }

  #failed(error: Error): void {
    this.#drop();
    if (this.#closed) return;
    this.#handler.failed(error);
    this.#again = setTimeout(() => void this.#open(), TRY_AGAIN_MS);
  }

  #drop(): void {
    this.#ready = false;
    this.#socket?.close().catch(() => {});
    this.#socket = undefined;
  }
}

/** The peer's host is there and nobody listens: its director has not started yet, or has ended. */
function isRefusal(error: NodeJS.ErrnoException | null): boolean {
  return error?.code === "ECONNREFUSED";
}

function connect(socket: Socket, port: number, address: IpAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    // The callback is told of an error, whatever its type says.
    socket.connect(port, address, ((error?: Error) => (error ? reject(error) : resolve())) as () => void);
  });
}
