/**
 * A generic netlink socket on the raw one of the `netlink` package: requests that go to the kernel many in one datagram,
 * dumps one at a time, and the kernel's refusals as KernelError.
 *
 * Of many requests only the last one asks for an acknowledgement: the kernel carries them out in the order in which they
 * are sent and answers on its own to those that it refuses, so that whatever has not been refused by then was done.
 *
 * Requests and dumps have a socket each, as the kernel goes on with a dump whenever there is room for its answers.
 */

import { RawNetlinkSocket } from "netlink";
import { CONTROLLER, decodeFamily, encodeGetFamily, NETLINK_GENERIC } from "../core/wire/generic-netlink.ts";
import {
  decodeNetlinkMessages,
  netlinkErrno,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../core/wire/netlink-message.ts";
import { NetlinkWriter } from "../core/wire/netlink.ts";
import { errnoName, KernelError } from "./kernel-error.ts";

/** The kernel answers within the call; this is for one that does not. */
const TIMEOUT_MS = 10_000;
/** Requests in one datagram: refusals of all of them must fit into the socket's receive buffer. */
const TOGETHER_MAX = 100;
/** The most that the kernel puts into one datagram of a dump (net/netlink/af_netlink.c, netlink_recvmsg). */
const DATAGRAM_MAX = 32_768;

/** For the socket; the kernel makes less of it where less is allowed. */
const BUFFER_SIZE = 1_048_576;

/** The way to the kernel is lost, not the one operation: the family has to be opened again. */
export class NetlinkLost extends KernelError {}

/** Bytes of a request, about: what memory is taken for at first. */
const REQUEST_LENGTH = 160;

/** How requests of a kind are told, to the kernel and to whoever asks. */
interface RequestLanguage<Request> {
  /** What it is, in words. */
  readonly operation: (request: Request) => string;
  /** Writes its message, when it is sent: of thousands only a few are in memory at once. */
  readonly write: (request: Request, to: NetlinkWriter) => void;
}

/** A family of generic netlink, spoken to. */
export interface GenericNetlinkFamily {
  /** Sends one message and waits until the kernel has carried it out; throws KernelError or NetlinkLost. */
  request(operation: string, message: Uint8Array): Promise<void>;
  /**
   * Sends many, which take effect in their order, and waits until the kernel has been through all of them: the refusals, by
   * place. Throws NetlinkLost.
   */
  requests<Request>(
    requests: readonly Request[],
    language: RequestLanguage<Request>,
  ): Promise<ReadonlyMap<number, KernelError>>;
  /** Asks for one thing, and gives the answer, if there is one; throws KernelError or NetlinkLost. */
  ask(operation: string, message: Uint8Array): Promise<Uint8Array | undefined>;
  /** Asks for a list, and gives its parts; throws KernelError. */
  dump(operation: string, message: Uint8Array): Promise<readonly Uint8Array[]>;
  /** Closes the sockets; outstanding requests fail. */
  close(): void;
}

/** Opens the family of that name; undefined when the kernel does not have it. Throws KernelError. */
export async function openGenericNetlink(name: string): Promise<GenericNetlinkFamily | undefined> {
  const requests = new Socket();
  let dumps: Socket | undefined;
  try {
    const operation = `ask for the netlink family ${name}`;
    const answer = await requests.ask(CONTROLLER, operation, encodeGetFamily(name));
    const family = answer === undefined ? undefined : decodeFamily(answer);
    if (family === undefined) throw new KernelError(operation, "EPROTO");
    dumps = new Socket();
    return speak(family, requests, dumps);
  } catch (error) {
    requests.close();
    dumps?.close();
    if (error instanceof KernelError && error.errno === "ENOENT") return undefined;
    throw error;
  }
}

function speak(family: number, requests: Socket, dumps: Socket): GenericNetlinkFamily {
  let lastDump: Promise<unknown> = Promise.resolve();
  return {
    async request(operation, message) {
      await requests.ask(family, operation, message);
    },
    requests: (many, language) => requests.send(family, many, language),
    ask: (operation, message) => requests.ask(family, operation, message),
    dump(operation, message) {
      const dump = lastDump.then(() => dumps.dump(family, operation, message));
      lastDump = dump.catch(() => undefined);
      return dump;
    },
    close() {
      requests.close();
      dumps.close();
    },
  };
}

/** A datagram that was sent, and what has come back of it so far. */
interface Exchange {
  readonly first: number;
  readonly length: number;
  /** What a request of it is, by its place. */
  readonly operation: (index: number) => string;
  readonly refusals: Map<number, KernelError>;
  readonly answers: Uint8Array[];
  interrupted: boolean;
  readonly timer: NodeJS.Timeout;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

class Socket {
  readonly #socket = new RawNetlinkSocket(NETLINK_GENERIC, {
    messagePeeking: false,
    msgBufferSize: DATAGRAM_MAX,
    recvBufferSize: BUFFER_SIZE,
    sendBufferSize: BUFFER_SIZE,
  });
  #sequence = 1;
  #broken: Error | undefined;
  #closed = false;
  #exchanges: Exchange[] = [];

  constructor() {
    this.#socket.unref();
    this.#socket.on("message", (datagram) => this.#receive(datagram));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("truncatedMessage", () => this.#fail(new Error("a netlink message was cut short")));
  }

  /** Carries out many. */
  async send<Request>(
    type: number,
    requests: readonly Request[],
    language: RequestLanguage<Request>,
  ): Promise<ReadonlyMap<number, KernelError>> {
    const refusals = new Map<number, KernelError>();
    for (let start = 0; start < requests.length; start += TOGETHER_MAX) {
      const together = requests.slice(start, start + TOGETHER_MAX);
      const exchange = await this.#exchange(type, together, language, 0);
      for (const [index, error] of exchange.refusals) refusals.set(start + index, error);
    }
    return refusals;
  }

  /** Carries out one, and gives what was answered beside the acknowledgement. */
  async ask(type: number, operation: string, message: Uint8Array): Promise<Uint8Array | undefined> {
    const { refusals, answers } = await this.#exchange(type, [message], saying(operation), 0);
    const refusal = refusals.get(0);
    if (refusal !== undefined) throw refusal;
    return answers[0];
  }

  /** All parts of a dump. */
  async dump(type: number, operation: string, message: Uint8Array): Promise<readonly Uint8Array[]> {
    const exchange = await this.#exchange(type, [message], saying(operation), NLM_F_DUMP);
    const refusal = exchange.refusals.get(0);
    if (refusal !== undefined) throw refusal;
    if (exchange.interrupted) throw new KernelError(operation, "EINTR");
    return exchange.answers;
  }

  close(): void {
    if (!this.#closed) this.#socket.close();
    this.#closed = true;
    this.#fail(new Error("the netlink socket is closed"));
  }

  #exchange<Request>(
    type: number,
    requests: readonly Request[],
    { operation, write }: RequestLanguage<Request>,
    flags: number,
  ): Promise<Exchange> {
    const first = this.#sequence;
    this.#sequence = (first + requests.length) >>> 0;
    const last = requests.length - 1;
    const datagram = new NetlinkWriter(requests.length * REQUEST_LENGTH);
    for (const [index, request] of requests.entries())
      datagram.message(
        type,
        NLM_F_REQUEST | flags | (index === last ? NLM_F_ACK : 0),
        (first + index) >>> 0,
        () => write(request, datagram),
      );
    return new Promise((resolve, reject) => {
      const operationAt = (index: number): string => {
        const request = requests[index];
        return request === undefined ? "" : operation(request);
      };
      const failed = (error: Error): void => reject(lost(operationAt(0), error));
      if (this.#broken !== undefined) return failed(this.#broken);
      const exchange: Exchange = {
        first,
        length: requests.length,
        operation: operationAt,
        refusals: new Map(),
        answers: [],
        interrupted: false,
        timer: setTimeout(() => this.#fail(new Timeout()), TIMEOUT_MS),
        done: () => resolve(exchange),
        failed,
      };
      if (this.#exchanges.length === 0) this.#socket.ref();
      this.#exchanges.push(exchange);
      this.#socket.send(datagram.bytes, {}, (error) => {
        if (error !== undefined) this.#fail(error);
      });
    });
  }

  #receive({ buffer, byteOffset, length }: Uint8Array): void {
    // It is a Buffer, parts of which are Buffers, which take twice as long to make as plain arrays.
    for (const message of decodeNetlinkMessages(new Uint8Array(buffer, byteOffset, length))) {
      const exchange = this.#exchanges.find(
        ({ first, length: many }) => (message.sequence - first) >>> 0 < many,
      );
      if (exchange !== undefined && isOver(message, exchange)) this.#end(exchange);
    }
  }

  #end(exchange: Exchange): void {
    clearTimeout(exchange.timer);
    this.#exchanges = this.#exchanges.filter((other) => other !== exchange);
    if (this.#exchanges.length === 0) this.#socket.unref();
    exchange.done();
  }

  #fail(error: Error): void {
    this.#broken ??= error;
    for (const { timer, failed } of this.#exchanges.splice(0)) {
      clearTimeout(timer);
      failed(this.#broken);
    }
  }
}

/** For one message that has been encoded already. */
function saying(operation: string): RequestLanguage<Uint8Array> {
  return { operation: () => operation, write: (message, to) => to.raw(message) };
}

/** Takes a message of the kernel's down; true when it is the last one. */
function isOver(message: NetlinkMessage, exchange: Exchange): boolean {
  const index = (message.sequence - exchange.first) >>> 0;
  if ((message.flags & NLM_F_DUMP_INTR) !== 0) exchange.interrupted = true;
  if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) {
    exchange.answers.push(message.data);
    return false;
  }
  const errno = netlinkErrno(message);
  if (errno !== 0) {
    exchange.refusals.set(index, new KernelError(exchange.operation(index), errnoName(errno)));
  }
  return index === exchange.length - 1;
}

class Timeout extends Error {
  readonly code = "ETIMEDOUT";
}

function lost(operation: string, error: Error): NetlinkLost {
  return new NetlinkLost(operation, "code" in error ? String(error.code) : "EIO", error);
}
