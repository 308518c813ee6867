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
    this.#socket?.socket.send(bytes, (error) => this.#handler.failed(error ?? undefined));
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
    // An error of a connected socket is the peer's host refusing a datagram: it is not there yet, or no more.
    socket.socket.on("error", (error) => this.#handler.failed(error));
    socket.socket.on("message", (bytes, { address }) => this.#handler.datagram(bytes, address as IpAddress));
    this.#handler.failed(undefined);
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

function connect(socket: Socket, port: number, address: IpAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    // The callback is told of an error, whatever its type says.
    socket.connect(port, address, ((error?: Error) => (error ? reject(error) : resolve())) as () => void);
  });
}
