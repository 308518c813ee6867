/**
 * What the failover process is told to do: the core's own model of a virtual router, free of configuration syntax and
 * of wire formats.
 */

import type { TrackedGateway } from "../track/gateway.ts";
import type { BfdSession } from "../bfd/model.ts";
import type { HeartbeatConfig } from "../heartbeat/model.ts";
import type { RoutingEntry } from "../routing/model.ts";
import type { Tracked, TrackedRoute } from "../track/model.ts";
import type { LinkDelay } from "../track/link-delay.ts";
import type { Family, IpAddress } from "../units/ip-address.ts";
import type { Ipv4 } from "../units/ipv4.ts";
import type { AnnouncementPace } from "./announcement-queue.ts";
import type { Delivery } from "./delivery.ts";
import { type Duration, ZERO } from "../units/time.ts";
import type { VirtualLink } from "./virtual-link.ts";

/** VRRP version 2 (RFC 3768) or 3 (RFC 9568). */
export type VrrpVersion = 2 | 3;

/** A virtual address (VIP) and where it is added. Only the instance's own interface carries the adverts. */
export interface VirtualAddress {
  readonly address: IpAddress;
  /** 0..32, or 0..128 for IPv6; of the peer, where there is one */
  readonly prefixLength: number;
  /** The interface that holds it: keepalived's `dev`, else the instance's. */
  readonly interface: string;
  /** virtual_ipaddress_excluded: held and announced like the others, but not named in adverts. */
  readonly excluded?: true;
  /** The other end of a point-to-point link. */
  readonly peer?: IpAddress;
  /** IPv4: the name that ifconfig shows it under, up to 15 bytes; the interface's when left out. */
  readonly label?: string;
  /** IPv4: how far it is valid, 0 (everywhere) to 255 (nowhere), linux/rtnetlink.h; 0 when left out. */
  readonly scope?: number;
  /** IPv4: the broadcast address; none when left out. */
  readonly broadcast?: Ipv4;
  /** True: no route to its network comes with it. */
  readonly noPrefixRoute?: true;
  /** The kernel takes it away unless it is renewed in time; 1 s..1 h; for ever when left out. */
  readonly lease?: Duration;
  /** IPv6: not chosen as the source of own connections (RFC 6724 §5); when left out, so for a prefix of 128 bits. */
  readonly deprecated?: boolean;
}

/** True when the two are the same address on the same interface, prefix included. */
export function sameAddress(one: VirtualAddress, other: VirtualAddress): boolean {
  return (
    one.address === other.address &&
    one.prefixLength === other.prefixLength &&
    one.interface === other.interface
  );
}

/** How a claimed address is announced, by ARP or neighbour discovery (keepalived's garp_* keywords). */
export interface Announcing {
  /** garp_master_delay: the second burst comes so long after the claim; zero: no second burst. */
  readonly delay: Duration;
  /** garp_master_repeat: announcements for each address in the burst at the claim and in the second one. */
  readonly repeat: number;
  /** garp_master_refresh: announced again so often while master; zero: never. */
  readonly refresh: Duration;
  /** garp_master_refresh_repeat: announcements for each address in a refresh. */
  readonly refreshRepeat: number;
}

/** What a master does that hears another master. */
export interface Contention {
  /** garp_lower_prio_delay: the second burst comes so long after a lesser master was heard; zero: no second burst. */
  readonly announceDelay: Duration;
  /** garp_lower_prio_repeat: announcements for each address in either burst; 0: none. */
  readonly announceRepeat: number;
  /** True: a lesser master is answered with an advert at once (RFC 9568 §6.4.3); false is lower_prio_no_advert. */
  readonly answer: boolean;
  /** higher_prio_send_advert: a last advert before giving way, so that the winner announces again. */
  readonly lastWord: boolean;
}

/** Version 2's authentication (RFC 2338 §5.3.6): a password in the message, or an authentication header around it. */
export interface Authentication {
  readonly type: "pass" | "ah";
  /** 1..8 bytes. A secret. */
  readonly key: Uint8Array;
}

/** A VRRP instance: a virtual router id on an interface, with its addresses. */
export interface VirtualRouter {
  /** The operator's name for it. */
  readonly name: string;
  readonly interface: string;
  /** use_vmac, use_ipvlan: an interface of its own on top of that one. */
  readonly link?: VirtualLink | undefined;
  /** True: adverts leave through `link`, with its hardware address; false is vmac_xmit_base. */
  readonly sendsByLink?: boolean;
  /** 1..255; IPv4 and IPv6 count on their own. */
  readonly vrid: number;
  /** Version 2 knows IPv4 only. */
  readonly version: VrrpVersion;
  /** The family of its adverts and of all its addresses. */
  readonly family: Family;
  readonly delivery: Delivery;
  /** 1..255; 255 is the address owner (RFC 9568 §6.1). */
  readonly priority: number;
  /** Version 2: whole seconds, 1..255. Version 3: 10 ms..40.95 s in steps of 10 ms. */
  readonly advertInterval: Duration;
  /** A backup takes over after so many missed adverts, plus skew; 1..100, 3 in RFC 9568 §6.1. */
  readonly downTimerAdverts: number;
  /** False is keepalived's `nopreempt`: a backup leaves a living master of lower priority alone. */
  readonly preempt: boolean;
  /** preempt_delay: a lesser master is left alone for so long from its first advert on; zero: not at all. */
  readonly preemptDelay: Duration;
  /** True: the v3 checksum over IPv4 covers the VRRP message alone (RFC 9568 §5.2.8); false: a pseudo-header too. */
  readonly v3ChecksumAsV2: boolean;
  /** Version 2 only. */
  readonly authentication?: Authentication | undefined;
  readonly addresses: readonly VirtualAddress[];
  /** Accept_Mode: as master it is a host at its addresses, which the owner always is (RFC 9568 §6.1). */
  readonly accept: boolean;
  /** Routes and rules that are there while it is master (virtual_routes, virtual_rules). */
  readonly routing: readonly RoutingEntry[];
  /** promote_secondaries is set on the interfaces of its addresses. */
  readonly promoteSecondaries?: true;
  readonly announcing: Announcing;
  readonly contention: Contention;
  /**
   * Whose adverts count at priority 255: those of everybody when left out, who is answered and never followed; those of
   * another owner with strict_mode (RFC 9568 §7.1); nobody's with owner_ignore_adverts.
   */
  readonly ownerHeeds?: "owners" | "nobody";
  /** The sync group that it moves with: its members are master together, or none of them is. */
  readonly syncGroup: string | undefined;
  /** What its priority and its fitness depend on besides. */
  readonly tracks: readonly Tracked[];
}

/** All that the failover process needs to know. */
export interface FailoverConfig {
  readonly routers: readonly VirtualRouter[];
  /** vrrp_startup_delay: nothing is heard or sent for so long after the start; zero: from the start on. */
  readonly startupDelay: Duration;
  /** vrrp_rt_priority: SCHED_RR priority, 1..99; 0 leaves the process at normal scheduling. */
  readonly realtimePriority: number;
  /** vrrp_garp_interval and vrrp_gna_interval. */
  readonly announcementPace: AnnouncementPace;
  /** track_gateways, those that any router tracks. */
  readonly gateways: readonly TrackedGateway[];
  /** interface_up_down_delays, by interface name. */
  readonly linkDelays: Readonly<Record<string, LinkDelay>>;
  /** static_ipaddress: addresses that are there from the start to the end. */
  readonly staticAddresses: readonly VirtualAddress[];
  /** static_routes, static_rules: likewise. */
  readonly staticRouting: readonly RoutingEntry[];
  /** The routes that instances track, by the object's name. */
  readonly trackedRoutes: Readonly<Record<string, TrackedRoute>>;
  /** bfd_instances */
  readonly bfdSessions: readonly BfdSession[];
  /** The pair's own link; undefined when there is none. */
  readonly heartbeat?: HeartbeatConfig | undefined;
}

/** Nothing to do. */
export const IDLE: FailoverConfig = {
  routers: [],
  startupDelay: ZERO,
  realtimePriority: 0,
  linkDelays: {},
  announcementPace: { 4: ZERO, 6: ZERO },
  gateways: [],
  bfdSessions: [],
  staticAddresses: [],
  staticRouting: [],
  trackedRoutes: {},
};
