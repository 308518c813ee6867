/**
 * What the balancer is told to keep in the kernel's IPVS table: the core's own model of virtual and real servers.
 */

import type { Check } from "../health/model.ts";
import type { Ipv4 } from "../units/ipv4.ts";

/** The transport protocols that IPVS balances here. */
export type Protocol = "tcp" | "udp";

/** The schedulers offered at this stage, by the kernel's names (linux/Documentation/networking/ipvs.rst). */
export type Scheduler = "rr" | "wrr" | "lc" | "wlc";

/** How packets reach the real server: masquerading (NAT) or direct routing. */
export type ForwardingMethod = "nat" | "dr";

/** A machine that does the work. */
export interface RealServer {
  readonly address: Ipv4;
  /** 1..65535; with direct routing always the virtual server's. */
  readonly port: number;
  /** 0..65535: its share when up. */
  readonly weight: number;
  readonly method: ForwardingMethod;
  /** inhibit_on_failure: true gives a failed one weight 0 (quiesce), false takes it out of the table. */
  readonly inhibitOnFailure: boolean;
  /** All must succeed; none means that it always counts as up. */
  readonly checks: readonly Check[];
}

/** A VIP, port and protocol with its scheduler and real servers. */
export interface VirtualServer {
  readonly address: Ipv4;
  /** 1..65535 */
  readonly port: number;
  readonly protocol: Protocol;
  readonly scheduler: Scheduler;
  readonly realServers: readonly RealServer[];
}

/** All that the balancer needs to know. */
export interface BalancerConfig {
  readonly virtualServers: readonly VirtualServer[];
}
