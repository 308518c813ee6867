/**
 * Interfaces and their IPv4 addresses, by rtnetlink (rtnetlink(7), linux/if_addr.h, linux/if_link.h).
 * What the kernel tells unasked is heard elsewhere (`rtnetlink-monitor.ts`): it would cut a dump short.
 */

import { createRtNetlink, type RtNetlinkSocket, rt } from "netlink";
import { type Ipv4, ipv4At, ipv4Bytes } from "../core/units/ipv4.ts";
import { type Mac, macFrom } from "../core/units/mac.ts";
import { netlinkFailure } from "./netlink-failure.ts";
import { Turnstile } from "./turnstile.ts";

/** linux/netlink.h: flags of a request. */
const NLM_F_DUMP = 0x300;
const NLM_F_CREATE_EXCL = 0x600;
const AF_INET = 2;
const REQUEST_TIMEOUT_MS = 2_000;
/**
 * Requests in flight together. Their answers must fit into the socket's receive buffer (net.core.rmem_default, 208 KiB; an
 * answer takes about one): the `netlink` package ends the process when it overflows.
 */
const IN_FLIGHT_MAX = 32;

/** A network interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Switched on, and with carrier: IFF_UP and IFF_RUNNING. */
  readonly up: boolean;
  /** Its Ethernet address; undefined for interfaces that have none, such as tunnels. */
  readonly mac: Mac | undefined;
}

/** An IPv4 address on an interface. */
export interface InterfaceAddress {
  readonly interfaceIndex: number;
  readonly address: Ipv4;
  readonly prefixLength: number;
}

/** The way to the kernel's interfaces and addresses. */
export class Rtnetlink {
  readonly #requests: RtNetlinkSocket = createRtNetlink();
  readonly #turnstile = new Turnstile(IN_FLIGHT_MAX);

  /** All interfaces. */
  async links(): Promise<Link[]> {
    const messages = await this.#request("list the interfaces", () =>
      this.#requests.getLinks({}, {}, { flags: NLM_F_DUMP, timeout: REQUEST_TIMEOUT_MS }),
    );
    return messages.flatMap((message) => linkOf(message) ?? []);
  }

  /** All IPv4 addresses. */
  async addresses(): Promise<InterfaceAddress[]> {
    const messages = await this.#request("list the addresses", () =>
      this.#requests.getAddresses(
        { family: AF_INET },
        {},
        { flags: NLM_F_DUMP, timeout: REQUEST_TIMEOUT_MS },
      ),
    );
    return messages.flatMap((message) => addressOf(message) ?? []);
  }

  /** Adds an address. Throws a KernelError, EEXIST when it is there already. */
  async addAddress({ interfaceIndex, address, prefixLength }: InterfaceAddress): Promise<void> {
    await this.#request(`add address ${address}/${prefixLength}`, () =>
      this.#requests.newAddress(
        { family: AF_INET, prefixlen: prefixLength, index: interfaceIndex },
        addressAttributes(address),
        { flags: NLM_F_CREATE_EXCL, timeout: REQUEST_TIMEOUT_MS },
      ),
    );
  }

  /** Removes an address. Throws a KernelError, EADDRNOTAVAIL when it is not there. */
  async removeAddress({ interfaceIndex, address, prefixLength }: InterfaceAddress): Promise<void> {
    await this.#request(`remove address ${address}/${prefixLength}`, () =>
      this.#requests.delAddress(
        { family: AF_INET, prefixlen: prefixLength, index: interfaceIndex },
        addressAttributes(address),
        { timeout: REQUEST_TIMEOUT_MS },
      ),
    );
  }

  close(): void {
    this.#requests.socket.close();
  }

  async #request<Result>(operation: string, request: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#turnstile.pass(request);
    } catch (error) {
      throw netlinkFailure(operation, error);
    }
  }
}

function addressAttributes(address: Ipv4): rt.AddressAttrs {
  const bytes = Buffer.from(ipv4Bytes(address));
  return { local: bytes, address: bytes };
}

/** The link that a message is about; undefined when it is not about a link as such. */
export function linkOf({ data, attrs }: rt.LinkMessage): Link | undefined {
  // A bridge speaks of its ports in messages of the same type but of its own family.
  if ((data.family ?? 0) !== 0 || data.index === undefined || attrs.ifname === undefined) return undefined;
  return {
    index: data.index,
    name: attrs.ifname,
    up: data.flags?.up === true && data.flags.running === true,
    mac: attrs.address === undefined ? undefined : macFrom(attrs.address),
  };
}

/** The IPv4 address that a message is about; undefined when it is not about one. */
export function addressOf({ data, attrs }: rt.AddressMessage): InterfaceAddress | undefined {
  const bytes = attrs.local ?? attrs.address;
  if (data.family !== AF_INET || data.index === undefined || bytes?.length !== 4) return undefined;
  return { interfaceIndex: data.index, address: ipv4At(bytes, 0), prefixLength: data.prefixlen ?? 32 };
}
