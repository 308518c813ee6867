/**
 * What Prometheus is told. The children's reports come in here; a scrape reads what is here and asks nobody, so that it
 * can never hold up a child. Series are of what the configuration has, and end with it.
 */

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type {
  BalancerReport,
  ConnectionsReport,
  Count,
  FailoverReport,
  PeerReport,
  RealServerReport,
  InstanceStateName,
} from "../core/report/channel.ts";
import { BFD_STATES } from "../core/wire/bfd.ts";
import type { Config } from "../config/config.ts";
import { type Labels, seriesOf } from "./series.ts";

const STATES: readonly InstanceStateName[] = ["init", "backup", "master", "fault"];
const LATENESS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const CHECK_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type ProcessName = "supervisor" | "failover" | "balancer";

/** The metrics of one director. */
export class Metrics {
  readonly registry = new Registry();

  readonly #instanceState = this.#gauge("vrrp_instance_state", "1 for the state that the instance is in", [
    "instance",
    "interface",
    "vrid",
    "state",
  ]);
  readonly #priority = this.#gauge("vrrp_priority", "Effective priority of the instance", ["instance"]);
  readonly #bfdState = this.#gauge("bfd_session_state", "1 for the state that the BFD session is in", [
    "session",
    "neighbor",
    "state",
  ]);
  readonly #peerUp = this.#gauge("peer_up", "1 while the other director is heard on some path", ["peer"]);
  readonly #peerSkewed = this.#gauge(
    "peer_skewed",
    "1 while the other director has another configuration or version",
    ["peer"],
  );
  readonly #pathUp = this.#gauge("heartbeat_path_up", "1 while the other director is heard on the path", [
    "peer",
    "path",
  ]);
  readonly #trackUp = this.#gauge("track_up", "1 while the tracked object is up", ["object", "kind"]);
  readonly #trackValue = this.#gauge("track_value", "Number in the tracked file", ["object", "kind"]);
  readonly #vipHeld = this.#gauge("vip_held", "1 when this director holds the address", [
    "instance",
    "vip",
    "interface",
  ]);
  readonly #realServerUp = this.#gauge("real_server_up", "1 when all checks of the real server succeed", [
    "virtual",
    "real",
  ]);
  readonly #realServersUp = this.#gauge("real_servers_up", "Real servers of the virtual server that are up", [
    "virtual",
  ]);
  readonly #quorum = this.#gauge("virtual_server_quorum", "1 when the virtual server has its quorum", [
    "virtual",
  ]);
  readonly #weight = this.#gauge("real_server_weight", "Weight of the real server", [
    "virtual",
    "real",
    "kind",
  ]);
  readonly #virtualConnections = this.#gauge(
    "virtual_server_current_connections",
    "Connections of the virtual server",
    ["virtual", "state"],
  );
  readonly #realConnections = this.#gauge(
    "real_server_current_connections",
    "Connections of the real server",
    ["virtual", "real", "state"],
  );
  readonly #realServersUntold = this.#gauge(
    "real_servers_untold",
    "Real servers that have no series of their own",
    [],
  );
  readonly #syncDaemon = this.#gauge("sync_daemon_running", "1 while the connection sync daemon runs", [
    "state",
  ]);
  readonly #drains = this.#gauge("drains", "Real servers that are drained", ["state"]);
  readonly #drainLeft = this.#gauge(
    "drain_connections_left",
    "Connections of a drained real server that have not finished",
    ["virtual", "real"],
  );
  /** What a process tells of where things stand. */
  readonly #states: Readonly<Record<ProcessName, readonly Gauge[]>> = {
    supervisor: [],
    failover: [
      this.#instanceState,
      this.#priority,
      this.#vipHeld,
      this.#trackUp,
      this.#trackValue,
      this.#bfdState,
      this.#peerUp,
      this.#peerSkewed,
      this.#pathUp,
    ],
    balancer: [
      this.#realServerUp,
      this.#realServersUp,
      this.#quorum,
      this.#weight,
      this.#virtualConnections,
      this.#realConnections,
      this.#syncDaemon,
      this.#drains,
      this.#drainLeft,
    ],
  };
  readonly #counters: Readonly<Record<string, Counter>> = {
    adverts_sent: this.#counter("vrrp_adverts_sent_total", "Adverts sent", ["instance", "interface"]),
    adverts_received: this.#counter("vrrp_adverts_received_total", "Adverts received and accepted", [
      "instance",
      "interface",
    ]),
    adverts_discarded: this.#counter("vrrp_adverts_discarded_total", "Packets that were no valid advert", [
      "instance",
      "interface",
      "cause",
    ]),
    transitions: this.#counter("vrrp_transitions_total", "Changes of state", ["instance", "to", "cause"]),
    stalls: this.#counter(
      "vrrp_stalls_total",
      "Times that the instance was late for longer than its peers wait",
      ["instance"],
    ),
    announcements_sent: this.#counter(
      "announcements_sent_total",
      "Announcements of an address (gratuitous ARP)",
      ["address", "interface"],
    ),
    heartbeats_sent: this.#counter("heartbeats_sent_total", "Heartbeats sent", ["path"]),
    heartbeats_received: this.#counter(
      "heartbeats_received_total",
      "Datagrams received from the peer's address",
      ["path"],
    ),
    heartbeats_discarded: this.#counter(
      "heartbeats_discarded_total",
      "Datagrams that were no valid heartbeat",
      ["path", "cause"],
    ),
    handovers: this.#counter("handovers_total", "Handovers", ["role", "result"]),
    split_brains: this.#counter("split_brains_total", "Times that both directors were master", ["instance"]),
    gateway_probes: this.#counter("gateway_probes_total", "Questions to tracked gateways", [
      "gateway",
      "result",
    ]),
    lease_renewals: this.#counter("lease_renewals_total", "Renewals of the leases of addresses", ["result"]),
    lease_expirations: this.#counter(
      "lease_expirations_total",
      "Addresses that the kernel took away while they were held, since they were not renewed in time",
      ["address", "interface"],
    ),
    conflicts: this.#counter(
      "address_conflicts_total",
      "Claims by other machines of an address that this director holds",
      ["instance", "address", "interface"],
    ),
    bfd_sent: this.#counter("bfd_packets_sent_total", "BFD packets sent", ["session"]),
    bfd_received: this.#counter("bfd_packets_received_total", "BFD packets received and accepted", [
      "session",
    ]),
    bfd_discarded: this.#counter("bfd_packets_discarded_total", "BFD packets that no session accepted", [
      "session",
      "cause",
    ]),
    bfd_transitions: this.#counter("bfd_transitions_total", "Changes of state of a BFD session", [
      "session",
      "to",
    ]),
    drift: this.#counter("drift_total", "Changes behind our back that were put right", ["kind"]),
    ipvs_changes: this.#counter("ipvs_changes_total", "Changes made to the IPVS table", []),
    ipvs_errors: this.#counter("ipvs_errors_total", "Changes of the IPVS table that the kernel refused", [
      "errno",
    ]),
    notify_runs: this.#counter("notify_runs_total", "Notify scripts that have ended", [
      "instance",
      "state",
      "result",
    ]),
    service_notify_runs: this.#counter(
      "service_notify_runs_total",
      "Programs that were told of virtual and real servers and have ended",
      ["virtual", "program", "result"],
    ),
    events_dropped: this.#counter("events_dropped_total", "Events that a process could not tell", [
      "process",
    ]),
    notify_lines_dropped: this.#counter(
      "notify_lines_dropped_total",
      "Lines that a named pipe had no room for",
      ["fifo"],
    ),
    ...this.#trafficCounters("virtual_server", "the virtual server", ["virtual"]),
    ...this.#trafficCounters("real_server", "the real server", ["virtual", "real"]),
    checks: this.#counter("checks_total", "Finished checks", ["virtual", "real", "check", "result"]),
  };
  readonly #checkDuration = new Histogram({
    name: "relevo_check_duration_seconds",
    help: "How long checks took",
    labelNames: ["virtual", "check"],
    buckets: CHECK_BUCKETS,
    registers: [this.registry],
  });
  readonly #lateness = new Histogram({
    name: "relevo_event_loop_lateness_seconds",
    help: "How late timers fired",
    labelNames: ["process"],
    buckets: LATENESS_BUCKETS,
    registers: [this.registry],
  });
  readonly #processUp = this.#gauge("process_up", "1 while the process is there", ["process"]);
  readonly #restarts = this.#counter(
    "process_restarts_total",
    "Times that the process died and was started again",
    ["process"],
  );
  readonly #buildInfo = this.#gauge("build_info", "1, with the version", ["version", "node"]);
  readonly #configInfo = this.#gauge("config_info", "1, with the digest of the configuration in force", [
    "digest",
  ]);
  readonly #reloadGood = this.#gauge(
    "config_last_reload_successful",
    "1 when the last reading was without error",
    [],
  );
  readonly #reloadedAt = this.#gauge(
    "config_last_reload_success_timestamp_seconds",
    "When a configuration was last put into force",
    [],
  );

  /** Which labels have series by the configuration in force, and by one on its way; none before the first. */
  #configured: readonly ((labels: Labels) => boolean)[] = [];

  constructor(version: string) {
    this.#buildInfo.set({ version, node: process.version }, 1);
    for (const name of ["failover", "balancer"]) this.#restarts.inc({ process: name }, 0);
  }

  onFailoverReport({ instances, bfd, peer, tracks, counts, lateness }: FailoverReport): void {
    this.#forgetState("failover");
    for (const { session, neighbor, state: current } of bfd) {
      for (const state of BFD_STATES)
        this.#bfdState.set({ session, neighbor, state }, state === current ? 1 : 0);
    }
    if (peer !== undefined) this.#onPeer(peer);
    for (const { kind, object, verdict } of tracks) {
      if (typeof verdict === "number") this.#trackValue.set({ object, kind }, verdict);
      else this.#trackUp.set({ object, kind }, verdict ? 1 : 0);
    }
    for (const { instance, interface: on, vrid, state, priority, addresses, held } of instances) {
      for (const name of STATES) {
        this.#instanceState.set({ instance, interface: on, vrid, state: name }, name === state ? 1 : 0);
      }
      this.#priority.set({ instance }, priority);
      for (const { address, interface: holder } of addresses) {
        const holds = held.some((other) => other.address === address && other.interface === holder);
        this.#vipHeld.set({ instance, vip: address, interface: holder }, holds ? 1 : 0);
      }
    }
    this.#count(counts);
    this.late("failover", lateness);
  }

  #onPeer({ peer, alive, skewed, paths }: PeerReport): void {
    this.#peerUp.set({ peer }, alive ? 1 : 0);
    this.#peerSkewed.set({ peer }, skewed ? 1 : 0);
    for (const { path, state } of paths) this.#pathUp.set({ peer, path }, state === "up" ? 1 : 0);
  }

  onBalancerReport(report: BalancerReport): void {
    const { virtualServers, realServers, drains, checks, counts, lateness } = report;
    this.#onTraffic(report);
    for (const gauge of [this.#quorum, this.#drains, this.#drainLeft]) gauge.reset();
    for (const { virtual, hasQuorum } of virtualServers) this.#quorum.set({ virtual }, hasQuorum ? 1 : 0);
    if (realServers !== undefined) this.#onRealServers(realServers);
    for (const state of ["draining", "drained"] as const)
      this.#drains.set({ state }, drains.filter((drain) => drain.state === state).length);
    for (const { virtual, real, left } of drains)
      if (left !== undefined && this.#has({ virtual, real })) this.#drainLeft.set({ virtual, real }, left);
    for (const { virtual, check, seconds } of checks)
      if (this.#has({ virtual, check })) this.#checkDuration.observe({ virtual, check }, seconds);
    this.#count(counts);
    this.late("balancer", lateness);
  }

  #onTraffic({ connections, trafficUntold, syncDaemons }: BalancerReport): void {
    if (connections !== undefined) this.#onConnections(connections);
    this.#realServersUntold.set(trafficUntold);
    this.#syncDaemon.reset();
    for (const { state, running } of syncDaemons) this.#syncDaemon.set({ state }, running ? 1 : 0);
  }

  #onConnections(connections: readonly ConnectionsReport[]): void {
    for (const gauge of [this.#virtualConnections, this.#realConnections]) gauge.reset();
    for (const { virtual, real, active, inactive, persistent } of connections) {
      for (const [state, number] of Object.entries({ active, inactive, persistent })) {
        if (real === undefined) this.#virtualConnections.set({ virtual, state }, number);
        else this.#realConnections.set({ virtual, real, state }, number);
      }
    }
  }

  #onRealServers(realServers: readonly RealServerReport[]): void {
    for (const gauge of [this.#realServerUp, this.#realServersUp, this.#weight]) gauge.reset();
    for (const { virtual, real, up, weight, configuredWeight } of realServers) {
      this.#realServersUp.inc({ virtual }, up ? 1 : 0);
      if (!this.#has({ virtual, real })) continue;
      this.#realServerUp.set({ virtual, real }, up ? 1 : 0);
      this.#weight.set({ virtual, real, kind: "effective" }, weight);
      this.#weight.set({ virtual, real, kind: "configured" }, configuredWeight);
    }
  }

  /** A process had events to tell, and the channel no room for them. */
  onEventsDropped(process: string, count: number): void {
    this.#count([{ name: "events_dropped", labels: { process }, by: count }]);
  }

  /** A notify script has ended. */
  onNotifyRun(instance: string, state: string, ok: boolean): void {
    const labels = { instance, state, result: ok ? "ok" : "failed" };
    this.#count([{ name: "notify_runs", labels, by: 1 }]);
  }

  /** A program that was told of a virtual or a real server has ended. */
  onServiceNotifyRun(virtual: string, program: string, ok: boolean): void {
    const labels = { virtual, program, result: ok ? "ok" : "failed" };
    this.#count([{ name: "service_notify_runs", labels, by: 1 }]);
  }

  /** Lines for a named pipe were dropped. */
  onNotifyLinesDropped(fifo: string, count: number): void {
    this.#count([{ name: "notify_lines_dropped", labels: { fifo }, by: count }]);
  }

  /** Timers of a process fired so late, in seconds. */
  late(process: ProcessName, lateness: readonly number[]): void {
    for (const seconds of lateness) this.#lateness.observe({ process }, seconds);
  }

  /** A process is there, or has died; what a dead one last said of itself is true no longer. */
  onProcess(process: ProcessName, up: boolean): void {
    this.#processUp.set({ process }, up ? 1 : 0);
    if (up) return;
    this.#restarts.inc({ process });
    this.#forgetState(process);
  }

  /** This configuration is on its way into force: what is of it, and what is of the one before, has series. */
  onConfigComing(config: Config): void {
    this.#configured = [...this.#configured, seriesOf(config)];
  }

  /** It is in force: the series of what it has not end, and those of what it has go on. */
  async onConfigInForce(): Promise<void> {
    this.#configured = this.#configured.slice(-1);
    for (const metric of [...Object.values(this.#counters), this.#checkDuration]) {
      const { values } = await metric.get();
      for (const { labels } of values) {
        // A bucket's bound is no label of its histogram.
        const { le: _, ...own } = labels as Record<string, string | number>;
        if (!this.#has(own)) metric.remove(own);
      }
    }
  }

  onConfigLoaded(digest: string): void {
    this.#configInfo.reset();
    this.#configInfo.set({ digest }, 1);
    this.#reloadGood.set(1);
    this.#reloadedAt.setToCurrentTime();
  }

  onConfigRejected(): void {
    this.#reloadGood.set(0);
  }

  #forgetState(process: ProcessName): void {
    for (const gauge of this.#states[process]) gauge.reset();
  }

  #count(counts: readonly Count<string>[]): void {
    for (const { name, labels, by } of counts)
      if (this.#has(labels)) this.#counters[name]?.inc({ ...labels }, by);
  }

  #has(labels: Labels): boolean {
    return this.#configured.length === 0 || this.#configured.some((has) => has(labels));
  }

  #trafficCounters(prefix: string, whose: string, labelNames: readonly string[]): Record<string, Counter> {
    const kinds = {
      connections: "Connections to",
      incoming_packets: "Packets from clients to",
      outgoing_packets: "Packets to clients through this director from",
      incoming_bytes: "Bytes from clients to",
      outgoing_bytes: "Bytes to clients through this director from",
    };
    const counters = Object.entries(kinds).map(([kind, what]) => {
      const name = `${prefix}_${kind}`;
      return [name, this.#counter(`${name}_total`, `${what} ${whose}`, labelNames)] as const;
    });
    return Object.fromEntries(counters);
  }

  #gauge(name: string, help: string, labelNames: readonly string[]): Gauge {
    return new Gauge({ name: `relevo_${name}`, help, labelNames, registers: [this.registry] });
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({ name: `relevo_${name}`, help, labelNames, registers: [this.registry] });
  }
}
