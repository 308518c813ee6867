/**
 * What the processes say to one another over the fork channel.
 *
 * The supervisor tells a child its whole configuration and when to stop; a child tells events as they happen and, once
 * a second and at every change, a report. A report's counts are what has come to pass since the last report, so that
 * the supervisor's totals survive a child that is started again.
 */

import type { DrainOrder } from "../balance/drain.ts";
import type { DrainSource } from "../balance/drain-book.ts";
import type { BalancerConfig } from "../balance/model.ts";
import type { RealServerTarget } from "../balance/target.ts";
import type { BfdStateName } from "../wire/bfd.ts";
import type { WireConnections } from "../wire/ipvs.ts";
import type { DaemonState } from "../wire/ipvs-daemon.ts";
import type { Finding, TrackKind, Verdict } from "../track/model.ts";
import type { Instant } from "../units/time.ts";
import type { Event } from "./event.ts";

/** From the supervisor to a child. */
export type ToChild<Config, Call = never> =
  /**
   * Do this from now on. The first one starts the work; later ones change it with the least disturbance. `diedAt` is
   * when an earlier life of the same process ended without leaving, if one did.
   */
  | { readonly type: "configure"; readonly config: Config; readonly diedAt: Instant | undefined }
  | Findings
  | Held
  | Maintenance
  /** A question or an order; the answer has the same `id`. */
  | { readonly type: "call"; readonly id: number; readonly call: Call }
  /** Let go of everything, say `stopped`, exit. */
  | { readonly type: "stop" };

/**
 * What the supervisor has found out about objects that are tracked. Each holds until another one about the same object,
 * also while the supervisor hangs; a process that was started again is told them before its configuration.
 */
export interface Findings {
  readonly type: "findings";
  readonly findings: readonly Finding[];
}

/**
 * The virtual addresses that this director holds now, without prefix lengths, and the instances that are master, for a
 * balancer whose checks, table and sync daemons depend on that.
 * It holds until the next one; a process that was started again is told before its configuration.
 */
export interface Held {
  readonly type: "held";
  readonly addresses: readonly string[];
  /** The instances that are master here. */
  readonly masters: readonly string[];
}

/**
 * The real servers that are in maintenance by a file in the maintenance directory. It holds until the next one; a process
 * that was started again is told before its configuration.
 */
export interface Maintenance {
  readonly type: "maintenance";
  readonly targets: readonly RealServerTarget[];
}

/** From a child to the supervisor. */
export type FromChild<Report, Answer = never> =
  /** The configuration last sent is in force. */
  | { readonly type: "configured" }
  | { readonly type: "event"; readonly event: Event }
  /** `eventsDropped` counts those that the channel had no room for since the last report. */
  | { readonly type: "report"; readonly report: Report; readonly eventsDropped: number }
  | { readonly type: "answer"; readonly id: number; readonly answer: Answer }
  /** Nothing is left behind; the process exits now. */
  | { readonly type: "stopped" };

/** A count since the last report, under labels. */
export interface Count<Name extends string> {
  readonly name: Name;
  readonly labels: Readonly<Record<string, string>>;
  readonly by: number;
}

/** What the failover process counts. */
export type FailoverCount =
  | "adverts_sent"
  | "adverts_received"
  | "adverts_discarded"
  | "transitions"
  | "stalls"
  | "announcements_sent"
  | "heartbeats_sent"
  | "heartbeats_received"
  | "heartbeats_discarded"
  | "handovers"
  | "split_brains"
  | "gateway_probes"
  | "conflicts"
  | "lease_renewals"
  | "lease_expirations"
  | "bfd_sent"
  | "bfd_received"
  | "bfd_discarded"
  | "bfd_transitions"
  | "drift";

/** The states that an instance can be in. */
export type InstanceStateName = "init" | "backup" | "master" | "fault";

/** Where one instance stands. */
export interface InstanceReport {
  readonly instance: string;
  readonly interface: string;
  readonly vrid: number;
  readonly state: InstanceStateName;
  /** The effective priority, which it announces when master. */
  readonly priority: number;
  /** The addresses it holds now, as `address/length`, with the interface. */
  readonly held: readonly { readonly address: string; readonly interface: string }[];
  /** All addresses it is there for. */
  readonly addresses: readonly { readonly address: string; readonly interface: string }[];
}

/** What is known of an object that some instance tracks. */
export interface TrackReport {
  readonly kind: TrackKind;
  readonly object: string;
  readonly verdict: Verdict;
}

/** Where one BFD session stands. */
export interface BfdReport {
  readonly session: string;
  readonly neighbor: string;
  readonly state: BfdStateName;
}

/** What the pair's own link knows of the other director. */
export interface PeerReport {
  /** Its name. */
  readonly peer: string;
  /** It is heard on some path. */
  readonly alive: boolean;
  /** It has another configuration or release. */
  readonly skewed: boolean;
  readonly paths: readonly { readonly path: string; readonly state: "unheard" | "up" | "silent" }[];
}

/** From the failover process. */
export interface FailoverReport {
  readonly instances: readonly InstanceReport[];
  readonly bfd: readonly BfdReport[];
  /** The other director; undefined when there is no link to it. */
  readonly peer?: PeerReport | undefined;
  /** Those of which anything is known. */
  readonly tracks: readonly TrackReport[];
  readonly counts: readonly Count<FailoverCount>[];
  /** How late timers fired since the last report, in seconds. */
  readonly lateness: readonly number[];
}

/** What the balancer counts. */
export type BalancerCount = "checks" | "drift" | "ipvs_changes" | "ipvs_errors" | TrafficCount;

/** What the kernel counts for virtual and for real servers. */
export type TrafficCount = `${"virtual_server" | "real_server"}_${
  | "connections"
  | "incoming_packets"
  | "outgoing_packets"
  | "incoming_bytes"
  | "outgoing_bytes"}`;

/** Where one virtual server stands. */
interface VirtualServerReport {
  /** Its name, such as `tcp 192.0.2.100:80`. */
  readonly virtual: string;
  /** Whether the weight of those that are up reaches the quorum. */
  readonly hasQuorum: boolean;
}

/** Where one real server of a virtual server stands. */
export interface RealServerReport {
  /** Its virtual server's name, such as `tcp 192.0.2.100:80`. */
  readonly virtual: string;
  /** `198.51.100.21:80` */
  readonly real: string;
  readonly up: boolean;
  /** The weight asked of the kernel now; 0 also when it is not in the table. */
  readonly weight: number;
  /** The weight it has when up. */
  readonly configuredWeight: number;
}

/** The connections of a virtual server, or of one of its real servers, when the table was last looked at. */
export interface ConnectionsReport extends WireConnections {
  readonly virtual: string;
  /** Undefined for the virtual server as a whole. */
  readonly real: string | undefined;
}

/** Whether one of the connection sync daemons runs. */
export interface SyncDaemonReport {
  readonly state: DaemonState;
  readonly running: boolean;
}

/** One finished check. */
export interface CheckSample {
  readonly virtual: string;
  readonly real: string;
  /** The check's type, such as `tcp`. */
  readonly check: string;
  readonly ok: boolean;
  readonly seconds: number;
}

/** Where the drain of one real server stands. */
export interface DrainReport {
  readonly virtual: string;
  readonly real: string;
  readonly source: DrainSource;
  readonly state: "draining" | "drained";
  /** What becomes of it at the end. */
  readonly end: DrainOrder["end"];
  /** Connections that are left, or were at the end; undefined before they were counted. */
  readonly left: number | undefined;
  /** The part of the connections that have finished, 0..1; undefined before they were counted. */
  readonly progress: number | undefined;
}

/** What an operator may ask of the balancer. */
export type BalancerCall =
  /** These get no new connections from now on: answered once the kernel has it so. */
  | { readonly type: "drain"; readonly target: RealServerTarget; readonly order: DrainOrder }
  /** These get connections again. */
  | { readonly type: "undrain"; readonly target: RealServerTarget };

/** What it answers: where the drains of those that were meant stand now, or why nothing was done. */
export type BalancerAnswer =
  | { readonly ok: true; readonly drains: readonly DrainReport[] }
  | { readonly ok: false; readonly error: string };

/** From the balancer. */
export interface BalancerReport {
  readonly virtualServers: readonly VirtualServerReport[];
  /** Undefined: as they were last told. */
  readonly realServers: readonly RealServerReport[] | undefined;
  readonly drains: readonly DrainReport[];
  /** Undefined: as they were last told. */
  readonly connections: readonly ConnectionsReport[] | undefined;
  /** Real servers whose traffic is told in their virtual server's only. */
  readonly realServersUntold: number;
  /** Empty when none are configured. */
  readonly syncDaemons: readonly SyncDaemonReport[];
  readonly checks: readonly CheckSample[];
  readonly counts: readonly Count<BalancerCount>[];
  /** How late timers fired since the last report, in seconds. */
  readonly lateness: readonly number[];
}

/** The messages of the failover process's channel. */
export type FromFailover = FromChild<FailoverReport>;

/** The messages of the balancer's channel. */
export type ToBalancer = ToChild<BalancerConfig, BalancerCall>;
export type FromBalancer = FromChild<BalancerReport, BalancerAnswer>;
