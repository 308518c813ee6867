/**
 * Where a virtual router's adverts go, where they come from, and whose adverts it takes for its peers'.
 *
 * RFC 9568 knows multicast on one link. Unicast is keepalived's, for networks without multicast and for peers that are not
 * on one link. A router that takes unicast from anybody can be silenced from anywhere, so here a peer is one that is named.
 */

import { familyOf, type IpAddress, isIpv6 } from "../units/ip-address.ts";
import { isLinkLocal } from "../units/ipv6.ts";
import { VRRP_GROUP, VRRP_GROUP6, VRRP_TTL } from "../wire/vrrp.ts";

/** Another router of the same VRID that is spoken to by unicast. */
export interface UnicastPeer {
  readonly address: IpAddress;
  /** Its packets arrive with a TTL, or hop limit, of at least so much, 0..255; 255 means that it is on this link. */
  readonly minTtl: number;
  /** And of at most so much, 0..255. */
  readonly maxTtl: number;
}

/** Multicast to a group of the link (RFC 9568 §5.1.1.2, §5.1.2.2). */
interface Multicast {
  readonly type: "multicast";
  readonly group: IpAddress;
  /** mcast_src_ip: where adverts come from; undefined: the interface's own address. */
  readonly source: IpAddress | undefined;
}

/** Unicast to each peer. */
interface Unicast {
  readonly type: "unicast";
  /** May name this machine too, so that one file serves all: nobody sends to itself. */
  readonly peers: readonly UnicastPeer[];
  /** unicast_src_ip: where adverts come from; undefined: the interface's own address. */
  readonly source: IpAddress | undefined;
  /** unicast_ttl: the TTL of what is sent, 1..255. */
  readonly ttl: number;
  /** check_unicast_src: only peers are heard. */
  readonly checkSource: boolean;
}

/** How adverts travel. */
export type Delivery = Multicast | Unicast;

/** Multicast as the RFC has it, over IPv4. */
export const MULTICAST4: Delivery = { type: "multicast", group: VRRP_GROUP, source: undefined };
/** The same over IPv6. */
export const MULTICAST6: Delivery = { type: "multicast", group: VRRP_GROUP6, source: undefined };

/** Where adverts from `source` go. */
export function destinations(delivery: Delivery, source: IpAddress): readonly IpAddress[] {
  if (delivery.type === "multicast") return [delivery.group];
  return delivery.peers.map(({ address }) => address).filter((address) => address !== source);
}

/** The TTL, or hop limit, that adverts are sent with. */
export function ttlOf(delivery: Delivery): number {
  return delivery.type === "multicast" ? VRRP_TTL : delivery.ttl;
}

/** What speaks against taking a packet from `source` with that TTL for a peer's; undefined when nothing does. */
export function strangeness(
  delivery: Delivery,
  source: IpAddress,
  ttl: number,
): "source" | "ttl" | undefined {
  const peer =
    delivery.type === "unicast" ? delivery.peers.find(({ address }) => address === source) : undefined;
  if (delivery.type === "unicast" && delivery.checkSource && peer === undefined) return "source";
  const { minTtl, maxTtl } = peer ?? { minTtl: VRRP_TTL, maxTtl: VRRP_TTL };
  return ttl < minTtl || ttl > maxTtl ? "ttl" : undefined;
}

/**
 * True when an address of an interface will do as the source where none is configured. Over IPv6 adverts to a group come
 * from a link-local address (RFC 9568 §5.1.2.1), and those to a peer from one of the same scope as the peer's.
 */
export function suits(delivery: Delivery, address: IpAddress): boolean {
  const destination = delivery.type === "multicast" ? delivery.group : delivery.peers[0]?.address;
  if (destination === undefined || familyOf(destination) !== familyOf(address)) return false;
  if (!isIpv6(address) || !isIpv6(destination)) return true;
  return isLinkLocal(address) === (delivery.type === "multicast" || isLinkLocal(destination));
}
