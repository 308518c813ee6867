/**
 * Where one BFD session's packets leave. Its socket is opened when there is something to send and given up when the kernel
 * refuses: the source address may come later, and the interface be made anew.
 */

import type { BfdSession } from "../core/bfd/model.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import { BFD_MULTIHOP_PORT, BFD_PORT } from "../core/wire/bfd.ts";
import { type BfdRoute, type BfdSender, openBfdSender } from "../linux/bfd-socket.ts";
import { KernelError } from "../linux/kernel-error.ts";

/** A session's way out. */
export class BfdTransmitter {
  readonly #interfaces: () => Interfaces;
  #session: BfdSession;
  #port: number;
  #sender: BfdSender | undefined;

  /** `port` is the source port; the session keeps to it. */
  constructor(session: BfdSession, port: number, interfaces: () => Interfaces) {
    this.#session = session;
    this.#port = port;
    this.#interfaces = interfaces;
  }

  /** Takes a changed configuration of the same session into force. */
  reroute(session: BfdSession): void {
    const { source, ttl } = this.#session;
    if (session.source !== source || session.ttl !== ttl) this.close();
    this.#session = session;
  }

  /** Sends a packet; the message of the kernel's refusal, if it refuses. */
  send(payload: Uint8Array): string | undefined {
    try {
      this.#sender ??= openBfdSender(this.#route(), this.#port);
      this.#port = this.#sender.port;
      this.#sender.send(payload);
      return undefined;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.close();
      return error.message;
    }
  }

  close(): void {
    this.#sender?.close();
    this.#sender = undefined;
  }

  #route(): BfdRoute {
    const { neighbor, source, interface: name, multihop, ttl } = this.#session;
    const found = name === undefined ? undefined : this.#interfaces().get(name);
    if (name !== undefined && found === undefined) throw new KernelError("send", "ENODEV");
    const device = found === undefined ? undefined : { name: found.name, index: found.index };
    const destinationPort = multihop ? BFD_MULTIHOP_PORT : BFD_PORT;
    return { destination: neighbor, destinationPort, source, device, ttl };
  }
}
