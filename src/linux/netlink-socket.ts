/**
 * A netlink socket for requests that are answered on the spot: the kernel carries a request out within the call that sends
 * it, and its answer waits when that call returns. So nothing here waits, and a change of the kernel's is made when the
 * call comes back.
 *
 * A dump may be long, where there are routes of the whole Internet: it is read a part at a time, and the event loop has
 * its turn after each.
 */

import { setImmediate as turn } from "node:timers/promises";
import {
  decodeNetlinkMessages,
  encodeNetlinkMessage,
  type NetlinkMessage,
  netlinkErrno,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../core/wire/netlink-message.ts";
import { joined } from "../core/wire/netlink.ts";
import { errnoName, KernelError } from "./kernel-error.ts";
import {
  AF_NETLINK,
  bind,
  boundTo,
  close,
  receive,
  sendTo,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  setSocketOption,
  socket,
} from "./libc.ts";

/** linux/socket.h, linux/netlink.h: the kernel looks at what a dump asks for, and gives no more. */
const SOL_NETLINK = 270;
const NETLINK_GET_STRICT_CHK = 12;
/** What the kernel gives at once is no longer than 32 KiB. */
const ANSWER_MAX = 65_536;
/** So often a list is asked for that changes all the time. */
const DUMPS_MAX = 5;
/** Room for the answers of a batch. */
const RECEIVE_BUFFER = 1 << 20;
/** struct sockaddr_nl (linux/netlink.h): family, padding, port, groups. As a peer, port 0 is the kernel. */
const ADDRESS_LENGTH = 12;
const KERNEL = new Uint8Array(ADDRESS_LENGTH);
KERNEL[0] = AF_NETLINK;

/** What to ask, and with which flags besides those that every request has. */
export interface NetlinkRequest {
  readonly type: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

/** An open socket of one protocol of netlink's. */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #answer = new Uint8Array(ANSWER_MAX);
  #sequence = 0;

  /** `protocol`: NETLINK_ROUTE, NETLINK_NETFILTER. Throws a KernelError. */
  constructor(protocol: number) {
    this.#fd = socket(AF_NETLINK, SOCK_RAW, protocol);
    // Port 0 as our own: the kernel chooses one.
    bind(this.#fd, KERNEL);
    setSocketOption(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    try {
      setSocketOption(this.#fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
    } catch (error) {
      // Before Linux 4.20 a dump gives all there is, and the reader leaves out the rest.
      if (!(error instanceof KernelError)) throw error;
    }
  }

  /** The number that the kernel knows this socket by. */
  get port(): number {
    const address = boundTo(this.#fd, ADDRESS_LENGTH);
    return new DataView(address.buffer).getUint32(4, true);
  }

  /** Carries out one request. Throws a KernelError. */
  request(operation: string, request: NetlinkRequest): void {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const flags = NLM_F_REQUEST | NLM_F_ACK | request.flags;
    this.#send(operation, encodeNetlinkMessage({ ...request, flags, sequence }));
    this.#await(operation, sequence);
  }

  /**
   * Carries out several requests as one transaction, as netfilter does between a message that begins it and one that ends
   * it: all of them, or none. Throws a KernelError with the first refusal.
   */
  transaction(
    operation: string,
    begin: NetlinkRequest,
    requests: readonly NetlinkRequest[],
    end: NetlinkRequest,
  ): void {
    const first = this.#sequence + 1;
    this.#sequence += requests.length + 2;
    const flagged = [
      { ...begin, flags: begin.flags | NLM_F_REQUEST },
      ...requests.map((request) => ({ ...request, flags: request.flags | NLM_F_REQUEST | NLM_F_ACK })),
      { ...end, flags: end.flags | NLM_F_REQUEST },
    ];
    const messages = flagged.map((message, index) =>
      encodeNetlinkMessage({ ...message, sequence: first + index }),
    );
    this.#send(operation, joined(messages));
    this.#await(operation, first + requests.length);
  }

  /**
   * Asks for a list, and gives what `read` makes of its parts. One that changed under the kernel's hands is asked for
   * again, a few times. Throws a KernelError. One dump at a time.
   */
  async dump<Part>(
    operation: string,
    request: NetlinkRequest,
    read: (message: NetlinkMessage) => Part | undefined,
  ): Promise<readonly Part[]> {
    for (let dumps = 1; ; dumps += 1) {
      const { parts, interrupted } = await this.#dumpOnce(operation, request, read);
      if (!interrupted || dumps === DUMPS_MAX) return parts;
    }
  }

  async #dumpOnce<Part>(
    operation: string,
    request: NetlinkRequest,
    read: (message: NetlinkMessage) => Part | undefined,
  ): Promise<{ readonly parts: readonly Part[]; readonly interrupted: boolean }> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const flags = NLM_F_REQUEST | NLM_F_DUMP | request.flags;
    const parts: Part[] = [];
    let interrupted = false;
    this.#send(operation, encodeNetlinkMessage({ ...request, flags, sequence }));
    for (;;) {
      for (const message of this.#receive(operation)) {
        if (message.sequence !== sequence) continue;
        interrupted ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          refuse(operation, netlinkErrno(message));
          return { parts, interrupted };
        }
        const part = read(message);
        if (part !== undefined) parts.push(part);
      }
      await turn();
    }
  }

  close(): void {
    close(this.#fd);
  }

  #send(operation: string, bytes: Uint8Array): void {
    try {
      sendTo(this.#fd, bytes, KERNEL);
    } catch (error) {
      throw error instanceof KernelError ? new KernelError(operation, error.errno, error) : error;
    }
  }

  /** Reads until the request of that number, or one before it that was refused, is answered. */
  #await(operation: string, last: number): void {
    for (;;) {
      for (const message of this.#receive(operation)) {
        if (message.type !== NLMSG_ERROR || message.sequence > last) continue;
        const errno = netlinkErrno(message);
        if (errno !== 0) this.#drain();
        refuse(operation, errno);
        if (message.sequence === last) return;
      }
    }
  }

  /** What the kernel has answered; it does not answer later what it has not answered now. */
  #receive(operation: string): readonly NetlinkMessage[] {
    const length = receive(this.#fd, this.#answer);
    if (length === undefined) throw new KernelError(operation, "ENODATA");
    return decodeNetlinkMessages(this.#answer.slice(0, length));
  }

  #drain(): void {
    while (receive(this.#fd, this.#answer) !== undefined) {
      // Answers to the rest of a transaction that was given up.
    }
  }
}

function refuse(operation: string, errno: number): void {
  if (errno !== 0) throw new KernelError(operation, errnoName(errno));
}
