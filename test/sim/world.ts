/**
 * Everything that there is in one run: directors, segments, clients, time, and the rules that watch.
 *
 * It also keeps what the rules may take for an excuse: when a frame between two directors last suffered something, and
 * when a machine was last in trouble (stalled, killed, started, reconfigured, meddled with).
 */

import type { HeartbeatConfig } from "../../src/core/heartbeat/model.ts";
import type { Event as Report } from "../../src/core/report/event.ts";
import type { Family, IpAddress } from "../../src/core/units/ip-address.ts";
import { after, type Duration, type Instant, seconds, ZERO } from "../../src/core/units/time.ts";
import type { OutgoingAdvert } from "../../src/core/vrrp/advert-packet.ts";
import type { FailoverConfig, VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Finding } from "../../src/core/track/model.ts";
import type { Mac } from "../../src/core/units/mac.ts";
import type { Effect } from "../../src/core/vrrp/event.ts";
import { Agenda } from "./agenda.ts";
import type { Brain, Host, PathEnds, Stepped } from "./brain.ts";
import { Client } from "./client.ts";
import { Hearsay } from "./hearsay.ts";
import type { Hand } from "./kernel.ts";
import {
  type Arrival,
  type Hearing,
  type Judgement,
  type Life,
  type Listening,
  Machine,
  type MachineListener,
} from "./machine.ts";
import { Random } from "./random.ts";
import { type Rule, Violation, type Watch } from "./rule.ts";
import { type Frame, type Port, Segment } from "./segment.ts";
import type { Trace } from "./trace.ts";
import { VrrpBrain } from "./vrrp-brain.ts";

/** What a world is made of. */
export interface Blueprint {
  readonly seed: number;
  /** The configuration of each director. */
  readonly directors: readonly FailoverConfig[];
  /** Segment `i` is where each director's `eth<i>` is plugged in. */
  readonly segments: number;
  /** Clients on each segment. */
  readonly clients: number;
  /** Of every frame. */
  readonly latency: Duration;
  /** Of the kernels: see KernelMood. */
  readonly slowness: Duration;
  readonly timerLateness: Duration;
  /** A dead process' addresses are gone after so long; undefined: they stay. */
  readonly lease?: Duration | undefined;
  /** Heartbeats are kept for those who replay them. */
  readonly recording?: boolean;
}

const RECORDED_MAX = 100;

const NEVER = -1e15 as Instant;
type Watcher<Name extends keyof Watch> = NonNullable<Watch[Name]>;

/** The world. */
export class World implements MachineListener {
  readonly blueprint: Blueprint;
  readonly agenda = new Agenda();
  readonly random: Random;
  readonly machines: Machine[] = [];
  readonly segments: Segment[] = [];
  readonly clients: Client[][] = [];
  /** The configuration that each director's file holds now. */
  readonly files = new Map<Machine, FailoverConfig>();
  /** The longest that a healthy, running director takes from a cause to its last effect. */
  reaction: Duration;
  /** The longest advert interval that any file has ever had: what anybody may have learnt. */
  longestInterval: Duration = ZERO;
  /** Some heartbeats that were sent, for those who replay them. */
  readonly recorded: Frame[] = [];
  violation: Violation | undefined;
  /** Changes of masters that were published. */
  transitions = 0;
  readonly trace: Trace | undefined;
  readonly #hearsay = new Map<Machine, Hearsay>();
  /** Of heartbeats to an address: when one last suffered something. */
  readonly #pathInterference = new Map<IpAddress, Instant>();
  readonly #handovers = new Map<Machine, Instant>();
  #counts = false;
  readonly #machineOf = new Map<Port, Machine>();
  readonly #interference = new Map<Machine, Map<Machine, Instant>>();
  readonly #trouble = new Map<Machine, Instant>();
  readonly #missed = new Map<Port, Instant>();
  readonly #claims = new Map<Machine, Map<IpAddress, Instant>>();
  readonly #yields = new Map<Machine, Map<string, Instant>>();
  readonly #tries = new Map<Machine, Map<IpAddress, Instant>>();
  readonly #watches: Watch[] = [];
  readonly #onStepped: Watcher<"stepped">[] = [];
  readonly #onJudged: Watcher<"judged">[] = [];
  readonly #onHeard: Watcher<"heard">[] = [];
  readonly #onSent: Watcher<"sent">[] = [];
  readonly #checks: Watcher<"check">[] = [];

  constructor(
    blueprint: Blueprint,
    rules: readonly Rule[],
    trace?: Trace,
    makeBrain: (host: Host) => Brain = (host) => new VrrpBrain(host),
  ) {
    this.blueprint = blueprint;
    this.trace = trace;
    this.random = new Random(blueprint.seed);
    // A task may wait behind two others, each a request and its answer; timers may be late before it, and after.
    this.reaction = (10 * blueprint.slowness + 2 * blueprint.timerLateness + 1_000) as Duration;
    for (let index = 0; index < blueprint.segments; index += 1) this.#build(index);
    for (const [index, config] of blueprint.directors.entries()) this.#install(index, config, makeBrain);
    for (const [index, segment] of this.segments.entries()) {
      for (const client of this.clients[index] ?? []) segment.plug(client);
    }
    for (const rule of rules) this.#enforce(rule);
  }

  get now(): Instant {
    return this.agenda.now;
  }

  /** Lets everything happen until then, or until a rule is broken. */
  runUntil(until: Instant): void {
    while (this.violation === undefined && this.agenda.next(until)) for (const check of this.#checks) check();
  }

  /** When something last befell a frame from one to the other. */
  interfered(from: Machine, to: Machine): Instant {
    return this.#interference.get(from)?.get(to) ?? NEVER;
  }

  /** What a director can know of the other one by the link. */
  hearsay(machine: Machine): Hearsay {
    let known = this.#hearsay.get(machine);
    if (known === undefined) this.#hearsay.set(machine, (known = new Hearsay()));
    return known;
  }

  /** When something last befell a heartbeat on its way to an address. */
  pathInterfered(destination: IpAddress): Instant {
    return this.#pathInterference.get(destination) ?? NEVER;
  }

  /** When a director last gave or took, or was to. */
  handedOverAt(machine: Machine): Instant {
    return this.#handovers.get(machine) ?? NEVER;
  }

  /** When a machine was last in trouble; now, while its process does not run or its timers are late. */
  troubled(machine: Machine): Instant {
    return machine.awake && !machine.limping ? (this.#trouble.get(machine) ?? NEVER) : this.now;
  }

  /** Says that a machine is in trouble now. */
  trouble(machine: Machine): void {
    this.#trouble.set(machine, this.now);
  }

  /** When an announcement for a client was last lost or late. */
  missedAnnouncement(client: Port): Instant {
    return this.#missed.get(client) ?? NEVER;
  }

  /** When a director last claimed an address. */
  claimedAt(machine: Machine, { address }: Pick<VirtualAddress, "address">): Instant {
    return this.#claims.get(machine)?.get(address) ?? NEVER;
  }

  /** When a director last gave way, or went, in good order: then it has said so. */
  yieldedAt(machine: Machine, router: string): Instant {
    return this.#yields.get(machine)?.get(router) ?? NEVER;
  }

  /** Until then an address may be left as somebody else made it: to put it right was tried within the last second. */
  leftAloneUntil(machine: Machine, address: IpAddress): Instant {
    const last = this.#tries.get(machine)?.get(address);
    return last === undefined ? NEVER : after(last, (seconds(1) + this.reaction) as Duration);
  }

  /** The configuration of the virtual router that an address belongs to, on that machine. */
  routerOf(machine: Machine, address: IpAddress): VirtualRouter | undefined {
    return this.routers(machine).find((router) => router.addresses.some((own) => own.address === address));
  }

  /** The virtual routers in a director's file. */
  routers(machine: Machine): readonly VirtualRouter[] {
    return this.files.get(machine)?.routers ?? [];
  }

  start(machine: Machine): void {
    const config = this.files.get(machine);
    if (config !== undefined) machine.start(config);
  }

  /** Puts a file in place. */
  write(machine: Machine, config: FailoverConfig): void {
    this.files.set(machine, config);
    for (const { advertInterval } of config.routers)
      if (advertInterval > this.longestInterval) this.longestInterval = advertInterval;
  }

  /** The operator writes another file and has it read. */
  rewrite(machine: Machine, config: FailoverConfig): void {
    this.write(machine, config);
    this.trouble(machine);
    machine.reconfigure(config);
  }

  /** A tracked object on a machine is something else now. */
  find(machine: Machine, finding: Finding): void {
    this.trace?.note(`${machine.name}: ${finding.kind} ${finding.object} is ${finding.verdict}`);
    this.trouble(machine);
    machine.find(finding);
  }

  // What the machines tell.

  stepped(machine: Machine, step: Stepped): void {
    const { type } = step.event;
    if (type === "give" || type === "take" || type === "given") this.#handovers.set(machine, this.now);
    for (const watch of this.#onStepped) watch(machine, step);
  }

  judged(machine: Machine, judgement: Judgement): void {
    for (const watch of this.#onJudged) watch(machine, judgement);
  }

  heard(machine: Machine, hearing: Hearing): void {
    this.trace?.heard(machine, hearing);
    for (const watch of this.#onHeard) watch(machine, hearing);
  }

  sent(machine: Machine, router: VirtualRouter, advert: OutgoingAdvert): void {
    if (machine.kernel.mood.failsToSend) this.trouble(machine);
    this.trace?.sent(machine, router, advert);
    for (const watch of this.#onSent) watch(machine, router, advert);
  }

  spoke(machine: Machine, { remote }: PathEnds, frame: Frame): void {
    if (machine.kernel.mood.failsToSend) this.#pathInterference.set(remote, this.now);
    this.hearsay(machine).said(frame.bytes);
    for (const watch of this.#watches) watch.spoke?.(machine, frame.bytes);
    const { recorded, random } = this;
    if (this.blueprint.recording !== true) return;
    if (recorded.length < RECORDED_MAX) recorded.push(frame);
    else if (random.chance(0.1)) recorded[random.integer(0, RECORDED_MAX - 1)] = frame;
  }

  reached(machine: Machine, arrival: Arrival): void {
    this.#counts = this.hearsay(machine).hears(arrival.path.name, arrival.frame, this.now);
    for (const watch of this.#watches) watch.reached?.(machine, arrival, this.#counts);
  }

  listened(machine: Machine, listening: Listening): void {
    for (const watch of this.#watches) watch.listened?.(machine, listening, this.#counts);
  }

  linked(machine: Machine, config: HeartbeatConfig | undefined): void {
    this.hearsay(machine).configure(config, this.now);
  }

  reported(machine: Machine, report: Report): void {
    this.trace?.reported(machine, report);
    for (const watch of this.#watches) watch.reported?.(machine, report);
  }

  announced(machine: Machine, address: VirtualAddress): void {
    if (machine.kernel.mood.failsToSend)
      for (const client of this.clients.flat()) this.#missed.set(client, this.now);
    this.trace?.announced(machine, address);
    for (const watch of this.#watches) watch.announced?.(machine, address);
  }

  claimed(machine: Machine, address: VirtualAddress, router: VirtualRouter): void {
    let claims = this.#claims.get(machine);
    if (claims === undefined) this.#claims.set(machine, (claims = new Map()));
    claims.set(address.address, this.now);
    for (const watch of this.#watches) watch.claimed?.(machine, address, router);
  }

  published(machine: Machine, router: VirtualRouter, effect: Effect & { type: "publish" }): void {
    if (effect.from === "master" && effect.to !== "fault") {
      let yields = this.#yields.get(machine);
      if (yields === undefined) this.#yields.set(machine, (yields = new Map()));
      yields.set(router.name, machine.kernel.mood.failsToSend ? NEVER : this.now);
    }
    if (effect.from === "master" || effect.to === "master") this.transitions += 1;
    this.trace?.published(machine, router, effect);
    for (const watch of this.#watches) watch.published?.(machine, router, effect);
  }

  address(machine: Machine, address: VirtualAddress, present: boolean, by: Hand): void {
    if (by === "stranger") this.trouble(machine);
    this.trace?.address(machine, address, present, by);
    for (const watch of this.#watches) watch.address?.(machine, address, present, by);
  }

  putRight(machine: Machine, { address }: VirtualAddress): void {
    let tries = this.#tries.get(machine);
    if (tries === undefined) this.#tries.set(machine, (tries = new Map()));
    tries.set(address, this.now);
  }

  life(machine: Machine, what: Life): void {
    // To be told to stop is no trouble yet: what it hands over is to be there all the while.
    if (what !== "stopping") this.trouble(machine);
    if (what === "stopped" || what === "killed" || what === "power lost") this.#hearsay.delete(machine);
    this.trace?.life(machine, what);
    for (const watch of this.#watches) watch.life?.(machine, what);
  }

  limped(machine: Machine): void {
    this.trouble(machine);
  }

  #build(index: number): void {
    const { latency, clients } = this.blueprint;
    const segment = new Segment(`segment ${index}`, this.agenda, this.random, latency, (from, to, frame) =>
      this.#onInterference(from, to, frame),
    );
    this.segments.push(segment);
    this.clients.push(
      Array.from({ length: clients }, (_, client) => new Client(`client ${index}.${client}`)),
    );
  }

  #install(index: number, config: FailoverConfig, makeBrain: (host: Host) => Brain): void {
    const machine = new Machine(`lvs${index + 1}`, this.agenda, this.random, this, makeBrain);
    machine.kernel.mood.slowness = this.blueprint.slowness;
    machine.timerLateness = this.blueprint.timerLateness;
    machine.lease = this.blueprint.lease ?? ZERO;
    for (const [at, segment] of this.segments.entries()) {
      const mac = Uint8Array.of(2, 0, 0, 0, at, index + 1) as Mac;
      const addresses = [ownAddress, secondAddress].flatMap((its) =>
        ([4, 6] as const).map((family) => ({
          address: its(index, at, family),
          prefixLength: family === 4 ? 24 : 64,
        })),
      );
      machine.plug(segment, { index: at + 2, name: `eth${at}`, up: true, mac, addresses });
    }
    for (const { port } of machine.nics.values()) this.#machineOf.set(port, machine);
    this.machines.push(machine);
    this.write(machine, config);
  }

  #onInterference(from: Port, to: Port, frame: Frame): void {
    if (frame.kind === "announcement") this.#missed.set(to, this.now);
    if (frame.kind === "heartbeat") {
      if (frame.destination !== undefined) this.#pathInterference.set(frame.destination, this.now);
      return;
    }
    const [sender, receiver] = [this.#machineOf.get(from), this.#machineOf.get(to)];
    if (sender === undefined || receiver === undefined) return;
    let known = this.#interference.get(sender);
    if (known === undefined) this.#interference.set(sender, (known = new Map()));
    known.set(receiver, this.now);
  }

  #enforce(rule: Rule): void {
    const watch = rule.watch(this, (what) => {
      if (this.violation === undefined) this.trace?.note(`rule ${rule.name} is broken: ${what}`);
      this.violation ??= new Violation(rule.name, what);
    });
    this.#watches.push(watch);
    if (watch.stepped !== undefined) this.#onStepped.push(watch.stepped.bind(watch));
    if (watch.judged !== undefined) this.#onJudged.push(watch.judged.bind(watch));
    if (watch.heard !== undefined) this.#onHeard.push(watch.heard.bind(watch));
    if (watch.sent !== undefined) this.#onSent.push(watch.sent.bind(watch));
    if (watch.check !== undefined) this.#checks.push(watch.check.bind(watch));
  }
}

/** The address that a director has of its own on a segment. */
export function ownAddress(director: number, segment: number, family: Family): IpAddress {
  if (family === 6) return `fe80::${segment + 1}:${11 + director}` as IpAddress;
  return `${segment === 0 ? "192.0.2" : "198.51.100"}.${11 + director}` as IpAddress;
}

/** Another one that it has there, behind the first: of two directors the other one has the higher. */
export function secondAddress(director: number, segment: number, family: Family): IpAddress {
  if (family === 6) return `fe80::${segment + 1}:${42 - director}` as IpAddress;
  return `${segment === 0 ? "192.0.2" : "198.51.100"}.${42 - director}` as IpAddress;
}
