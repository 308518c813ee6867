/**
 * A director's machine: its kernel, its interfaces on the segments, and the failover process with what waits for it.
 *
 * A process that is stalled (stopped, swapped out, moved to another host, or merely late) does nothing; packets, the
 * kernel's answers and its timers wait. When it goes on, its loop finds them in any order: `wakeOrder`.
 */

import {
  after,
  type Duration,
  type Instant,
  microseconds,
  toSeconds,
  ZERO,
} from "../../src/core/units/time.ts";
import { type Family, familyOf, type IpAddress, isIpv6 } from "../../src/core/units/ip-address.ts";
import type { Mac } from "../../src/core/units/mac.ts";
import type { Admission } from "../../src/core/vrrp/admission.ts";
import type { OutgoingAdvert } from "../../src/core/vrrp/advert-packet.ts";
import type { FailoverConfig, VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { HeartbeatConfig } from "../../src/core/heartbeat/model.ts";
import type { Event as Report } from "../../src/core/report/event.ts";
import type { Finding } from "../../src/core/track/model.ts";
import type { Interface, Interfaces } from "../../src/core/vrrp/surroundings.ts";
import type { Effect } from "../../src/core/vrrp/event.ts";
import type { State } from "../../src/core/vrrp/state.ts";
import { encodeGratuitousArp, ARP_REPLY, ARP_REQUEST } from "../../src/core/wire/arp.ts";
import { encodeUnsolicitedAdvertisement } from "../../src/core/wire/ndp.ts";
import type { HeartbeatFault } from "../../src/core/wire/heartbeat.ts";
import { VRRP_GROUP, VRRP_GROUP6 } from "../../src/core/wire/vrrp.ts";
import type { Clock } from "../../src/failover/clock.ts";
import type { PathSocket } from "../../src/failover/pair-link.ts";
import { DATAGRAMS_A_TURN } from "../../src/linux/heartbeat-socket.ts";
import type { Agenda, Entry } from "./agenda.ts";
import type { Brain, Host, PathEnds, PathHandler, Socket, Stepped } from "./brain.ts";
import { type Hand, Kernel } from "./kernel.ts";
import type { Random } from "./random.ts";
import type { Frame, Port, Segment } from "./segment.ts";

/** A packet that was judged. */
export interface Judgement {
  readonly socket: Socket;
  readonly frame: Frame;
  readonly admission: Admission;
}

/** A packet that was heard, and what was made of it. */
export interface Hearing extends Judgement {
  /** The states as they were, in the order of `working`. */
  readonly before: readonly State[];
}

/** A heartbeat that has reached the process. */
export interface Arrival {
  readonly path: PathEnds;
  readonly frame: Frame;
}

/** A heartbeat that was heard, and what was made of it. */
export interface Listening extends Arrival {
  /** Why it does not count; undefined: it does. */
  readonly discarded: HeartbeatFault | undefined;
  readonly before: readonly State[];
}

/** What a machine tells of what it does. */
export interface MachineListener {
  stepped(machine: Machine, step: Stepped): void;
  /** A packet is admitted or discarded; nothing has come of it yet. */
  judged(machine: Machine, judgement: Judgement): void;
  /** A packet has been heard and acted upon. */
  heard(machine: Machine, hearing: Hearing): void;
  /** A packet goes out; the kernel may still fail to send it. */
  sent(machine: Machine, router: VirtualRouter, advert: OutgoingAdvert): void;
  /** A heartbeat goes out on a path. */
  spoke(machine: Machine, path: PathEnds, frame: Frame): void;
  /** A heartbeat reaches the process; nothing has come of it yet. */
  reached(machine: Machine, arrival: Arrival): void;
  /** It has been heard and acted upon. */
  listened(machine: Machine, listening: Listening): void;
  /** The link has taken a configuration into force. */
  linked(machine: Machine, config: HeartbeatConfig | undefined): void;
  /** An operator is told of the link. */
  reported(machine: Machine, report: Report): void;
  announced(machine: Machine, address: VirtualAddress): void;
  claimed(machine: Machine, address: VirtualAddress, router: VirtualRouter): void;
  published(machine: Machine, router: VirtualRouter, effect: Effect & { type: "publish" }): void;
  address(machine: Machine, address: VirtualAddress, present: boolean, by: Hand): void;
  /** It tries to put right what somebody else did to an address. */
  putRight(machine: Machine, address: VirtualAddress): void;
  life(machine: Machine, what: Life): void;
  /** A timer went off, or was taken back, that was later than it should be on a healthy machine. */
  limped(machine: Machine): void;
}

/** What happens to a process or its machine. */
export type Life =
  | "started"
  | "stopping"
  | "stopped"
  | "killed"
  | "stalled"
  | "awake"
  | "power lost"
  | "configured";

interface Timer {
  readonly at: Instant;
  readonly ring: () => void;
  readonly isLate: boolean;
  entry: Entry | undefined;
}

interface Draft {
  readonly socket: Socket;
  readonly frame: Frame;
  admission: Admission | undefined;
}

/** The socket of a path, and what waits in it. */
interface PathQueue {
  readonly path: PathEnds;
  readonly nic: Nic;
  readonly handler: PathHandler;
  readonly frames: Frame[];
}

interface OwnAddress {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** An interface plugged into a segment. */
export interface Nic {
  readonly name: string;
  readonly segment: Segment;
  readonly port: Port;
}

/** Some time in 2023: when virtual time began, in seconds since 1970. */
const EPOCH = 1_700_000_000;

const ANNOUNCEMENTS = new Map<string, readonly Frame[]>();

/** A path's socket has room for so many datagrams: `RECEIVE_BUFFER`, each of them with what the kernel adds. */
const RECEIVE_ROOM = 1_000;

type Source = "timers" | "netlink" | "sockets" | "paths";

/** The machine. */
export class Machine implements Host {
  readonly name: string;
  readonly kernel: Kernel;
  readonly nics = new Map<string, Nic>();
  record: readonly VirtualAddress[] = [];
  wakeOrder: readonly Source[] = ["timers", "netlink", "sockets", "paths"];
  /** A timer goes off up to so much late even when nothing is wrong. */
  timerLateness: Duration = ZERO;
  /** And up to so much more while something is. */
  extraLateness: Duration = ZERO;
  readonly clock: Clock;
  /** What the supervisor has found out, by object; a process that starts is told at once. */
  readonly findings = new Map<string, Finding>();
  /** The process, if it runs. */
  brain: Brain | undefined;
  stalled = false;
  powered = true;
  diedAt: Instant | undefined;
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #listener: MachineListener;
  readonly #makeBrain: (host: Host) => Brain;
  #stopping = false;
  #interfaces = new Map<string, Interface>();
  readonly #own = new Map<string, readonly OwnAddress[]>();
  #sockets = new Map<string, { readonly socket: Socket; readonly frames: Frame[] }>();
  #paths = new Map<IpAddress, PathQueue>();
  #netlink: (() => void)[] = [];
  /** What is to be called once the sockets have been read. */
  #afterReading: (() => void)[] = [];
  /** So many of them were to be called when the sockets were read last. */
  #read = 0;
  #waking = false;
  #timers = new Set<Timer>();
  #late = 0;
  #due = new Set<Timer>();
  /** The packet that is being heard; while it is acted upon, others may be. */
  #hearing: Draft | undefined;
  #discarded: HeartbeatFault | undefined;

  constructor(
    name: string,
    agenda: Agenda,
    random: Random,
    listener: MachineListener,
    makeBrain: (host: Host) => Brain,
  ) {
    this.name = name;
    this.#agenda = agenda;
    this.#random = random;
    this.#listener = listener;
    this.#makeBrain = makeBrain;
    this.clock = {
      now: () => agenda.now,
      wallSeconds: () => EPOCH + toSeconds(agenda.now as number as Duration),
      ringAt: (at, ring) => this.#ringAt(at, ring),
    };
    this.kernel = new Kernel(agenda, random, {
      changed: (address, present, by) => {
        listener.address(this, address, present, by);
        this.#notify(address.interface, () => this.brain?.addressChanged(address));
      },
    });
  }

  get interfaces(): Interfaces {
    return this.#interfaces;
  }

  /** True when the process runs and is not held up. */
  get awake(): boolean {
    return this.brain !== undefined && !this.stalled;
  }

  /** True while timers are later than they should be. */
  get limping(): boolean {
    return this.extraLateness > 0 || this.#late > 0;
  }

  /** The address that it has of its own on an interface. */
  ownAddress(interfaceName: string, family: Family): IpAddress | undefined {
    return this.#own.get(interfaceName)?.find(({ address }) => familyOf(address) === family)?.address;
  }

  /** True when no answer, notification or packet waits for the process. */
  get idle(): boolean {
    return this.#netlink.length === 0 && this.waiting === 0;
  }

  /** Packets that have arrived and are unheard. */
  get waiting(): number {
    let count = 0;
    for (const { frames } of this.#sockets.values()) count += frames.length;
    return count + this.heartbeatsWaiting;
  }

  /** Those of them that are heartbeats. */
  get heartbeatsWaiting(): number {
    let count = 0;
    for (const { frames } of this.#paths.values()) count += frames.length;
    return count;
  }

  waitingOn(socket: Socket): number {
    return this.#sockets.get(keyOf(socket))?.frames.length ?? 0;
  }

  plug(segment: Segment, description: Interface): void {
    const { name, addresses } = description;
    this.#own.set(name, addresses);
    const port: Port = {
      name: this.name,
      hears: (frame) => this.#isFor(name, frame),
      receive: (frame) => this.#receive(name, frame),
    };
    segment.plug(port);
    this.nics.set(name, { name, segment, port });
    this.kernel.set(description);
  }

  /** An interface loses or finds its carrier; the kernel says so, unless `silently`. */
  setCarrier(interfaceName: string, up: boolean, silently: boolean): void {
    const nic = this.nics.get(interfaceName);
    const described = this.kernel.interfaces.get(interfaceName);
    if (nic === undefined || described === undefined) return;
    nic.segment.setUp(nic.port, up && this.powered);
    if (silently || described.up === up) return;
    const missing = up ? this.#missingOwn(described) : [];
    this.kernel.set({ ...described, up, addresses: [...missing, ...described.addresses] });
    this.#notify(interfaceName, () => {});
  }

  /** Somebody switches an interface off: it loses its IPv6 addresses, and its own come back with it. */
  switchOff(interfaceName: string): void {
    this.kernel.lose(interfaceName, isIpv6);
    this.setCarrier(interfaceName, false, false);
  }

  #missingOwn({ name, addresses }: Interface): readonly OwnAddress[] {
    const own = this.#own.get(name) ?? [];
    return own.filter(({ address }) => !addresses.some((other) => other.address === address));
  }

  /** Starts the process. */
  start(config: FailoverConfig): void {
    if (this.brain !== undefined || !this.powered) return;
    this.#interfaces = new Map(this.kernel.interfaces);
    this.brain = this.#makeBrain(this);
    this.#listener.life(this, "started");
    const { diedAt } = this;
    this.diedAt = undefined;
    this.brain.found([...this.findings.values()]);
    this.brain.configure(config, diedAt);
  }

  /** The supervisor finds something out. */
  find(finding: Finding): void {
    this.findings.set(finding.object, finding);
    if (this.brain !== undefined) this.#input(() => this.brain?.found([finding]));
  }

  /** Ends it in good order. */
  stop(): void {
    if (!this.awake || this.#stopping) return;
    this.#stopping = true;
    this.#listener.life(this, "stopping");
    this.brain?.stop(() => {
      this.#forget();
      this.#listener.life(this, "stopped");
    });
  }

  /** The operator wants the other director to have what this one holds. */
  handOver(): void {
    if (this.brain === undefined || this.#stopping) return;
    const { brain } = this;
    this.#input(() => brain.handOver());
  }

  /** kill -9. What it put into the kernel stays. */
  kill(): void {
    if (this.brain === undefined) return;
    this.#forget();
    this.diedAt = this.clock.now();
    this.#listener.life(this, "killed");
  }

  /** The machine is gone; what comes back remembers nothing. */
  losePower(): void {
    this.#forget();
    this.powered = false;
    this.diedAt = undefined;
    this.record = [];
    for (const [name, { segment, port }] of this.nics) {
      segment.setUp(port, false);
      const own = this.#own.get(name) ?? [];
      this.kernel.lose(name, (address) => !own.some((other) => other.address === address));
    }
    this.#listener.life(this, "power lost");
  }

  boot(): void {
    this.powered = true;
    for (const [name, { segment, port }] of this.nics)
      segment.setUp(port, this.kernel.interfaces.get(name)?.up !== false);
  }

  reconfigure(config: FailoverConfig): void {
    // A supervisor that has told a child to stop tells it nothing else.
    if (this.brain === undefined || this.#stopping) return;
    const { brain } = this;
    this.#input(() => {
      brain.configure(config, undefined);
      this.#listener.life(this, "configured");
    });
  }

  stall(): void {
    if (!this.awake) return;
    this.stalled = true;
    this.#listener.life(this, "stalled");
  }

  /** The process goes on: whatever waits is done until nothing does. */
  goOn(): void {
    if (!this.stalled) return;
    this.stalled = false;
    this.#listener.life(this, "awake");
    this.#waking = true;
    while (this.#netlink.length + this.waiting + this.#due.size + this.#afterReading.length > 0) {
      for (const source of this.wakeOrder) this.#take(source);
      for (const then of this.#afterReading.splice(0, this.#read)) then();
    }
    this.#waking = false;
  }

  #take(source: Source): void {
    switch (source) {
      case "timers":
        for (const timer of [...this.#due]) if (this.#due.delete(timer)) timer.ring();
        return;
      case "netlink":
        for (const run of this.#netlink.splice(0)) run();
        return;
      case "sockets":
        for (const { socket } of this.#sockets.values()) this.drain(socket);
        return;
      case "paths":
        for (const queue of this.#paths.values())
          for (const frame of queue.frames.splice(0, DATAGRAMS_A_TURN)) this.#listen(queue, frame);
        this.#read = this.#afterReading.length;
    }
  }

  // What the process asks of its machine.

  send(router: VirtualRouter, advert: OutgoingAdvert): void {
    this.#listener.sent(this, router, advert);
    const nic = this.nics.get(router.interface);
    if (nic === undefined || this.kernel.mood.failsToSend) return;
    const { packet: bytes, destination } = advert;
    nic.segment.send(nic.port, { kind: "vrrp", bytes, destination, altered: undefined });
  }

  announce(address: VirtualAddress): void {
    this.#listener.announced(this, address);
    const nic = this.nics.get(address.interface);
    const mac = this.#interfaces.get(address.interface)?.mac;
    if (nic === undefined || mac === undefined || this.kernel.mood.failsToSend) return;
    for (const frame of announcements(address.address, mac)) nic.segment.send(nic.port, frame);
  }

  drain(socket: Socket): void {
    const frames = this.#sockets.get(keyOf(socket))?.frames;
    for (let frame = frames?.shift(); frame !== undefined; frame = frames?.shift()) this.#hear(socket, frame);
  }

  open(path: PathEnds, handler: PathHandler): PathSocket {
    const nic = [...this.nics.values()].find(({ name }) =>
      this.#own.get(name)?.some(({ address }) => address === path.local),
    );
    if (nic === undefined) throw new Error(`${this.name} has no address ${path.local}`);
    const queue = { path, nic, handler, frames: [] };
    this.#paths.set(path.local, queue);
    return {
      send: (bytes) => this.#speak(queue, bytes),
      close: () => void (this.#paths.get(path.local) === queue && this.#paths.delete(path.local)),
    };
  }

  #speak({ path, nic }: PathQueue, bytes: Uint8Array): void {
    const { local: source, remote: destination } = path;
    const frame: Frame = { kind: "heartbeat", bytes, source, destination, altered: undefined };
    this.#listener.spoke(this, path, frame);
    if (!this.kernel.mood.failsToSend) nic.segment.send(nic.port, frame);
  }

  afterReading(then: () => void): void {
    if (this.#waking) {
      this.#afterReading.push(then);
      return;
    }
    const { brain } = this;
    this.#agenda.at(this.clock.now(), () => {
      if (this.brain !== brain) return;
      if (this.stalled) this.#afterReading.push(then);
      else then();
    });
  }

  bootId(): bigint {
    return (BigInt(this.#random.word()) << 32n) | BigInt(this.#random.word()) || 1n;
  }

  linked(config: HeartbeatConfig | undefined): void {
    this.#listener.linked(this, config);
  }

  discarded(cause: HeartbeatFault): void {
    this.#discarded = cause;
  }

  reported(report: Report): void {
    this.#listener.reported(this, report);
  }

  request(
    what: "add" | "remove",
    address: VirtualAddress,
    by: Hand,
    done: (errno: string | undefined) => void,
  ): void {
    const { brain } = this;
    if (by === "keeper") this.#listener.putRight(this, address);
    this.kernel.request(what, address, by, (errno) => {
      if (this.brain === brain) this.#input(() => done(errno));
    });
  }

  #ringAt(at: Instant, ring: () => void): () => void {
    const extra = this.extraLateness > 0 ? this.#random.fraction() * this.extraLateness : 0;
    const luck = this.timerLateness > 0 ? this.#random.fraction() * this.timerLateness : 0;
    const timer: Timer = { at, ring, isLate: extra > 0, entry: undefined };
    this.#plan(timer, after(at, microseconds(luck + extra)));
    this.#timers.add(timer);
    if (timer.isLate) this.#late += 1;
    return () => {
      if (timer.entry !== undefined) timer.entry.off = true;
      this.#drop(timer);
      this.#due.delete(timer);
    };
  }

  #plan(timer: Timer, at: Instant): void {
    timer.entry = this.#agenda.at(at, () => {
      this.#drop(timer);
      if (this.stalled) this.#due.add(timer);
      else timer.ring();
    });
  }

  #drop(timer: Timer): void {
    if (!this.#timers.delete(timer) || !timer.isLate) return;
    this.#late -= 1;
    this.#listener.limped(this);
  }

  /** From now on its timers are in time again, those that it waits for among them. */
  hurry(): void {
    this.extraLateness = ZERO;
    for (const timer of this.#timers) {
      if (!timer.isLate) continue;
      if (timer.entry !== undefined) timer.entry.off = true;
      this.#plan(timer, timer.at);
    }
  }

  stepped(step: Stepped): void {
    this.#listener.stepped(this, step);
  }

  judged(admission: Admission): void {
    if (this.#hearing === undefined) return;
    this.#hearing.admission = admission;
    this.#listener.judged(this, { ...this.#hearing, admission });
  }

  published(router: VirtualRouter, effect: Effect & { type: "publish" }): void {
    this.#listener.published(this, router, effect);
  }

  claimed(address: VirtualAddress, router: VirtualRouter): void {
    this.#listener.claimed(this, address, router);
  }

  #isFor(interfaceName: string, { kind, destination }: Frame): boolean {
    if (kind === "announcement" || destination === undefined) return false;
    if (destination === VRRP_GROUP || destination === VRRP_GROUP6) return true;
    const addresses = this.kernel.interfaces.get(interfaceName)?.addresses ?? [];
    return addresses.some(({ address }) => address === destination);
  }

  #receive(interfaceName: string, frame: Frame): void {
    if (this.brain === undefined) return;
    const { destination } = frame;
    if (frame.kind === "heartbeat") return this.#receiveHeartbeat(frame);
    const socket: Socket = {
      interface: interfaceName,
      family: destination === undefined ? 4 : familyOf(destination),
    };
    if (!this.stalled) return this.#hear(socket, frame);
    const key = keyOf(socket);
    const queue = this.#sockets.get(key);
    if (queue === undefined) this.#sockets.set(key, { socket, frames: [frame] });
    else queue.frames.push(frame);
  }

  #receiveHeartbeat(frame: Frame): void {
    const queue = frame.destination === undefined ? undefined : this.#paths.get(frame.destination);
    if (queue === undefined) return;
    if (!this.stalled) this.#listen(queue, frame);
    else if (queue.frames.length < RECEIVE_ROOM) queue.frames.push(frame);
  }

  #listen({ path, handler }: PathQueue, frame: Frame): void {
    const before: State[] = [];
    for (const { state } of this.brain?.working.values() ?? []) before.push(state);
    this.#listener.reached(this, { path, frame });
    this.#discarded = undefined;
    handler.datagram(frame.bytes, frame.source ?? path.remote);
    this.#listener.listened(this, { path, frame, before, discarded: this.#discarded });
  }

  #hear(socket: Socket, frame: Frame): void {
    const { brain } = this;
    if (brain === undefined) return;
    const before: State[] = [];
    for (const { state } of brain.working.values()) before.push(state);
    const outer = this.#hearing;
    const hearing: Draft = { socket, frame, admission: undefined };
    this.#hearing = hearing;
    brain.packet(socket, frame.bytes);
    this.#hearing = outer;
    const { admission } = hearing;
    if (admission !== undefined) this.#listener.heard(this, { socket, frame, admission, before });
  }

  #notify(interfaceName: string, andThen: () => void): void {
    const described = this.kernel.interfaces.get(interfaceName);
    if (this.brain === undefined || described === undefined) return;
    this.#input(() => {
      this.#interfaces.set(interfaceName, described);
      andThen();
      this.brain?.interfacesChanged();
    });
  }

  #input(run: () => void): void {
    if (this.stalled) this.#netlink.push(run);
    else run();
  }

  #forget(): void {
    this.brain = undefined;
    this.#stopping = false;
    this.stalled = false;
    for (const { entry } of this.#timers) if (entry !== undefined) entry.off = true;
    this.#timers = new Set();
    this.#late = 0;
    this.#due = new Set();
    this.#netlink = [];
    this.#sockets = new Map();
    this.#paths = new Map();
    this.#afterReading = [];
  }
}

function keyOf(socket: Socket): string {
  return socket.interface + socket.family;
}

/** Both forms of ARP or the one of IPv6, made once for each address: thousands of runs a second announce the same ones. */
function announcements(address: IpAddress, mac: Mac): readonly Frame[] {
  const key = `${address} ${mac.join(":")}`;
  let frames = ANNOUNCEMENTS.get(key);
  if (frames === undefined) {
    const made = isIpv6(address)
      ? [encodeUnsolicitedAdvertisement(address, mac)]
      : ([ARP_REQUEST, ARP_REPLY] as const).map((operation) => encodeGratuitousArp(operation, address, mac));
    frames = made.map((bytes) => ({
      kind: "announcement",
      bytes,
      destination: undefined,
      altered: undefined,
    }));
    ANNOUNCEMENTS.set(key, frames);
  }
  return frames;
}
