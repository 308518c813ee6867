/**
 * A director's machine: its kernel, its interfaces on the segments, and the failover process with what waits for it.
 *
 * A process that is stalled (stopped, swapped out, moved to another host, or merely late) does nothing; packets, the
 * kernel's answers and its timers wait. When it goes on, its loop finds them in any order: `wakeOrder`.
 */

import { type Duration, type Instant, microseconds, ZERO } from "../../src/core/units/time.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import type { Mac } from "../../src/core/units/mac.ts";
import type { Admission } from "../../src/core/vrrp/admission.ts";
import type { VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Interface, Interfaces } from "../../src/core/vrrp/surroundings.ts";
import type { Effect } from "../../src/core/vrrp/event.ts";
import type { State } from "../../src/core/vrrp/state.ts";
import { encodeGratuitousArp, ARP_REPLY, ARP_REQUEST } from "../../src/core/wire/arp.ts";
import type { Agenda, Entry } from "./agenda.ts";
import type { Brain, Host, Stepped } from "./brain.ts";
import { type Hand, Kernel } from "./kernel.ts";
import type { Random } from "./random.ts";
import type { Frame, Port, Segment } from "./segment.ts";

/** A packet that was heard, and what was made of it. */
export interface Hearing {
  readonly interfaceName: string;
  readonly frame: Frame;
  readonly admission: Admission;
  /** The states as they were, in the order of `working`. */
  readonly before: readonly State[];
}

/** What a machine tells of what it does. */
export interface MachineListener {
  stepped(machine: Machine, step: Stepped): void;
  /** A packet has been heard and acted upon. */
  heard(machine: Machine, hearing: Hearing): void;
  sent(machine: Machine, router: VirtualRouter, priority: number): void;
  announced(machine: Machine, address: VirtualAddress): void;
  claimed(machine: Machine, address: VirtualAddress, router: VirtualRouter): void;
  published(machine: Machine, router: VirtualRouter, effect: Effect & { type: "publish" }): void;
  address(machine: Machine, address: VirtualAddress, present: boolean, by: Hand): void;
  life(machine: Machine, what: Life): void;
}

/** What happens to a process or its machine. */
export type Life = "started" | "stopped" | "killed" | "stalled" | "awake" | "power lost" | "configured";

/** An interface plugged into a segment. */
export interface Nic {
  readonly name: string;
  readonly segment: Segment;
  readonly port: Port;
}

const ANNOUNCEMENTS = new Map<string, readonly Frame[]>();

type Source = "timers" | "netlink" | "sockets";

/** The machine. */
export class Machine implements Host {
  readonly name: string;
  readonly kernel: Kernel;
  readonly nics = new Map<string, Nic>();
  record: readonly VirtualAddress[] = [];
  wakeOrder: readonly Source[] = ["timers", "netlink", "sockets"];
  /** A timer goes off up to so much late even when nothing is wrong. */
  timerLateness: Duration = ZERO;
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
  #sockets = new Map<string, Frame[]>();
  #netlink: (() => void)[] = [];
  #timers = new Map<string, Entry>();
  #due = new Set<string>();
  /** The packet that is being heard; while it is acted upon, others may be. */
  #hearing: { admission: Admission | undefined } | undefined;

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
    this.kernel = new Kernel(agenda, random, {
      changed: (address, present, by) => {
        listener.address(this, address, present, by);
        this.#notify(address.interface, () => this.brain?.addressChanged(address, present));
      },
    });
  }

  get now(): Instant {
    return this.#agenda.now;
  }

  get interfaces(): Interfaces {
    return this.#interfaces;
  }

  /** True when the process runs and is not held up. */
  get awake(): boolean {
    return this.brain !== undefined && !this.stalled;
  }

  /** True when no answer, notification or packet waits for the process. */
  get idle(): boolean {
    return this.#netlink.length === 0 && this.waiting === 0;
  }

  /** Packets that have arrived and are unheard. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#sockets.values()) count += queue.length;
    return count;
  }

  waitingOn(interfaceName: string): number {
    return this.#sockets.get(interfaceName)?.length ?? 0;
  }

  plug(segment: Segment, description: Interface): void {
    const { name } = description;
    const port: Port = { name: this.name, hears: "ipv4", receive: (frame) => this.#receive(name, frame) };
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
    this.kernel.set({ ...described, up });
    this.#notify(interfaceName, () => {});
  }

  /** Starts the process. */
  start(routers: readonly VirtualRouter[]): void {
    if (this.brain !== undefined || !this.powered) return;
    this.#interfaces = new Map(this.kernel.interfaces);
    this.brain = this.#makeBrain(this);
    this.#listener.life(this, "started");
    const { diedAt } = this;
    this.diedAt = undefined;
    this.brain.configure(routers, diedAt);
  }

  /** Ends it in good order. */
  stop(): void {
    if (!this.awake || this.#stopping) return;
    this.#stopping = true;
    this.brain?.stop(() => {
      this.#forget();
      this.#listener.life(this, "stopped");
    });
  }

  /** kill -9. What it put into the kernel stays. */
  kill(): void {
    if (this.brain === undefined) return;
    this.#forget();
    this.diedAt = this.now;
    this.#listener.life(this, "killed");
  }

  /** The machine is gone; what comes back remembers nothing. */
  losePower(): void {
    this.#forget();
    this.powered = false;
    this.diedAt = undefined;
    this.record = [];
    for (const { segment, port } of this.nics.values()) segment.setUp(port, false);
    this.kernel.reboot();
    this.#listener.life(this, "power lost");
  }

  boot(): void {
    this.powered = true;
    for (const [name, { segment, port }] of this.nics)
      segment.setUp(port, this.kernel.interfaces.get(name)?.up !== false);
  }

  reconfigure(routers: readonly VirtualRouter[]): void {
    // A supervisor that has told a child to stop tells it nothing else.
    if (this.brain === undefined || this.#stopping) return;
    const { brain } = this;
    this.#input(() => {
      brain.configure(routers, undefined);
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
    while (this.#netlink.length + this.waiting + this.#due.size > 0) {
      for (const source of this.wakeOrder) this.#take(source);
    }
  }

  #take(source: Source): void {
    switch (source) {
      case "timers":
        for (const key of [...this.#due]) if (this.#due.delete(key)) this.brain?.due(key);
        return;
      case "netlink":
        for (const run of this.#netlink.splice(0)) run();
        return;
      case "sockets":
        for (const name of this.#sockets.keys()) this.drain(name);
    }
  }

  // What the process asks of its machine.

  send(router: VirtualRouter, priority: number, packet: Uint8Array): void {
    this.#listener.sent(this, router, priority);
    const nic = this.nics.get(router.interface);
    if (nic === undefined || this.kernel.mood.failsToSend) return;
    nic.segment.send(nic.port, { kind: "ipv4", bytes: packet, altered: undefined });
  }

  announce(address: VirtualAddress): void {
    this.#listener.announced(this, address);
    const nic = this.nics.get(address.interface);
    const mac = this.#interfaces.get(address.interface)?.mac;
    if (nic === undefined || mac === undefined || this.kernel.mood.failsToSend) return;
    for (const frame of this.#announcements(address.address as Ipv4, mac)) nic.segment.send(nic.port, frame);
  }

  /** Both forms, made once for each address: thousands of runs a second announce the same ones. */
  #announcements(address: Ipv4, mac: Mac): readonly Frame[] {
    const key = `${address} ${mac.join(":")}`;
    let frames = ANNOUNCEMENTS.get(key);
    if (frames === undefined) {
      const made = ([ARP_REQUEST, ARP_REPLY] as const).map((operation) =>
        encodeGratuitousArp(operation, address, mac),
      );
      frames = made.map((bytes) => ({ kind: "arp", bytes, altered: undefined }));
      ANNOUNCEMENTS.set(key, frames);
    }
    return frames;
  }

  drain(interfaceName: string): void {
    const queue = this.#sockets.get(interfaceName);
    for (let frame = queue?.shift(); frame !== undefined; frame = queue?.shift())
      this.#hear(interfaceName, frame);
  }

  request(
    what: "add" | "remove",
    address: VirtualAddress,
    by: Hand,
    done: (errno: string | undefined) => void,
  ): void {
    const { brain } = this;
    this.kernel.request(what, address, by, (errno) => {
      if (this.brain === brain) this.#input(() => done(errno));
    });
  }

  wake(key: string, at: Instant | undefined): void {
    const before = this.#timers.get(key);
    if (before !== undefined) before.off = true;
    this.#due.delete(key);
    if (at === undefined) {
      this.#timers.delete(key);
      return;
    }
    const late = this.timerLateness > 0 ? microseconds(this.#random.fraction() * this.timerLateness) : ZERO;
    const entry = this.#agenda.at((at + late) as Instant, () => {
      if (this.stalled) this.#due.add(key);
      else this.brain?.due(key);
    });
    this.#timers.set(key, entry);
  }

  stepped(step: Stepped): void {
    this.#listener.stepped(this, step);
  }

  judged(admission: Admission): void {
    if (this.#hearing !== undefined) this.#hearing.admission = admission;
  }

  published(router: VirtualRouter, effect: Effect & { type: "publish" }): void {
    this.#listener.published(this, router, effect);
  }

  claimed(address: VirtualAddress, router: VirtualRouter): void {
    this.#listener.claimed(this, address, router);
  }

  #receive(interfaceName: string, frame: Frame): void {
    if (this.brain === undefined) return;
    if (!this.stalled) return this.#hear(interfaceName, frame);
    const queue = this.#sockets.get(interfaceName);
    if (queue === undefined) this.#sockets.set(interfaceName, [frame]);
    else queue.push(frame);
  }

  #hear(interfaceName: string, frame: Frame): void {
    const { brain } = this;
    if (brain === undefined) return;
    const before: State[] = [];
    for (const { state } of brain.working.values()) before.push(state);
    const outer = this.#hearing;
    const hearing: { admission: Admission | undefined } = { admission: undefined };
    this.#hearing = hearing;
    brain.packet(interfaceName, frame.bytes);
    this.#hearing = outer;
    const { admission } = hearing;
    if (admission !== undefined) this.#listener.heard(this, { interfaceName, frame, admission, before });
  }

  #notify(interfaceName: string, andThen: () => void): void {
    const described = this.kernel.interfaces.get(interfaceName);
    if (this.brain === undefined || described === undefined) return;
    this.#input(() => {
      this.#interfaces.set(interfaceName, described);
      this.brain?.interfacesChanged();
      andThen();
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
    for (const entry of this.#timers.values()) entry.off = true;
    this.#timers = new Map();
    this.#due = new Set();
    this.#netlink = [];
    this.#sockets = new Map();
  }
}
