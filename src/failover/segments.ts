/**
 * The interfaces that adverts are sent and heard on: one pair of sockets each, however many virtual routers share it. A
 * socket is bound to an interface by its index; when an interface is made anew under its old name, so is the socket.
 */

import type { Interfaces } from "../core/vrrp/surroundings.ts";
import { IPPROTO_VRRP } from "../core/wire/vrrp.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Receiver } from "../linux/receiver.ts";
import { openVrrpSocket, type VrrpSocket } from "../linux/vrrp-socket.ts";

/** Who hears of what arrives. */
export interface SegmentListener {
  packet(interfaceName: string, packet: Uint8Array): void;
  /** There is such an interface, but it cannot be listened on; told once for each failure. */
  failed(interfaceName: string, error: KernelError): void;
}

interface Segment {
  readonly index: number;
  readonly socket: VrrpSocket;
}

/** The open segments, by interface name. */
export class Segments {
  readonly #open = new Map<string, Segment>();
  readonly #failures = new Map<string, string>();
  readonly #receiver: Receiver;
  readonly #listener: SegmentListener;
  readonly #protocol: number;

  /** `protocol` is the IP protocol that is heard: VRRP's, or the authentication header's. */
  constructor(receiver: Receiver, listener: SegmentListener, protocol: number = IPPROTO_VRRP) {
    this.#receiver = receiver;
    this.#listener = listener;
    this.#protocol = protocol;
  }

  /** Opens a socket on each interface of `names` that exists, and closes those no longer asked for. */
  update(names: ReadonlySet<string>, interfaces: Interfaces): void {
    for (const [name, segment] of this.#open) {
      if (!names.has(name) || interfaces.get(name)?.index !== segment.index) this.#close(name, segment);
    }
    for (const name of names) {
      const found = interfaces.get(name);
      if (found !== undefined && !this.#open.has(name)) this.#openOn(name, found.index);
    }
  }

  /** The sockets on an interface; undefined while there is no such interface. */
  socket(name: string): VrrpSocket | undefined {
    return this.#open.get(name)?.socket;
  }

  /** Hears what has queued on an interface. */
  drain(name: string): void {
    const segment = this.#open.get(name);
    if (segment !== undefined) this.#receiver.drain(segment.socket.receiveFd);
  }

  close(): void {
    for (const [name, segment] of this.#open) this.#close(name, segment);
  }

  #openOn(name: string, index: number): void {
    try {
      const socket = openVrrpSocket(name, index, this.#protocol);
      this.#open.set(name, { index, socket });
      this.#receiver.add(socket.receiveFd, {
        packet: (packet) => this.#listener.packet(name, packet),
        // ENETDOWN, which the interface's own notification tells better.
        failed: () => {},
      });
      this.#failures.delete(name);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (this.#failures.get(name) !== error.message) this.#listener.failed(name, error);
      this.#failures.set(name, error.message);
    }
  }

  #close(name: string, { socket }: Segment): void {
    this.#open.delete(name);
    this.#receiver.remove(socket.receiveFd);
    socket.close();
  }
}
