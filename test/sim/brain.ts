/**
 * The seam between a director's decisions and the modelled machine that it runs on. Whatever Relevo learns to do besides
 * VRRP is put in by another `Brain`; the machines, the network, the faults and most rules stay as they are.
 */

import type { Finding, TrackKind, Verdict } from "../../src/core/track/model.ts";
import type { HeartbeatConfig, HeartbeatPath } from "../../src/core/heartbeat/model.ts";
import type { Event as Report } from "../../src/core/report/event.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import type { Instant } from "../../src/core/units/time.ts";
import type { Admission } from "../../src/core/vrrp/admission.ts";
import type { OutgoingAdvert } from "../../src/core/vrrp/advert-packet.ts";
import type { Effect } from "../../src/core/vrrp/event.ts";
import type { FailoverConfig, VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { PeerWord } from "../../src/core/vrrp/peer.ts";
import type { Outbox } from "../../src/core/vrrp/outbox.ts";
import type { State } from "../../src/core/vrrp/state.ts";
import type { Interfaces } from "../../src/core/vrrp/surroundings.ts";
import type { HeartbeatFault } from "../../src/core/wire/heartbeat.ts";
import type { Clock } from "../../src/failover/clock.ts";
import type { Decision } from "../../src/failover/instance.ts";
import type { PathSocket } from "../../src/failover/pair-link.ts";
import type { Hand } from "./kernel.ts";

/** A virtual router in a running process, as the rules look at it. */
export interface Working {
  readonly router: VirtualRouter;
  readonly state: State;
  readonly outbox: Outbox;
  /** What its tracked objects add to its priority. */
  readonly adjustment: number;
  /** What it believes that the other director says of it. */
  readonly peer: PeerWord | undefined;
}

/** One step of a state machine. */
export interface Stepped extends Decision {
  readonly working: Working;
}

/** Where VRRP arrives: on an interface, over one family. */
export interface Socket {
  readonly interface: string;
  readonly family: 4 | 6;
}

/** Where heartbeats arrive: at our address on one path. */
export type PathEnds = HeartbeatPath;

/** What becomes of heartbeats. */
export interface PathHandler {
  datagram(bytes: Uint8Array, source: IpAddress): void;
}

/** What a running failover process decides. */
export interface Brain {
  /** Its virtual routers, by name. */
  readonly working: ReadonlyMap<string, Working>;
  /** The interfaces as they count: one whose change is waited for is as it was. */
  readonly interfaces: Interfaces;
  verdict(kind: TrackKind, object: string): Verdict | undefined;
  configure(config: FailoverConfig, diedAt: Instant | undefined): void;
  stop(done: () => void): void;
  /** The operator wants the other director to have what this one holds. */
  handOver(): void;
  packet(socket: Socket, bytes: Uint8Array): void;
  /** The supervisor has found something out. */
  found(findings: readonly Finding[]): void;
  interfacesChanged(): void;
  /** An address came or went. */
  addressChanged(address: VirtualAddress): void;
}

/** What its machine does for it. */
export interface Host {
  readonly clock: Clock;
  /** As the kernel's notifications have told so far. */
  readonly interfaces: Interfaces;
  /** What the run directory holds. */
  record: readonly VirtualAddress[];
  send(router: VirtualRouter, advert: OutgoingAdvert): void;
  announce(address: VirtualAddress): void;
  /** Delivers what has queued in a socket. */
  drain(socket: Socket): void;
  request(
    what: "add" | "remove",
    address: VirtualAddress,
    by: Hand,
    done: (errno: string | undefined) => void,
  ): void;
  stepped(step: Stepped): void;
  judged(admission: Admission): void;
  published(router: VirtualRouter, effect: Effect & { type: "publish" }): void;
  /** Opens the socket of a path. */
  open(path: PathEnds, handler: PathHandler): PathSocket;
  /** Calls back once the sockets have been read. */
  afterReading(then: () => void): void;
  /** What a life of the process is known by; not 0. */
  bootId(): bigint;
  /** The link has taken a configuration into force. */
  linked(config: HeartbeatConfig | undefined): void;
  /** A heartbeat was discarded. */
  discarded(cause: HeartbeatFault): void;
  /** An operator is told of the link. */
  reported(report: Report): void;
  /** The kernel has answered for a claimed address. */
  claimed(address: VirtualAddress, router: VirtualRouter): void;
}
