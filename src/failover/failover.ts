/**
 * The failover process at work: the virtual routers of this director, on the interfaces of this machine.
 *
 * ```
 *   kernel ──rtnetlink──▶ InterfaceTable ──faults──▶ Instance ──adverts──▶ Segments ──▶ network
 *   network ──▶ Receiver ──▶ Segments ──admit──▶ Instance ──▶ AddressKeeper ──rtnetlink──▶ kernel
 *                                                        └──▶ Announcer ──▶ network
 * ```
 *
 * Nothing here waits for a disk, a name, a script, a log or a scrape.
 */

import type { FailoverCount, FailoverReport } from "../core/report/channel.ts";
import { type Event as Report, event } from "../core/report/event.ts";
import { type Duration, type Instant, seconds, toMilliseconds, toSeconds, ZERO } from "../core/units/time.ts";
import type { IpAddress } from "../core/units/ip-address.ts";
import { addressText } from "../core/vrrp/address-book.ts";
import { FILTER_TABLE, unacceptedAddresses } from "../core/vrrp/acceptance.ts";
import { type Admission, admit } from "../core/vrrp/admission.ts";
import type { OutgoingAdvert } from "../core/vrrp/advert-packet.ts";
import { addressMismatch, intervalMismatch } from "../core/vrrp/mismatch.ts";
import {
  type FailoverConfig,
  IDLE,
  sameAddress,
  type VirtualAddress,
  type VirtualRouter,
} from "../core/vrrp/model.ts";
import type { Finding } from "../core/track/model.ts";
import { routingText } from "../core/routing/text.ts";
import { type Outcome, outcomeOf } from "../core/track/outcome.ts";
import { OWNER } from "../core/vrrp/priority.ts";
import { addressesOnlyIn } from "../core/vrrp/reconfiguration.ts";
import { faultsOf, primaryAddress } from "../core/vrrp/surroundings.ts";
import { stallBudget } from "../core/vrrp/timing.ts";
import type { State } from "../core/vrrp/state.ts";
import { peerPatience } from "../core/heartbeat/patience.ts";
import { leftOver, mayResume } from "../core/vrrp/succession.ts";
import { IPPROTO_AH, protectsOther } from "../core/wire/authentication-header.ts";
import { HeartbeatSocket } from "../linux/heartbeat-socket.ts";
import { type Announcer, openAnnouncer } from "../linux/announcer.ts";
import { now } from "../linux/clock.ts";
import { openGatewaySocket } from "../linux/gateway-socket.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { runInRealTime } from "../linux/realtime.ts";
import { Receiver } from "../linux/receiver.ts";
import { Rtnetlink } from "../linux/rtnetlink.ts";
import { AddressKeeper } from "./address-keeper.ts";
import { FilterKeeper } from "./filter-keeper.ts";
import { RouteWatch } from "./route-watch.ts";
import { RoutingKeeper } from "./routing-keeper.ts";
import { BfdSessions } from "./bfd-sessions.ts";
import { ConflictWatch } from "./conflict-watch.ts";
import { AnnouncementPacer } from "./announcement-pacer.ts";
import { Counters } from "./counters.ts";
import { Footprint } from "./footprint.ts";
import { Promotion } from "./promotion.ts";
import { TrackedObjects } from "./tracked-objects.ts";
import { MACHINE_CLOCK } from "./clock.ts";
import { type Decision, Instance, type InstanceHands, whenAllSettled } from "./instance.ts";
import { InterfaceTable } from "./interface-table.ts";
import { GatewayWatch } from "./gateway-watch.ts";
import { LinkKeeper } from "./link-keeper.ts";
import { hmacMd5, hmacSha256, randomBoot } from "./mac.ts";
import { Noticeboard } from "./noticeboard.ts";
import { PairLink } from "./pair-link.ts";
import { type SegmentName, Segments, segmentKey } from "./segments.ts";

/** What it tells the supervisor. */
export interface FailoverVoice {
  event(event: Report): void;
  reportSoon(): void;
  late(seconds: number): void;
}

/** Where it writes down what it has put into the kernel. */
export interface RecordPaths {
  readonly addresses: string;
  readonly links: string;
  readonly routing: string;
  readonly filter: string;
}

/** The failover process. */
export class Failover {
  readonly #voice: FailoverVoice;
  readonly #counters = new Counters<FailoverCount>();
  readonly #noticeboard = new Noticeboard();
  readonly #rtnetlink = new Rtnetlink();
  readonly #receiver = new Receiver();
  readonly #announcer: Announcer = openAnnouncer();
  readonly #segments: Segments;
  /** Where packets with an authentication header arrive, on interfaces with an instance that asks for one. */
  readonly #authenticated: Segments;
  readonly #table: InterfaceTable;
  readonly #footprint: Footprint;
  readonly #promotion: Promotion;
  readonly #links: LinkKeeper;
  readonly #keeper: AddressKeeper;
  readonly #routing: RoutingKeeper;
  readonly #routeWatch: RouteWatch;
  readonly #filter: FilterKeeper;
  readonly #conflicts: ConflictWatch;
  readonly #tracked: TrackedObjects;
  readonly #gateways = new GatewayWatch({
    clock: MACHINE_CLOCK,
    receiver: this.#receiver,
    open: openGatewaySocket,
    defaultRoutes: () => this.#routeWatch.defaults,
    interfaces: () => this.#table.interfaces,
    virtual: () => this.#virtual,
    found: (finding) => this.#tracked.found([finding]),
    asked: (gateway, answered) =>
      this.#counters.count("gateway_probes", { gateway, result: answered ? "answered" : "failed" }),
  });
  readonly #bfd: BfdSessions;
  readonly #pair: PairLink;
  readonly #pacer = new AnnouncementPacer({
    clock: MACHINE_CLOCK,
    announce: (address) => this.#announce(address),
    mayAnnounce: (address) => this.#holderOf(address)?.mayAnnounce() === true,
  });
  readonly #instances = new Map<string, { instance: Instance; faults: readonly string[] }>();
  readonly #bySegment = new Map<string, readonly Instance[]>();
  /** All instances: another list whenever they are others. */
  #list: readonly Instance[] = [];
  #virtual: ReadonlySet<IpAddress> = new Set();
  #listenFor: readonly VirtualRouter[] = [];
  #realtimePriority = 0;
  #changed: NodeJS.Immediate | undefined;
  #opened = false;
  #configured = false;

  /** What is there whoever is master. */
  #static: Pick<FailoverConfig, "staticAddresses" | "staticRouting"> = IDLE;

  /** `software` is our release, as the other director is told. */
  constructor(records: RecordPaths, software: string, voice: FailoverVoice) {
    this.#voice = voice;
    this.#pair = new PairLink(
      {
        clock: MACHINE_CLOCK,
        hmac: hmacSha256,
        software,
        boot: randomBoot,
        open: (path, handler) => new HeartbeatSocket(path, handler),
        afterReading: (then) => void setImmediate(then),
        instances: () => this.#all(),
        primary: (router) => this.#primary(router),
        event: (report) => voice.event(report),
      },
      this.#counters,
      this.#noticeboard,
    );
    const failed = ({ interface: name }: SegmentName, error: KernelError): void =>
      voice.event(event("vrrp-listen-failed", { interface: name, error: error.message }));
    this.#segments = new Segments(this.#receiver, {
      packet: (segment, packet) => this.#onPacket(segment, packet),
      failed,
    });
    this.#authenticated = new Segments(
      this.#receiver,
      {
        // Another user's of IPsec on this machine.
        packet: (segment, packet) => void (protectsOther(packet) || this.#onPacket(segment, packet)),
        failed,
      },
      IPPROTO_AH,
    );
    this.#table = new InterfaceTable(this.#rtnetlink, this.#receiver, {
      changed: () => {
        // An interface takes routes along, and may be what some waited for.
        this.#routing.lookSoon();
        this.#routeWatch.lookSoon();
        this.#onInterfacesChangedSoon();
      },
      address: (name, address) => {
        if (address.duplicate === true) this.#conflicts.onDuplicate(name, address.address);
        void this.#keeper.look(name, address);
      },
      readAnew: () => void this.#keeper.lookAtAll(),
    });
    this.#footprint = new Footprint(records.addresses, (report) => voice.event(report));
    this.#promotion = new Promotion(this.#footprint, (report) => voice.event(report));
    this.#links = new LinkKeeper(this.#rtnetlink, records.links, {
      interfaces: this.#table.interfaces,
      readAnew: () => this.#table.readAnew(),
      event: (report) => voice.event(report),
      drift: () => this.#counters.count("drift", { kind: "link" }),
      changed: () => this.#onLinksChanged(),
    });
    this.#keeper = new AddressKeeper(this.#rtnetlink, this.#footprint, {
      event: (report) => voice.event(report),
      drift: (address, wrong) => this.#onDrift(address, wrong),
      expired: (address, since) => this.#onExpired(address, since),
      renewed: (result) => this.#counters.count("lease_renewals", { result }),
      hearAdverts: () => {
        this.#segments.drainAll();
        this.#authenticated.drainAll();
      },
      hearKernel: () => this.#table.drain(),
      lost: (address) => this.#holderOf(address)?.dispatch({ type: "address-refused" }),
      adding: (addresses) => this.#links.open(addresses),
      vacating: (name) => this.#links.hush(name),
    });
    this.#conflicts = new ConflictWatch(this.#receiver, this.#noticeboard, {
      holderOf: (name, address) => this.#holderOf({ interface: name, address }),
      drain: (router) => this.#drain(router),
      event: (report) => voice.event(report),
      count: ({ name }, address, on) =>
        this.#counters.count("conflicts", { instance: name, address, interface: on }),
    });
    this.#tracked = new TrackedObjects(MACHINE_CLOCK, {
      changed: () => this.#onInterfacesChangedSoon(),
      event: (report) => voice.event(report),
      standing: () => this.#all(),
      bfdPath: (session) => this.#bfd.path(session),
    });
    this.#bfd = new BfdSessions(MACHINE_CLOCK, this.#receiver, this.#counters, this.#noticeboard, {
      changed: () => this.#onInterfacesChangedSoon(),
      event: (report) => voice.event(report),
      late: (by) => voice.late(toSeconds(by)),
      interfaces: () => this.#table.interfaces,
    });
    this.#routing = new RoutingKeeper(records.routing, this.#table, {
      event: (report) => voice.event(report),
      drift: (entry, found) => {
        this.#counters.count("drift", { kind: entry.kind });
        voice.event(event("route-drift", { kind: entry.kind, route: routingText(entry), found }));
      },
    });
    this.#filter = new FilterKeeper(records.filter, this.#receiver, {
      event: (report) => voice.event(report),
      drift: () => {
        this.#counters.count("drift", { kind: "filter" });
        voice.event(event("filter-drift", { table: FILTER_TABLE }));
      },
      changed: () => this.#onInterfacesChangedSoon(),
    });
    this.#routeWatch = new RouteWatch(this.#receiver, this.#table, {
      found: (findings) => this.#tracked.found(findings),
      changed: (entry) => {
        if (entry === undefined || this.#routing.concerns(entry)) this.#routing.lookSoon();
      },
      event: (report) => voice.event(report),
    });
  }

  /** Takes a configuration into force: what is the same is left alone, what can be changed in place is. */
  async configure(config: FailoverConfig, diedAt: Instant | undefined): Promise<void> {
    if (!this.#opened) await this.#table.open();
    this.#opened = true;
    // Only a director that starts listens first: a process that died is missed by nobody yet.
    const delay = this.#configured || diedAt !== undefined ? ZERO : config.startupDelay;
    this.#configured = true;
    this.#bfd.configure(config.bfdSessions);
    this.#tracked.configure(config);
    this.#pacer.pace = config.announcementPace;
    const running = [...this.#instances.values()].map(({ instance }) => instance.router);
    const kept = new Map(config.routers.map((router) => [identity(router), router]));
    // What is dropped now is dropped until its address is gone, and what will be, before its address is there.
    this.#filter.drop(unacceptedAddresses([...running, ...config.routers]));
    await this.#stopAllBut(kept);
    await this.#links.configure(config.routers.flatMap(({ link }) => link ?? []));
    this.#tracked.look(this.#table.interfaces);
    this.#virtual = new Set(
      config.routers.flatMap((router) => router.addresses.map(({ address }) => address)),
    );
    const routing = [...config.staticRouting, ...config.routers.flatMap((router) => router.routing)];
    await this.#routeWatch.configure({
      tracked: config.trackedRoutes,
      defaults: config.gateways.some(({ address }) => address === undefined),
      ours: routing.length > 0,
    });
    this.#gateways.configure(config.gateways);
    // What is there before Relevo is left there, as an owner's is.
    const fixed = { priority: OWNER, addresses: config.staticAddresses };
    const found = this.#keeper.takeCharge([...this.#withLink(config.routers), fixed], this.#table.interfaces);
    // Before any address is removed, which might take others along.
    this.#promotion.configure([...running, ...config.routers], this.#table.interfaces);
    this.#listenFor = config.routers;
    this.#updateSegments();
    this.#beRealTime(config.realtimePriority);
    const resuming = new Set(
      config.routers.filter(
        (router) =>
          !this.#instances.has(identity(router)) &&
          this.#standing(router).faults.length === 0 &&
          mayResume(router, found, diedAt, now(), peerPatience(config.heartbeat)),
      ),
    );
    await this.#routing.takeCharge(routing, [
      ...config.staticRouting,
      ...[...resuming].flatMap((router) => router.routing),
    ]);
    await this.#removeLeftOver(found, resuming, config);
    await this.#holdStatic(config);
    await this.#keeper.changeLeases(config.routers);
    for (const [name, router] of kept) {
      const running = this.#instances.get(name)?.instance;
      if (running === undefined) this.#start(router, resuming.has(router), delay);
      else if (JSON.stringify(running.router) !== JSON.stringify(router)) running.reconfigure(router);
    }
    this.#agree();
    this.#pair.configure(config.heartbeat);
    await this.#settled();
    // One that an instance had until now has gone with its leave.
    await this.#keeper.add(addressesOnlyIn(config.staticAddresses, this.#keeper.held(fixed)));
    this.#promotion.configure(config.routers, this.#table.interfaces);
    this.#keeper.forgetAllBut([...config.routers, fixed]);
    this.#routing.forgetAllBut(routing);
    this.#filter.drop(unacceptedAddresses(config.routers));
    this.#conflicts.configure(config.routers, this.#table.interfaces);
    this.#onInterfacesChanged();
  }

  /** Lets go of every address and says so to the peers. */
  async stop(): Promise<void> {
    // What an earlier life left is to go even if there was no time for a configuration.
    if (!this.#opened) await this.configure(IDLE, undefined);
    this.#bfd.leave();
    this.#pair.leave();
    await this.#handOver();
    await this.#stopAllBut(new Map());
    await this.#holdStatic(IDLE);
    this.#pair.close();
    await this.#bfd.close();
    this.#listenFor = [];
    this.#routeWatch.close();
    this.#routing.close();
    this.#promotion.configure([], this.#table.interfaces);
    await this.#links.close();
    this.#keeper.close();
    this.#filter.close();
    this.#footprint.close();
    this.#conflicts.close();
    this.#tracked.close();
    this.#gateways.close();
    this.#table.close();
    this.#segments.close();
    this.#authenticated.close();
    this.#pacer.close();
    this.#announcer.close();
    this.#rtnetlink.close();
    await this.#receiver.close();
  }

  /** What has come to pass since the last report, and where everything stands. */
  report(lateness: readonly number[]): FailoverReport {
    const instances = [...this.#instances.values()].map(({ instance }) => instance.report());
    const [bfd, tracks] = [this.#bfd.report(), this.#tracked.report()];
    return { instances, bfd, tracks, peer: this.#pair.report(), counts: this.#counters.take(), lateness };
  }

  /** Takes what the supervisor has found out about tracked objects. */
  found(findings: readonly Finding[]): void {
    this.#tracked.found(findings);
  }

  /** Gives the other director what it will take, and waits until it has it. What would stay here, too, is not given. */
  #handOver(): Promise<void> {
    const stays = (instance: Instance): boolean =>
      this.#companions(instance).some(({ router }) => this.#keeper.keeps(router));
    const all = this.#all();
    this.#onNotGiven(all.filter(stays));
    const given = all.filter((instance) => !stays(instance));
    return new Promise((resolve) => this.#pair.handOver(given, resolve));
  }

  #onNotGiven(instances: readonly Instance[]): void {
    const masters = instances.filter(({ state, peer }) => state.name === "master" && peer !== undefined);
    const peer = this.#pair.report()?.peer;
    if (masters.length === 0 || peer === undefined) return;
    this.#counters.count("handovers", { role: "giver", result: "own-address" });
    const names = masters.map(({ router }) => router.name).join(", ");
    this.#voice.event(
      event("handover-failed", { peer, kind: "offer", reason: "own-address", instances: names }),
    );
  }

  #all(): readonly Instance[] {
    return this.#list;
  }

  #start(router: VirtualRouter, resume: boolean, delay: Duration): void {
    const { faults, adjustment } = this.#standing(router);
    const instance = new Instance(router, adjustment, this.#hands());
    this.#instances.set(identity(router), { instance, faults });
    this.#onInstancesChanged();
    instance.dispatch({ type: "startup", faults, resume, delay });
  }

  async #stopAllBut(kept: ReadonlyMap<string, VirtualRouter>): Promise<void> {
    const leaving = [...this.#instances].filter(([name]) => !kept.has(name));
    // All decide before any acts: a sync group leaves as one, and nobody follows whoever goes first.
    for (const [, { instance }] of leaving) instance.decide({ type: "shutdown" });
    for (const [, { instance }] of leaving) instance.work();
    await allSettled(leaving.map(([, { instance }]) => instance));
    for (const [name] of leaving) this.#instances.delete(name);
    this.#onInstancesChanged();
  }

  /** What is there from the start to the end, whoever is master: addresses, then what may need them. */
  async #holdStatic(config: Pick<FailoverConfig, "staticAddresses" | "staticRouting">): Promise<void> {
    const before = this.#static.staticAddresses;
    this.#static = config;
    const { staticAddresses: addresses, staticRouting: routing } = config;
    const gone = addressesOnlyIn(before, addresses);
    const stays = (address: VirtualAddress) => addresses.some((other) => sameAddress(address, other));
    await this.#keeper.remove(gone.filter(stays));
    await this.#keeper.add(addressesOnlyIn(addresses, before));
    this.#routing.hold(STATIC, routing);
    await this.#keeper.remove(gone.filter((address) => !stays(address)));
  }

  /** A router whose interface was somebody else's may have its own now. */
  #onLinksChanged(): void {
    if (this.#listenFor.length > 0)
      this.#keeper.takeCharge(this.#withLink(this.#listenFor), this.#table.interfaces);
    this.#onInterfacesChangedSoon();
  }

  /** Those whose interface of their own is not somebody else's: nothing is taken off that. */
  #withLink(routers: readonly VirtualRouter[]): readonly VirtualRouter[] {
    return routers.filter(({ link }) => !this.#links.isForeign(link));
  }

  /** Addresses of an earlier life that nobody holds or goes on with are gone before anyone relies on them. */
  async #removeLeftOver(
    found: readonly VirtualAddress[],
    resuming: ReadonlySet<VirtualRouter>,
    { routers, staticAddresses }: FailoverConfig,
  ): Promise<void> {
    const held = this.#all().flatMap(({ router }) => this.#keeper.held(router));
    const stray = leftOver(found, [...held, ...staticAddresses], [...resuming]);
    await this.#keeper.remove(stray);
    // Also where the kernel has taken the addresses away (vip_lease), and left the interface as it is with them.
    const kept = [...held, ...[...resuming].flatMap(({ addresses }) => addresses)];
    for (const { link } of routers)
      if (link !== undefined && !kept.some((address) => address.interface === link.name))
        this.#links.hush(link.name);
    for (const address of stray) {
      this.#voice.event(
        event("address-left-over", { interface: address.interface, address: addressText(address) }),
      );
    }
  }

  /** After a change of the groups. */
  #agree(): void {
    for (const { instance } of this.#instances.values()) Instance.agree(this.#companions(instance));
  }

  /** The members of an instance's sync group, itself among them. */
  #companions(instance: Instance): readonly Instance[] {
    const { syncGroup } = instance.router;
    if (syncGroup === undefined) return [instance];
    return this.#all().filter(({ router }) => router.syncGroup === syncGroup);
  }

  async #settled(): Promise<void> {
    await allSettled(this.#all());
  }

  #hands(): InstanceHands {
    return {
      clock: MACHINE_CLOCK,
      send: (router, advert) => this.#send(router, advert),
      add: (_, addresses, done) => void this.#keeper.add(addresses).then(done),
      remove: (addresses, done) => {
        this.#pacer.drop(addresses);
        void this.#keeper.remove(addresses).then(done);
      },
      route: (router, routing) => this.#routing.hold(`instance ${router.name}`, routing),
      announce: (address, round) => this.#pacer.announce(address, round),
      drain: (router) => this.#drain(router),
      primary: (router) => this.#primary(router),
      held: (router) => this.#keeper.held(router),
      event: (report) => this.#voice.event(report),
      transition: (router, { to, cause }) => {
        this.#counters.count("transitions", { instance: router.name, to, cause });
        this.#pair.tellSoon();
        this.#conflicts.onTransition(router, to === "master");
      },
      late: (by) => this.#voice.late(toSeconds(by)),
      stalled: (router, state, by) => this.#onStalled(router, state, by),
      companions: (instance) => this.#companions(instance),
      decided: (instance, decision) => this.#onDecided(instance, decision),
    };
  }

  #drain(router: VirtualRouter): void {
    this.#segments.drain(router);
    this.#authenticated.drain(router);
  }

  #primary(router: VirtualRouter): IpAddress | undefined {
    return primaryAddress(router, this.#table.interfaces, this.#virtual);
  }

  #onPacket(segment: SegmentName, packet: Uint8Array): void {
    const { interface: interfaceName } = segment;
    const here = this.#bySegment.get(segmentKey(segment));
    // The sockets are open before the first instance starts and until the last one has stopped: nobody is there to hear.
    if (here === undefined) return;
    const routers = here.map(({ standing }) => standing);
    const admission = admit(packet, routers, (router) => this.#primary(router), {
      mac: hmacMd5,
      lastSequence: (vrid, source) =>
        here.find((instance) => instance.router.vrid === vrid)?.lastSequence(source) ?? 0,
    });
    if (admission.type === "discarded") {
      this.#onDiscarded(interfaceName, admission);
      return;
    }
    const { router, advert, source, sequence } = admission;
    this.#counters.count("adverts_received", { instance: router.name, interface: interfaceName });
    this.#notice(
      "vrrp-interval-mismatch",
      router,
      "theirs",
      intervalMismatch(router, advert)?.toString(),
      source,
    );
    this.#notice(
      "vrrp-address-mismatch",
      router,
      "theirs",
      addressMismatch(router, advert)?.join(", "),
      source,
    );
    const instance = here.find((candidate) => candidate.router.name === router.name);
    if (router.priority === OWNER && advert.priority === OWNER) this.#onDuplicateOwner(router, source);
    if (sequence !== undefined) instance?.onSequence(source, sequence);
    instance?.dispatch({ type: "advert", advert, source });
  }

  #onDiscarded(interfaceName: string, { cause, router, source }: Admission & { type: "discarded" }): void {
    const instance = router?.name ?? "";
    this.#counters.count("adverts_discarded", { instance, interface: interfaceName, cause });
    const suppressed = this.#noticeboard.again(`${interfaceName} ${instance} ${cause}`, now());
    if (suppressed === undefined) return;
    const fields = { interface: interfaceName, instance, cause, source: source ?? "", suppressed };
    this.#voice.event(event("vrrp-advert-discarded", fields));
  }

  #onDuplicateOwner({ name }: VirtualRouter, source: IpAddress): void {
    const suppressed = this.#noticeboard.again(`duplicate owner ${name} ${source}`, now());
    if (suppressed === undefined) return;
    this.#voice.event(event("vrrp-duplicate-owner", { instance: name, source, suppressed }));
  }

  /** Says once that an advert differs from our configuration, until it does so in another way. */
  #notice(
    name: "vrrp-interval-mismatch" | "vrrp-address-mismatch",
    router: VirtualRouter,
    field: string,
    value: string | undefined,
    source: IpAddress,
  ): void {
    if (!this.#noticeboard.changed(`${name} ${router.name} ${source}`, value)) return;
    this.#voice.event(event(name, { instance: router.name, source, [field]: value ?? "" }));
  }

  #send(router: VirtualRouter, { packet, destination }: OutgoingAdvert): void {
    const labels = { instance: router.name, interface: router.interface };
    const failure = this.#try(() => this.#segments.send(router, packet, destination));
    if (failure === undefined) this.#counters.count("adverts_sent", labels);
    if (this.#noticeboard.changed(`send ${router.name} ${destination}`, failure)) {
      this.#voice.event(event("vrrp-send-failed", { ...labels, destination, error: failure ?? "" }));
    }
  }

  #announce(address: VirtualAddress): void {
    const on = this.#table.interfaces.get(address.interface);
    // An interface without a hardware address has no neighbours to tell.
    if (on?.mac === undefined) return;
    const { index, mac } = on;
    const failure = this.#try(() => this.#announcer.announce(index, address.address, mac));
    const labels = { address: address.address, interface: address.interface };
    if (failure === undefined) this.#counters.count("announcements_sent", labels);
    if (this.#noticeboard.changed(`announce ${addressText(address)} ${address.interface}`, failure)) {
      this.#voice.event(event("announce-failed", { ...labels, error: failure ?? "" }));
    }
  }

  /** The message of the kernel's refusal, if it refuses. */
  #try(action: () => void): string | undefined {
    try {
      action();
      return undefined;
    } catch (error) {
      if (error instanceof KernelError) return error.message;
      throw error;
    }
  }

  #onStalled(router: VirtualRouter, state: State["name"], by: Duration): void {
    this.#counters.count("stalls", { instance: router.name });
    const suppressed = this.#noticeboard.again(`stalled ${router.name}`, now());
    if (suppressed === undefined) return;
    this.#voice.event(
      event("vrrp-stalled", {
        instance: router.name,
        state,
        suppressed,
        late_ms: Math.round(toMilliseconds(by)),
        budget_ms: toMilliseconds(stallBudget(router)),
      }),
    );
  }

  #onDecided(instance: Instance, decision: Decision): void {
    this.#pair.decided(instance, decision);
    this.#onHeldBack(instance, decision);
    for (const effect of decision.effects)
      if (effect.type === "lesser-master") this.#onLowerPriority(instance, effect.priority, effect.source);
  }

  /** Told so often that a program which takes a virtual address back from the other one is run in time. */
  #onLowerPriority({ router, priority }: Instance, theirs: number, source: IpAddress): void {
    const suppressed = this.#noticeboard.again(`lower ${router.name} ${source}`, now(), seconds(1));
    if (suppressed === undefined) return;
    const fields = { instance: router.name, source, theirs, priority, suppressed };
    this.#voice.event(event("vrrp-lower-priority", fields));
  }

  /** Tells of a silent master that was not replaced, because another member of the sync group hears it. */
  #onHeldBack({ router, state }: Instance, { before, heldBackBy: member }: Decision): void {
    if (member === undefined || before.name !== "backup" || state.name !== "backup" || state === before)
      return;
    const { name, syncGroup = "" } = router;
    const suppressed = this.#noticeboard.again(`held back ${name} ${member}`, now());
    if (suppressed === undefined) return;
    this.#voice.event(event("vrrp-sync-held-back", { instance: name, group: syncGroup, member, suppressed }));
  }

  #onDrift(address: VirtualAddress, found: "missing" | "foreign"): void {
    this.#counters.count("drift", { kind: "address" });
    this.#voice.event(
      event("address-drift", { interface: address.interface, address: addressText(address), found }),
    );
    if (found === "missing") this.#holderOf(address)?.announce(address);
  }

  /** The peer may have taken over and given way meanwhile: the neighbours are to know where the address is. */
  #onExpired(address: VirtualAddress, since: number): void {
    const { interface: name } = address;
    this.#counters.count("lease_expirations", { address: addressText(address), interface: name });
    this.#voice.event(
      event("lease-expired", { interface: name, address: addressText(address), renewed_ms_ago: since }),
    );
    this.#holderOf(address)?.announce(address);
  }

  #holderOf({
    address,
    interface: name,
  }: Pick<VirtualAddress, "address" | "interface">): Instance | undefined {
    for (const { instance } of this.#instances.values()) {
      const { addresses } = instance.router;
      if (addresses.some((own) => own.address === address && own.interface === name)) return instance;
    }
    return undefined;
  }

  /** The kernel tells of many changes in one turn of the loop, such as a hundred addresses of our own. */
  #onInterfacesChangedSoon(): void {
    this.#changed ??= setImmediate(() => this.#onInterfacesChanged());
  }

  #onInterfacesChanged(): void {
    clearImmediate(this.#changed);
    this.#changed = undefined;
    const { interfaces } = this.#table;
    this.#links.look();
    this.#updateSegments();
    this.#promotion.look(interfaces);
    this.#keeper.lookAtInterfaces();
    this.#tracked.look(interfaces);
    for (const entry of this.#instances.values()) {
      const before = entry.faults;
      const { faults, adjustment } = this.#standing(entry.instance.router);
      entry.faults = faults;
      entry.instance.adjust(adjustment);
      for (const fault of entry.faults) {
        if (!before.includes(fault)) entry.instance.dispatch({ type: "fault-raised", fault });
      }
      for (const fault of before) {
        if (!entry.faults.includes(fault)) entry.instance.dispatch({ type: "fault-cleared", fault });
      }
    }
    // The address that an instance speaks from may be another one now.
    this.#pair.tellSoon();
    this.#voice.reportSoon();
  }

  #updateSegments(): void {
    const { interfaces } = this.#table;
    this.#segments.update(this.#listenFor, interfaces);
    this.#authenticated.update(this.#listenFor.filter(isAuthenticated), interfaces);
  }

  /** All that keeps a router from working, and what its tracked objects do to its priority. */
  #standing(router: VirtualRouter): Outcome {
    const { interfaces } = this.#tracked;
    const tracked = outcomeOf(router.tracks, (kind, object) => this.#tracked.verdict(kind, object));
    const faults = [...faultsOf(router, interfaces, this.#virtual), ...tracked.faults];
    const { link } = router;
    if (link !== undefined && this.#links.isForeign(link)) faults.push(`interface ${link.name} is not ours`);
    const listening = isAuthenticated(router) ? this.#authenticated : this.#segments;
    if (!router.accept && this.#filter.failed) faults.push("packets to its addresses cannot be dropped");
    for (const name of listening.deafOn(router, interfaces))
      faults.push(`cannot listen on interface ${name}`);
    return { faults, adjustment: tracked.adjustment };
  }

  #onInstancesChanged(): void {
    this.#list = [...this.#instances.values()].map(({ instance }) => instance);
    this.#bySegment.clear();
    for (const instance of this.#list) {
      const key = segmentKey(instance.router);
      this.#bySegment.set(key, [...(this.#bySegment.get(key) ?? []), instance]);
    }
  }

  #beRealTime(priority: number): void {
    if (priority === this.#realtimePriority) return;
    this.#realtimePriority = priority;
    try {
      runInRealTime(priority);
      if (priority > 0) this.#voice.event(event("realtime-granted", { priority }));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#voice.event(event("realtime-refused", { priority, error: error.message }));
    }
  }
}

/** Who holds the static routes and rules, beside the instances. */
const STATIC = "static";

/** Resolves when all that they have decided so far has been done. */
function allSettled(instances: readonly Instance[]): Promise<void> {
  return new Promise((resolve) => whenAllSettled(instances, resolve));
}

/** True where adverts come with an authentication header, which is a protocol of its own. */
function isAuthenticated({ authentication }: VirtualRouter): boolean {
  return authentication?.type === "ah";
}

/** Routers that differ in these are different ones; all else can be changed in place. */
function identity({ name, interface: interfaceName, link, vrid, version, family }: VirtualRouter): string {
  return JSON.stringify([name, interfaceName, link, vrid, version, family]);
}
