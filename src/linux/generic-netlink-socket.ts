/**
 * A generic netlink socket on the `netlink` package: requests that may be in flight together, dumps one at a time, and
 * the kernel's refusals as KernelError.
 *
 * Requests and dumps have a socket each: the package groups the parts of a dump by their neighbourhood, and an answer in
 * between would cut it in two. The kernel carries requests out in the order in which they are sent.
 */

import { createNetlink, type NetlinkMessage, type NetlinkSocket } from "netlink";
import { CONTROLLER, decodeFamily, encodeGetFamily, NETLINK_GENERIC } from "../core/wire/generic-netlink.ts";
import { KernelError } from "./kernel-error.ts";

/** The kernel answers within the call; this is for one that does not. */
const TIMEOUT_MS = 10_000;
/** NLM_F_DUMP of linux/netlink.h: give all there is. */
const DUMP = 0x300;
/** NLM_F_DUMP_INTR of linux/netlink.h: the table changed while it was dumped. */
const DUMP_INTERRUPTED = 0x10;

/** The way to the kernel is lost, not the one operation: the family has to be opened again. */
export class NetlinkLost extends KernelError {}

/** A family of generic netlink, spoken to. */
export interface GenericNetlinkFamily {
  /** Sends one message and waits until the kernel has carried it out; throws KernelError or NetlinkLost. */
  request(operation: string, message: Uint8Array): Promise<void>;
  /** Asks for one thing, and gives the answer, if there is one; throws KernelError or NetlinkLost. */
  ask(operation: string, message: Uint8Array): Promise<Uint8Array | undefined>;
  /** Asks for a list, and gives its parts; throws KernelError. */
  dump(operation: string, message: Uint8Array): Promise<readonly Uint8Array[]>;
  /** Closes the sockets; outstanding requests fail. */
  close(): void;
}

/** Opens the family of that name; undefined when the kernel does not have it. Throws KernelError. */
export async function openGenericNetlink(name: string): Promise<GenericNetlinkFamily | undefined> {
  const requests = openSocket();
  let dumps: Socket | undefined;
  try {
    const operation = `ask for the netlink family ${name}`;
    const [answer] = await requests.ask(operation, CONTROLLER, encodeGetFamily(name), 0);
    const family = answer === undefined ? undefined : decodeFamily(answer.data);
    if (family === undefined) throw new KernelError(operation, "EPROTO");
    dumps = openSocket();
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
      await requests.ask(operation, family, message, 0);
    },
    async ask(operation, message) {
      const [answer] = await requests.ask(operation, family, message, 0);
      return answer?.data;
    },
    dump(operation, message) {
      const dump = lastDump.then(async () => {
        const parts = await dumps.ask(operation, family, message, DUMP);
        if (parts.some((part) => (part.flags & DUMP_INTERRUPTED) !== 0))
          throw new KernelError(operation, "EINTR");
        return parts.map((part) => part.data);
      });
      lastDump = dump.catch(() => undefined);
      return dump;
    },
    close() {
      requests.close();
      dumps.close();
    },
  };
}

interface Socket {
  ask(operation: string, type: number, message: Uint8Array, flags: number): Promise<NetlinkMessage[]>;
  close(): void;
}

function openSocket(): Socket {
  const socket: NetlinkSocket = createNetlink(NETLINK_GENERIC);
  let broken: Error | undefined;
  const waiting = new Set<(error: Error) => void>();
  const fail = (error: Error): void => {
    broken ??= error;
    for (const reject of waiting) reject(broken);
    waiting.clear();
  };
  socket.on("error", fail);
  socket.on("truncatedMessage", () => fail(new Error("a netlink message was cut short")));
  return {
    async ask(operation, type, message, flags) {
      let leave: ((error: Error) => void) | undefined;
      try {
        if (broken !== undefined) throw broken;
        const failure = new Promise<never>((_, reject) => {
          leave = reject;
          waiting.add(reject);
        });
        const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
        const answer = socket.request(type, bytes, { flags, timeout: TIMEOUT_MS });
        const [messages] = await Promise.race([answer, failure]);
        return messages;
      } catch (error) {
        throw refusal(operation, error);
      } finally {
        if (leave !== undefined) waiting.delete(leave);
      }
    },
    close() {
      if (broken === undefined) socket.close();
      fail(new Error("the netlink socket is closed"));
    },
  };
}

/** The package tells the errno of a refusal in the message only: `Request rejected: EEXIST`. */
function refusal(operation: string, error: unknown): KernelError {
  const message = error instanceof Error ? error.message : "";
  const rejected = /^Request rejected: (\S+)$/.exec(message)?.[1];
  if (rejected !== undefined) return new KernelError(operation, rejected, error);
  if (message.startsWith("Timeout")) return new NetlinkLost(operation, "ETIMEDOUT", error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "EIO";
  return new NetlinkLost(operation, code, error);
}
