/**
 * Interfaces and their addresses, by rtnetlink (rtnetlink(7), linux/if_addr.h, linux/if_link.h).
 * What the kernel tells unasked is heard elsewhere (`rtnetlink-monitor.ts`): it would cut a dump short.
 */

import { createRtNetlink, type RtNetlinkSocket, rt } from "netlink";
import { familyOf, type IpAddress, ipAt, ipBytes, ipLength } from "../core/units/ip-address.ts";
import { type Mac, macFrom } from "../core/units/mac.ts";
import { lifetime } from "../core/vrrp/lease.ts";
import type { VirtualAddress } from "../core/vrrp/model.ts";
import type { Stacked } from "../core/vrrp/surroundings.ts";
import type { VirtualLink } from "../core/vrrp/virtual-link.ts";
import type { Holder } from "../core/realserver/model.ts";
import { decodeHolder, encodeHolder } from "../core/wire/holder-link.ts";
import { decodeLinkInfo, encodeLinkInfo } from "../core/wire/link.ts";
import { AF_INET, AF_INET6 } from "./libc.ts";
import { KernelError } from "./kernel-error.ts";
import { netlinkFailure } from "./netlink-failure.ts";
import { Turnstile } from "./turnstile.ts";

/** linux/netlink.h: flags of a request. */
const NLM_F_DUMP = 0x300;
const NLM_F_CREATE_EXCL = 0x600;
const NLM_F_REPLACE = 0x100;
const REQUEST_TIMEOUT_MS = 2_000;
/** A list that is not answered in time is asked for so often. */
const ASKED_MAX = 3;
/** INFINITY_LIFE_TIME (linux/if_addr.h and addrconf.h). */
const FOR_EVER = 0xffff_ffff;
/**
 * Requests in flight together. Their answers must fit into the socket's receive buffer (net.core.rmem_default, 208 KiB; an
 * answer takes about one): what does not fit is lost, and its request fails when its time is up.
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
  /** Switched on: IFF_UP. */
  readonly enabled: boolean;
  readonly stacked: Stacked | undefined;
  /** What a real server may hold virtual addresses on. */
  readonly holder: Holder | undefined;
}

/** An address on an interface. */
export interface InterfaceAddress {
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** The other end of a point-to-point link, whose prefix length this is. */
  readonly peer?: IpAddress;
  /** IPv6: a duplicate is still being looked for, or was found: it may not be used. */
  readonly tentative?: boolean;
  /** Its lifetime has no end. */
  readonly permanent?: boolean;
  /** IPv6: another machine has it, too. */
  readonly duplicate?: boolean;
}

/** The way to the kernel's interfaces and addresses. */
export class Rtnetlink {
  readonly #requests: RtNetlinkSocket = createRtNetlink();
  readonly #turnstile = new Turnstile(IN_FLIGHT_MAX);

  constructor() {
    // Whatever is wrong with the socket, requests miss their answers for it, and each has its time limit.
    this.#requests.socket.on("error", () => {});
  }

  /** All interfaces. */
  async links(): Promise<Link[]> {
    const messages = await this.#list("list the interfaces", () =>
      this.#requests.getLinks({}, {}, { flags: NLM_F_DUMP, timeout: REQUEST_TIMEOUT_MS }),
    );
    return messages.flatMap((message) => linkOf(message) ?? []);
  }

  /** All addresses, those of IPv4 first. */
  async addresses(): Promise<InterfaceAddress[]> {
    const messages = await this.#list("list the addresses", async () => [
      ...(await this.#dumpAddresses(AF_INET)),
      ...(await this.#dumpAddresses(AF_INET6)),
    ]);
    return messages.flatMap((message) => addressOf(message) ?? []);
  }

  /** Makes an interface on top of the one with that index, switched off. Throws a KernelError, EEXIST when the name is taken. */
  async addLink(link: VirtualLink, on: number): Promise<void> {
    await this.#request(`make the ${link.type} ${link.name} on ${link.base}`, () =>
      this.#requests.newLink(
        {},
        {
          ifname: link.name,
          link: indexBytes(on),
          linkinfo: Buffer.from(encodeLinkInfo(link)),
          ...(link.type === "macvlan" ? { address: Buffer.from(link.mac) } : {}),
        },
        { flags: NLM_F_CREATE_EXCL, timeout: REQUEST_TIMEOUT_MS },
      ),
    );
  }

  /** Makes a dummy or a tunnel's end, switched off. Throws a KernelError, EEXIST when the name or the end is taken. */
  async addHolder(holder: Holder): Promise<void> {
    await this.#request(`make the ${holder.kind} ${holder.name}`, () =>
      this.#requests.newLink(
        {},
        { ifname: holder.name, linkinfo: Buffer.from(encodeHolder(holder)) },
        { flags: NLM_F_CREATE_EXCL, timeout: REQUEST_TIMEOUT_MS },
      ),
    );
  }

  /** Switches an interface on. Throws a KernelError, EBUSY or EADDRINUSE when its hardware address is another's there. */
  async switchOn(name: string, index: number): Promise<void> {
    await this.#request(`switch ${name} on`, () =>
      this.#requests.setLink(
        { index, flags: { up: true }, change: { up: true } },
        {},
        { timeout: REQUEST_TIMEOUT_MS },
      ),
    );
  }

  /** Removes an interface. Throws a KernelError, ENODEV when it is not there. */
  async removeLink(name: string, index: number): Promise<void> {
    await this.#request(`remove ${name}`, () =>
      this.#requests.delLink({ index }, {}, { timeout: REQUEST_TIMEOUT_MS }),
    );
  }

  /** Adds an address to an interface. Throws a KernelError, EEXIST when it is there already. */
  async addAddress(interfaceIndex: number, address: VirtualAddress): Promise<void> {
    await this.#request(`add address ${address.address}/${address.prefixLength}`, () =>
      this.#newAddress(interfaceIndex, address, NLM_F_CREATE_EXCL),
    );
  }

  /**
   * Sets the lifetimes of an address that is there to those of a lease that begins now, or to for ever; one that is not
   * there is added. `permanent` says that it has no lease so far. Throws a KernelError.
   *
   * IPv6: the kernel gives the route to a permanent address's network the new lifetime, whoever else has an address in
   * that network (seen with Linux 6.18). It does not when the address gives up its claim on the route first.
   */
  async renewAddress(interfaceIndex: number, address: VirtualAddress, permanent: boolean): Promise<void> {
    const routeFirst = permanent && familyOf(address.address) === 6 && address.lease !== undefined;
    await this.#request(`renew address ${address.address}/${address.prefixLength}`, async () => {
      const without: VirtualAddress = { ...address, noPrefixRoute: true };
      await Promise.all([
        ...(routeFirst ? [this.#newAddress(interfaceIndex, without, NLM_F_REPLACE)] : []),
        this.#newAddress(interfaceIndex, address, NLM_F_REPLACE),
      ]);
    });
  }

  /** Removes an address. Throws a KernelError, EADDRNOTAVAIL when it is not there. */
  async removeAddress(address: InterfaceAddress): Promise<void> {
    await this.#request(`remove address ${address.address}/${address.prefixLength}`, () =>
      this.#requests.delAddress(messageOf(address), addressAttributes(address), {
        timeout: REQUEST_TIMEOUT_MS,
      }),
    );
  }

  close(): void {
    this.#requests.socket.close();
  }

  #newAddress(interfaceIndex: number, address: VirtualAddress, flags: number): Promise<unknown> {
    return this.#requests.newAddress(
      { ...messageOf({ ...address, interfaceIndex }), ...(address.scope ? { scope: address.scope } : {}) },
      { ...addressAttributes(address), ...manners(address) },
      { flags, timeout: REQUEST_TIMEOUT_MS },
    );
  }

  #dumpAddresses(family: number): Promise<rt.AddressMessage[]> {
    const options = { flags: NLM_F_DUMP, timeout: REQUEST_TIMEOUT_MS };
    return this.#requests.getAddresses({ family }, {}, options);
  }

  /** A process that stood still finds that its time is up before it sees that the answer is there: it asks again. */
  async #list<Result>(operation: string, request: () => Promise<Result>): Promise<Result> {
    for (let asked = 1; ; asked += 1) {
      try {
        return await this.#request(operation, request);
      } catch (error) {
        const isLate = error instanceof KernelError && error.errno === "ETIMEDOUT";
        if (!isLate || asked === ASKED_MAX) throw error;
      }
    }
  }

  async #request<Result>(operation: string, request: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#turnstile.pass(request);
    } catch (error) {
      throw netlinkFailure(operation, error);
    }
  }
}

/** IFLA_LINK: an integer in host order. */
function indexBytes(index: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(index);
  return bytes;
}

function messageOf({ interfaceIndex, address, prefixLength }: InterfaceAddress): rt.Address {
  return { family: domainOf(address), prefixlen: prefixLength, index: interfaceIndex };
}

/** IFA_LOCAL is our end, IFA_ADDRESS the other, or ours again where there is no other. */
function addressAttributes({ address, peer }: Pick<InterfaceAddress, "address" | "peer">): rt.AddressAttrs {
  return { local: Buffer.from(ipBytes(address)), address: Buffer.from(ipBytes(peer ?? address)) };
}

function domainOf(address: IpAddress): number {
  return familyOf(address) === 6 ? AF_INET6 : AF_INET;
}

/**
 * How an address is added. One of IPv6 without duplicate address detection: it may be used at once, and a takeover from a
 * master that is still there must not be lost to it. A /128 is no address of the network's, so this machine does not pick
 * it as the source of its own connections, unless told so: it is deprecated from the start (RFC 6724 §5), as with
 * keepalived.
 */
function manners(virtual: VirtualAddress): rt.AddressAttrs {
  const { address, prefixLength, label, broadcast, noPrefixRoute, lease } = virtual;
  const prefixRoute: rt.AddressFlags = noPrefixRoute === true ? { noprefixroute: true } : {};
  const ifaValid = lease === undefined ? FOR_EVER : lifetime(lease);
  if (familyOf(address) === 4) {
    return {
      flags: prefixRoute,
      cacheInfo: { ifaPrefered: ifaValid, ifaValid },
      ...(label === undefined ? {} : { label }),
      ...(broadcast === undefined ? {} : { broadcast: Buffer.from(ipBytes(broadcast)) }),
    };
  }
  const deprecated = virtual.deprecated ?? prefixLength === 128;
  return {
    flags: { nodad: true, ...prefixRoute },
    cacheInfo: { ifaPrefered: deprecated ? 0 : ifaValid, ifaValid },
  };
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
    enabled: data.flags?.up === true,
    stacked: stackedOf(attrs),
    holder: attrs.linkinfo && decodeHolder(attrs.ifname, attrs.linkinfo),
  };
}

function stackedOf({ link, linkinfo, linkNetnsid }: rt.LinkMessage["attrs"]): Stacked | undefined {
  const info = linkinfo && decodeLinkInfo(linkinfo);
  if (info === undefined || link?.length !== 4) return undefined;
  return { ...info, parent: linkNetnsid === undefined ? link.readUInt32LE() : undefined };
}

/** The address that a message is about; undefined when it is not about one. */
export function addressOf({ data, attrs }: rt.AddressMessage): InterfaceAddress | undefined {
  const bytes = attrs.local ?? attrs.address;
  const family = data.family === AF_INET6 ? 6 : 4;
  if (data.family !== AF_INET && data.family !== AF_INET6) return undefined;
  if (data.index === undefined || bytes?.length !== ipLength(family)) return undefined;
  const address = ipAt(family, bytes, 0);
  const peer = attrs.address?.length === bytes.length ? ipAt(family, attrs.address, 0) : address;
  return {
    interfaceIndex: data.index,
    address,
    prefixLength: data.prefixlen ?? 0,
    ...(peer === address ? {} : { peer }),
    tentative: (attrs.flags ?? data.flags)?.tentative === true,
    permanent: (attrs.flags ?? data.flags)?.permanent === true,
    duplicate: (attrs.flags ?? data.flags)?.dadfailed === true,
  };
}
