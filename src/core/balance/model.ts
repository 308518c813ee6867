/**
 * What the balancer is told to keep in the kernel's IPVS table: the core's own model of virtual and real servers.
 */

import type { Check } from "../health/model.ts";
import type { QuorumRule } from "../health/quorum.ts";
import type { IpAddress } from "../units/ip-address.ts";
import type { Duration } from "../units/time.ts";
import type { Masquerade } from "./masquerade.ts";
import { type ServiceId, withPort } from "./service.ts";

/** The kernel's schedulers, by its names (net/netfilter/ipvs/Kconfig). */
export type Scheduler =
  | "rr"
  | "wrr"
  | "lc"
  | "wlc"
  | "lblc"
  | "lblcr"
  | "sh"
  | "mh"
  | "dh"
  | "fo"
  | "ovf"
  | "sed"
  | "nq"
  | "twos";

/** How packets reach the real server: masquerading (NAT), direct routing, or a tunnel. */
export type ForwardingMethod = "nat" | "dr" | "tunnel";

/** What packets are wrapped into on the way through a tunnel. */
export interface Tunnel {
  readonly type: "ipip" | "gue" | "gre";
  /** The UDP port that GUE is sent to, 1..65535; 0 for the others. */
  readonly port: number;
  /** Of the outer header: none, a checksum, or GUE's remote checksum offload. */
  readonly checksum: "nocsum" | "csum" | "remcsum";
}

/** A forwarding method with what belongs to it. */
export interface Route {
  readonly method: ForwardingMethod;
  /** There for a tunnel, and for nothing else. */
  readonly tunnel: Tunnel | undefined;
}

/** A machine that does the work. */
export interface RealServer extends Route {
  readonly address: IpAddress;
  /** 0..65535; undefined for the port of whichever service a connection came to. */
  readonly port: number | undefined;
  /** 0..65535: its share when up. */
  readonly weight: number;
  /** uthreshold: connections from which on it gets no more; 0 for no limit. */
  readonly upperThreshold: number;
  /** lthreshold: connections below which it gets some again; 0 for the kernel's own rule, three quarters of the upper. */
  readonly lowerThreshold: number;
  /** inhibit_on_failure: true gives a failed one weight 0 (quiesce), false takes it out of the table. */
  readonly inhibitOnFailure: boolean;
  /** slow_start: from its return to its full weight; 0 for at once. */
  readonly slowStart: Duration;
  /** alpha: counts as down until its checks have succeeded. */
  readonly alpha: boolean;
  /** All must succeed; none means that it always counts as up. */
  readonly checks: readonly Check[];
}

/** The one that answers while the real servers cannot: when the quorum is lost it takes the place of all of them. */
export interface SorryServer extends Route {
  readonly address: IpAddress;
  /** 0..65535; undefined for the port of whichever service a connection came to. */
  readonly port: number | undefined;
  /** sorry_server_inhibit: it stays in the table with weight 0 while it is not needed. */
  readonly inhibit: boolean;
}

/** keepalived's persistence: connections of one client, or network of clients, go to one real server. */
export interface Persistence {
  /** persistence_timeout: whole seconds after the last connection. */
  readonly timeout: number;
  /** persistence_granularity: length of the prefix that clients have in common. */
  readonly prefixLength: number;
  /** persistence_engine: `sip` for Call-IDs instead of addresses; undefined for none. */
  readonly engine: "sip" | undefined;
}

/** Services with a scheduler and real servers in common. */
export interface VirtualServer {
  /** What it is called in events and metrics: `tcp 192.0.2.100:80`, `fwmark 7`, `tcp group web`. */
  readonly name: string;
  /** One, or those of a group; all of one family. */
  readonly services: readonly ServiceId[];
  readonly scheduler: Scheduler;
  /** The scheduler's flags that are set, by number: 1 is fallback and 2 port for sh and mh. */
  readonly schedulerFlags: readonly SchedulerFlag[];
  /** ops: each UDP packet is scheduled by itself. */
  readonly onePacket: boolean;
  readonly persistence: Persistence | undefined;
  readonly quorum: QuorumRule;
  /** ha_suspend: checks are made only while one of the services' addresses is held here. */
  readonly haSuspend: boolean;
  readonly realServers: readonly RealServer[];
  readonly sorryServer: SorryServer | undefined;
}

/** IP_VS_SVC_F_SCHED1, 2 and 3 of linux/ip_vs.h. */
type SchedulerFlag = 1 | 2 | 3;

/** How long the kernel remembers connections, in whole seconds; undefined leaves one as it is. */
export interface LvsTimeouts {
  /** An established TCP connection without packets. */
  readonly tcp: number | undefined;
  /** A TCP connection after a FIN. */
  readonly tcpFin: number | undefined;
  /** A UDP flow without packets. */
  readonly udp: number | undefined;
}

/** lvs_sync_daemon: how the directors tell one another of their connections. */
export interface SyncDaemonConfig {
  readonly interface: string;
  /** The instance whose master tells; undefined when both directors do all the time. */
  readonly instance: string | undefined;
  /** 0..255; a backup with 0 takes what anybody sends. */
  readonly id: number;
  /** 1..65507; undefined for what the interface's MTU allows. */
  readonly maxlen: number | undefined;
  /** A multicast group. */
  readonly group: IpAddress;
  readonly port: number;
  readonly ttl: number;
  /** sync_ports: so many threads of a daemon, each with a port; undefined for what the kernel has. */
  readonly ports: number | undefined;
  /** sync_sock_size: bytes that a socket of theirs has room for; undefined for what the kernel has. */
  readonly sockSize: number | undefined;
  /** The kernel's `backup_only` is set: with a backup daemon it balances nothing. */
  readonly backupOnly: boolean;
}

/** All that the balancer needs to know. */
export interface BalancerConfig {
  readonly virtualServers: readonly VirtualServer[];
  /** lvs_active_only: a service is in the table only while its address is held here. */
  readonly activeOnly: boolean;
  readonly timeouts: LvsTimeouts;
  readonly syncDaemon: SyncDaemonConfig | undefined;
  /** Settings below net/ipv4/vs by name, and what they are to be, as the kernel shows it with a space between numbers. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Real servers that have metrics of their own, at most. */
  readonly trafficSeriesMax: number;
  /** Undefined: the real servers' own packets leave as they are, if they leave. */
  readonly masquerade: Masquerade | undefined;
  /** rs_init_notifies: a real server that starts as up is told like one that has come up. */
  readonly tellInitial: boolean;
}

/** A real server's name in events and metrics: `198.51.100.21:80`; without a port of its own just the address. */
export function realServerName({ address, port }: Pick<RealServer, "address" | "port">): string {
  return port === undefined ? address : withPort(address, port);
}
