/**
 * The interfaces that adverts are sent and heard on: one pair of sockets for each and for each family, however many virtual
 * routers share it. A socket is bound to an interface by its index; when an interface is made anew under its old name, so
 * is the socket.
 *
 * A virtual router with an interface of its own has sockets there, too. What they hear counts as heard on the interface
 * below: the kernel gives each packet to one of the two.
 */

import type { Family, IpAddress } from "../core/units/ip-address.ts";
import type { VirtualRouter } from "../core/vrrp/model.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import type { Mac } from "../core/units/mac.ts";
import { IPPROTO_VRRP } from "../core/wire/vrrp.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { openLinkSocket } from "../linux/link-socket.ts";
import type { Receiver } from "../linux/receiver.ts";
import { openVrrpSocket, type VrrpSocket } from "../linux/vrrp-socket.ts";

/** A family on an interface. */
export interface SegmentName {
  readonly interface: string;
  readonly family: Family;
}

/** Who hears of what arrives. */
export interface SegmentListener {
  packet(segment: SegmentName, packet: Uint8Array): void;
  /** There is such an interface, but it cannot be listened on; told once for each failure. */
  failed(segment: SegmentName, error: KernelError): void;
}

/** A segment that is asked for; without a group nothing but unicast is heard there. */
interface Wanted extends SegmentName {
  readonly group: IpAddress | undefined;
  /** The segment that what is heard belongs to, and the virtual hardware address where the interface has one. */
  readonly heardOn: SegmentName;
  readonly mac?: Mac;
}

interface Segment extends Wanted {
  readonly index: number;
  readonly socket: VrrpSocket;
}

/** The open segments. */
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

  /** Opens a socket on each interface that `routers` need and that exists, and closes those no longer asked for. */
  update(routers: readonly VirtualRouter[], interfaces: Interfaces): void {
    const wanted = wantedBy(routers);
    for (const [key, segment] of this.#open) {
      const same = wanted.get(key)?.group === segment.group && wanted.has(key);
      if (!same || interfaces.get(segment.interface)?.index !== segment.index) this.#close(key, segment);
    }
    for (const [key, segment] of wanted) {
      const found = interfaces.get(segment.interface);
      if (found !== undefined && !this.#open.has(key)) this.#openOn(segment, found.index);
    }
  }

  /**
   * Sends a packet of a router's: by its own interface, or, when that fails, by the one below, for a farewell has to be said
   * also when somebody has taken the interface away. Throws a KernelError, ENODEV when there is neither.
   */
  send(router: VirtualRouter, packet: Uint8Array, destination: IpAddress): void {
    const own = router.sendsByLink === true ? ownSegment(router) : undefined;
    const socket = own && this.#socketOf(own);
    try {
      if (socket !== undefined) {
        socket.send(packet, destination);
        return;
      }
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
    const below = this.#socketOf(router);
    if (below === undefined) throw new KernelError("send", "ENODEV");
    below.send(packet, destination);
  }

  /** The interfaces of a router that cannot be listened on though they are there. */
  deafOn(router: VirtualRouter, interfaces: Interfaces): readonly string[] {
    const needed = [router, ownSegment(router)].filter((segment) => segment !== undefined);
    return needed
      .filter((segment) => interfaces.has(segment.interface) && this.#socketOf(segment) === undefined)
      .map((segment) => segment.interface);
  }

  /** Hears what has queued for a router. */
  drain(router: VirtualRouter): void {
    for (const segment of [router, ownSegment(router)]) {
      const socket = segment && this.#socketOf(segment);
      if (socket !== undefined) this.#receiver.drain(socket.receiveFd);
    }
  }

  /** Hears what has queued on all of them. */
  drainAll(): void {
    for (const { socket } of this.#open.values()) this.#receiver.drain(socket.receiveFd);
  }

  close(): void {
    for (const [key, segment] of this.#open) this.#close(key, segment);
  }

  #socketOf(segment: SegmentName): VrrpSocket | undefined {
    return this.#open.get(segmentKey(segment))?.socket;
  }

  #openOn(wanted: Wanted, index: number): void {
    const key = segmentKey(wanted);
    try {
      const { interface: name, family, group, mac } = wanted;
      const socket =
        mac === undefined || group === undefined
          ? openVrrpSocket(name, index, family, group, this.#protocol)
          : openLinkSocket(index, mac, group, this.#protocol);
      this.#open.set(key, { ...wanted, index, socket });
      this.#receiver.add(socket.receiveFd, {
        read: (buffer) => socket.receive(buffer),
        packet: (packet) => this.#listener.packet(wanted.heardOn, packet),
        // ENETDOWN, which the interface's own notification tells better.
        failed: () => {},
      });
      this.#failures.delete(key);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (this.#failures.get(key) !== error.message) this.#listener.failed(wanted, error);
      this.#failures.set(key, error.message);
    }
  }

  #close(key: string, { socket }: Segment): void {
    this.#open.delete(key);
    this.#receiver.remove(socket.receiveFd);
    socket.close();
  }
}

/** The same for all routers that share their sockets. */
export function segmentKey({ interface: name, family }: SegmentName): string {
  return `${name} ${family}`;
}

/** All multicast routers of a family have the same group: it is the whole director's. */
function wantedBy(routers: readonly VirtualRouter[]): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const router of routers) {
    const { interface: name, family, delivery, link } = router;
    const heardOn = { interface: name, family };
    const key = segmentKey(heardOn);
    const group = delivery.type === "multicast" ? delivery.group : wanted.get(key)?.group;
    wanted.set(key, { ...heardOn, heardOn, group });
    const own = ownSegment(router);
    if (own === undefined) continue;
    const mac = link?.type === "macvlan" ? { mac: link.mac } : {};
    wanted.set(segmentKey(own), {
      ...own,
      ...mac,
      heardOn,
      group: delivery.type === "multicast" ? delivery.group : undefined,
    });
  }
  return wanted;
}

/**
 * Where a router hears what does not come in on the interface below: multicast from its virtual hardware address, or
 * unicast to its ipvlan's address.
 */
function ownSegment({ link, family, delivery }: VirtualRouter): SegmentName | undefined {
  if (link === undefined || (link.type === "macvlan") !== (delivery.type === "multicast")) return undefined;
  return { interface: link.name, family };
}
