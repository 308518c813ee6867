/**
 * The parent of the other processes: reads the configuration, starts them and starts them again, keeps the event log and
 * serves the metrics. It may be slow, and it may die: the children then leave in good order by themselves.
 *
 * A configuration is read and checked whole before any child hears of it; one with an error changes nothing.
 */

import type { Config } from "../config/config.ts";
import { formatDiagnostic, type Severity } from "../config/diagnostic.ts";
import type { Reading } from "../config/read.ts";
import type { BalancerConfig } from "../core/balance/model.ts";
import type {
  BalancerAnswer,
  BalancerCall,
  BalancerReport,
  FailoverReport,
  Held,
  InstanceStateName,
} from "../core/report/channel.ts";
import { type Event, event } from "../core/report/event.ts";
import type { FailoverConfig } from "../core/vrrp/model.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { notifySystemd, type Readiness } from "../linux/systemd.ts";
import { Child, type ChildSpecification } from "./child.ts";
import { FileWatch } from "./file-watch.ts";
import { FindingBook } from "./findings.ts";
import type { EventLog } from "./log.ts";
import { MaintenanceWatch } from "./maintenance-watch.ts";
import { Metrics } from "./metrics.ts";
import { MetricsServer } from "./metrics-server.ts";
import { ProcessWatch } from "./process-watch.ts";
import { Notifier } from "./notifier.ts";
import { NotifyPipes } from "./notify-pipes.ts";
import { BALANCER_RELEASES, FAILOVER_RELEASES, holdsAddresses, release } from "./release.ts";
import type { RunDirectory } from "./run-directory.ts";
import { ScriptWatch } from "./script-watch.ts";
import { ServiceNotifier } from "./service-notifier.ts";

/** What a supervisor works with. */
export interface SupervisorOptions {
  readonly version: string;
  /** The configuration file's name, for its diagnostics. */
  readonly file: string;
  readonly runDirectory: RunDirectory;
  readonly log: EventLog;
  /** Reads and checks the configuration; touches nothing. */
  readonly read: () => Reading;
}

/** The small heap of a process that has little to remember and no time for large collections. */
const FAILOVER_NODE_OPTIONS = ["--max-old-space-size=96", "--max-semi-space-size=2"];
const LATENESS_INTERVAL_MS = 100;

/** The supervisor. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #metrics: Metrics;
  readonly #metricsServer: MetricsServer;
  readonly #failover: Child<FailoverConfig, FailoverReport>;
  readonly #balancer: Child<BalancerConfig, BalancerReport, BalancerCall, BalancerAnswer>;
  readonly #findings = new FindingBook((finding) =>
    this.#failover.inform({ type: "findings", findings: [finding] }),
  );
  readonly #scripts = new ScriptWatch(this.#findings);
  readonly #files = new FileWatch(this.#findings);
  readonly #processes = new ProcessWatch(this.#findings, (happened) => this.#say(happened));
  readonly #maintenance = new MaintenanceWatch({
    event: (happened) => this.#say(happened),
    changed: (targets) => this.#balancer.inform({ type: "maintenance", targets }),
  });
  readonly #pipes: NotifyPipes;
  readonly #notifier = new Notifier({
    event: (happened) => this.#say(happened),
    line: (line) => this.#pipes.tell("instances", line),
    ran: (instance, state, ok) => this.#metrics.onNotifyRun(instance, state, ok),
  });
  readonly #serviceNotifier = new ServiceNotifier({
    event: (happened) => this.#say(happened),
    line: (line) => this.#pipes.tell("services", line),
    ran: (virtual, program, ok) => this.#metrics.onServiceNotifyRun(virtual, program, ok),
  });
  /** The addresses that are held here, and the instances that are master, as the balancer is told. */
  #held: Held = { type: "held", addresses: [], masters: [] };
  #digest: string | undefined;
  /** One reading after the other. */
  #work: Promise<void> = Promise.resolve();
  #stopping = false;
  /** The end of children that were not waited for. */
  #abandoned: Promise<unknown> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#metrics = new Metrics(options.version);
    this.#metricsServer = new MetricsServer(this.#metrics.registry);
    const { path } = options.runDirectory;
    this.#pipes = new NotifyPipes(path, {
      event: (happened) => this.#say(happened),
      dropped: (fifo, count) => this.#metrics.onNotifyLinesDropped(fifo, count),
    });
    this.#failover = new Child({
      ...this.#common("failover"),
      module: new URL("../failover/main.js", import.meta.url),
      nodeOptions: FAILOVER_NODE_OPTIONS,
      onReport: (report: FailoverReport) => this.#onFailoverReport(report),
      known: () => [{ type: "findings", findings: this.#findings.all }],
      release: () => this.#releaseAddresses(path),
      releaseWhileAway: true,
    });
    this.#balancer = new Child({
      ...this.#common("balancer"),
      module: new URL("../balancer/main.js", import.meta.url),
      nodeOptions: [],
      onReport: (report: BalancerReport) => this.#onBalancerReport(report),
      known: () => [this.#held, { type: "maintenance", targets: this.#maintenance.targets }],
      release: () => release(BALANCER_RELEASES, path),
      // A table that nobody looks after still serves.
      releaseWhileAway: false,
    });
    watchLateness((seconds) => this.#metrics.late("supervisor", [seconds]));
  }

  /** Puts the first configuration into force; resolves when both children work by it. */
  start(reading: Reading & { readonly config: Config }): Promise<void> {
    return this.#inTurn(() => this.#start(reading));
  }

  /** Reads the configuration anew. */
  reload(): void {
    void this.#inTurn(() => this.#reload());
  }

  /** Asks the balancer for something; undefined when it is not there to answer. */
  callBalancer(call: BalancerCall): Promise<BalancerAnswer | undefined> {
    return this.#balancer.call(call);
  }

  /** Lets go of everything, peers first. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#say(event("stopping"));
    this.#notify("stopping", "stopping");
    this.#processes.close();
    this.#scripts.close();
    this.#files.close();
    this.#maintenance.close();
    await this.#failover.stop();
    // Not before: the addresses are off now.
    await Promise.all([this.#notifier.stop(), this.#serviceNotifier.stop(), this.#balancer.stop()]);
    await this.#pipes.close();
    await this.#abandoned;
    await this.#metricsServer.close();
    this.#options.runDirectory.clear();
    this.#options.runDirectory.leave();
    this.#say(event("stopped"));
  }

  /** Does not let `stop` wait for the children: ends them, and takes out of the kernel what they had put there. */
  abandon(): void {
    this.#notifier.abandon();
    this.#serviceNotifier.abandon();
    this.#pipes.abandon();
    this.#abandoned ??= Promise.all([this.#failover.kill(), this.#balancer.kill()]);
  }

  /** Waits for its turn, which does not come once all is to stop. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(() => (this.#stopping ? undefined : work()));
    return this.#work;
  }

  async #start(reading: Reading & { readonly config: Config }): Promise<void> {
    this.#warn(reading);
    await this.#apply(reading.config);
    if (this.#stopping) return;
    this.#metrics.onProcess("supervisor", true);
    this.#say(event("started", { version: this.#options.version, node: reading.config.node ?? "" }));
    this.#notify("ready", "running");
  }

  async #reload(): Promise<void> {
    this.#notify("reloading", "reading the configuration");
    const reading = this.#options.read();
    const { config } = reading;
    if (config === undefined) {
      this.#metrics.onConfigRejected();
      this.#say(event("config-rejected", { errors: this.#texts(reading, "error") }));
    } else if (config.digest === this.#digest) {
      // A port that could not be had may be free by now.
      await this.#serveMetrics(config);
      this.#metrics.onConfigLoaded(config.digest);
      this.#say(event("config-unchanged", { digest: config.digest }));
    } else {
      this.#warn(reading);
      await this.#apply(config);
    }
    if (this.#stopping) return;
    this.#notify("ready", config === undefined ? "running; the configuration on disk has errors" : "running");
  }

  #warn(reading: Reading): void {
    for (const warning of this.#texts(reading, "warning")) this.#say(event("config-warning", { warning }));
  }

  #texts({ diagnostics }: Reading, severity: Severity): readonly string[] {
    const wanted = diagnostics.filter((diagnostic) => diagnostic.severity === severity);
    return wanted.map((diagnostic) => formatDiagnostic(this.#options.file, diagnostic));
  }

  async #apply(config: Config): Promise<void> {
    this.#metrics.onConfigComing(config);
    await this.#serveMetrics(config);
    if (this.#stopping) return;
    this.#scripts.configure(config.watch.scripts);
    this.#processes.configure(config.watch.processes);
    this.#pipes.configure(config.notify.fifos);
    this.#notifier.configure(config.notify);
    this.#serviceNotifier.configure(config.notify.services);
    await this.#files.configure(config.watch.files);
    // Each wait for a disk may be a long one; what has been closed meanwhile is not to be opened again.
    if (this.#stopping) return;
    await this.#maintenance.configure(config.maintenanceDirectory);
    if (this.#stopping) return;
    await Promise.all([this.#failover.configure(config.failover), this.#balancer.configure(config.balancer)]);
    // A child that is to stop leaves the question open.
    if (this.#stopping) return;
    this.#digest = config.digest;
    await this.#metrics.onConfigInForce();
    this.#metrics.onConfigLoaded(config.digest);
    this.#say(event("config-loaded", { digest: config.digest }));
  }

  async #serveMetrics({ metrics }: Config): Promise<void> {
    try {
      const changed = await this.#metricsServer.listen(metrics);
      if (changed && metrics !== undefined) this.#say(event("metrics-listening", { ...metrics }));
    } catch (error) {
      this.#say(event("metrics-failed", { ...metrics, error: String(error) }));
    }
  }

  #common(
    name: "failover" | "balancer",
  ): Pick<ChildSpecification<never>, "name" | "arguments" | "onEvent" | "onEventsDropped"> {
    return {
      name,
      arguments: [this.#options.runDirectory.path, this.#options.version],
      onEvent: (happened, pid) => this.#onChildEvent(name, happened, pid),
      onEventsDropped: (count) => this.#metrics.onEventsDropped(name, count),
    };
  }

  #onChildEvent(name: "failover" | "balancer", happened: Event, pid: number): void {
    if (happened.name === "process-started") this.#metrics.onProcess(name, true);
    if (happened.name === "process-died") this.#metrics.onProcess(name, false);
    this.#options.log(happened, { process: name, process_pid: pid });
    const { instance, to, priority } = happened.fields;
    if (happened.name === "vrrp-transition") this.#onTransition(happened);
    if (happened.name === "vrrp-priority-changed")
      this.#notifier.onSign(String(instance), "priority", Number(to));
    if (happened.name === "vrrp-lower-priority")
      this.#notifier.onSign(String(instance), "lower-priority", Number(priority));
    if (name === "balancer") this.#serviceNotifier.onEvent(happened);
  }

  #onFailoverReport(report: FailoverReport): void {
    this.#metrics.onFailoverReport(report);
    const masters = report.instances.filter(({ state }) => state === "master");
    this.#hold(
      report.instances.flatMap(({ held }) => held.map(({ address }) => address)),
      masters.map(({ instance }) => instance),
    );
  }

  #onBalancerReport(report: BalancerReport): void {
    this.#metrics.onBalancerReport(report);
    this.#serviceNotifier.onReport(report);
  }

  /** Tells the balancer what is held here, addresses given with their prefix lengths, when that is news. */
  #hold(cidrs: readonly string[], masters: readonly string[]): void {
    const addresses = cidrs.map((cidr) => cidr.replace(/\/.*$/, "")).toSorted();
    const held: Held = { type: "held", addresses, masters: masters.toSorted() };
    if (JSON.stringify(held) === JSON.stringify(this.#held)) return;
    this.#held = held;
    this.#balancer.inform(held);
  }

  #onTransition({ fields: { instance, to, cause, priority } }: Event): void {
    this.#notifier.onTransition(String(instance), to as InstanceStateName, String(cause), Number(priority));
  }

  async #releaseAddresses(runDirectory: string): Promise<readonly KernelError[]> {
    const left = await release(FAILOVER_RELEASES, runDirectory);
    // Whatever else is left.
    if (await holdsAddresses(runDirectory)) return left;
    this.#hold([], []);
    if (!this.#stopping) this.#notifier.onFailoverAway();
    return left;
  }

  #say(happened: Event): void {
    this.#options.log(happened);
  }

  #notify(readiness: Readiness, status: string): void {
    try {
      notifySystemd(readiness, status);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
  }
}

function watchLateness(late: (seconds: number) => void): void {
  let due = performance.now() + LATENESS_INTERVAL_MS;
  setInterval(() => {
    late(Math.max(0, performance.now() - due) / 1_000);
    due = performance.now() + LATENESS_INTERVAL_MS;
  }, LATENESS_INTERVAL_MS).unref();
}
