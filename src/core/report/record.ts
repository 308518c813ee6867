/**
 * What a child has put into the kernel, written to the run directory before it does so. Whoever comes after it, be it
 * the same process started again or the supervisor cleaning up, knows from here what is ours.
 */

import type { Drain } from "../balance/drain-book.ts";
import type { LvsTimeouts } from "../balance/model.ts";
import type { ServiceId } from "../balance/service.ts";
import type { RoutingEntry } from "../routing/model.ts";
import type { StartSettings } from "../balance/sync-daemon.ts";
import type { Family } from "../units/ip-address.ts";
import type { SettingChange } from "../vrrp/link-settings.ts";
import type { DaemonState } from "../wire/ipvs-daemon.ts";
import type { OwnedLink } from "../vrrp/virtual-link.ts";

/** The failover process's: addresses that may be on an interface because of us. */
export interface FailoverRecord {
  readonly addresses: readonly {
    readonly interface: string;
    readonly address: string;
    readonly prefixLength: number;
    /** The other end of a point-to-point link: the kernel tells addresses apart by it, too. */
    readonly peer?: string;
  }[];
  /** Settings as they were before us: path below /proc/sys with slashes, to the value found there. */
  readonly sysctls?: Readonly<Record<string, string>>;
}

/** The failover process's, too: routes and rules that may be there because of us. */
export interface RoutingRecord {
  readonly entries: readonly RoutingEntry[];
}

/** And the families that may have a table of nf_tables because of us; the balancer's is another table, in a record of its own. */
export interface FilterRecord {
  readonly families: readonly Family[];
}

/** The failover process's interfaces, and settings as they were before it made them. */
export interface LinkRecord {
  readonly links: readonly OwnedLink[];
  readonly settings: readonly SettingChange[];
}

/** The balancer's: services that may be in the IPVS table, and settings as they were before us. */
export interface BalancerRecord {
  readonly services: readonly ServiceId[];
  /** Path below /proc/sys with slashes, such as `net/ipv4/ip_forward`, to the value found there. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** The kernel's timeouts that were changed, if any, as they were before. */
  readonly timeouts?: Partial<LvsTimeouts>;
  /** The connection sync daemons that may run, if any. */
  readonly daemons?: readonly DaemonState[];
  /** What they were started with. */
  readonly daemonStarts?: { readonly [State in DaemonState]?: StartSettings };
}

/** The balancer's: real servers that are drained. Unlike the others it stays when Relevo stops, for its next start. */
export interface DrainRecord {
  /** `up` is whether its checks succeeded when it was written. */
  readonly drains: readonly (Drain & { readonly up: boolean })[];
}

/** File names in the run directory. */
export const FAILOVER_RECORD = "failover.json";
export const ROUTING_RECORD = "routing.json";
export const FILTER_RECORD = "filter.json";
export const LINK_RECORD = "links.json";
export const MASQUERADE_RECORD = "masquerade.json";
export const BALANCER_RECORD = "balancer.json";
export const DRAIN_RECORD = "drains.json";
/** The programs that the balancer's checks run. */
export const BALANCER_PROGRAMS = "balancer-programs.json";
