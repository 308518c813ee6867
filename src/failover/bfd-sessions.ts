/**
 * The BFD sessions of this director: their sockets, the packets that reach them, and what they say of the paths.
 *
 * A session that is no longer asked for, or that ends with the process, tells its neighbour so (AdminDown) and stays until
 * the neighbour has answered: it must not take our leaving for a failure of the path (RFC 5880 §6.8.16, RFC 5882 §4.2).
 */

import { randomInt } from "node:crypto";
import { admitControl, type BfdAdmission } from "../core/bfd/admission.ts";
import { diagnosticInWords } from "../core/bfd/diagnostic.ts";
import { bfdIdentity, type BfdSession } from "../core/bfd/model.ts";
import { type BfdEffect, type BfdState, chooseDiscriminator } from "../core/bfd/session.ts";
import type { BfdReport, FailoverCount } from "../core/report/channel.ts";
import { type Event, event } from "../core/report/event.ts";
import { type Family, familyOf, type IpAddress } from "../core/units/ip-address.ts";
import { after, type Duration, seconds } from "../core/units/time.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import { BFD_MULTIHOP_PORT, BFD_PORT } from "../core/wire/bfd.ts";
import {
  type BfdListener,
  bfdSourcePort,
  openBfdListener,
  type ReceivedDatagram,
} from "../linux/bfd-socket.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Receiver } from "../linux/receiver.ts";
import { BfdDriver } from "./bfd-session.ts";
import { BfdTransmitter } from "./bfd-transmitter.ts";
import type { Clock } from "./clock.ts";
import type { Counters } from "./counters.ts";
import type { Noticeboard } from "./noticeboard.ts";

/** A process that ends waits so long for its neighbours to hear of it: time to tell them twice. */
const FAREWELL_MS = 1_500;

/** A port that cannot be had is tried again so much later. */
const LISTEN_AGAIN = seconds(5);

/** What wants to know. */
export interface BfdSessionsListener {
  event(event: Event): void;
  /** A session says something else of its path. */
  changed(): void;
  /** A timer fired so late. */
  late(by: Duration): void;
  interfaces(): Interfaces;
}

/** Where packets of a family come in by a port. */
interface Door {
  readonly family: Family;
  readonly multihop: boolean;
}

interface Running {
  readonly driver: BfdDriver;
  readonly transmitter: BfdTransmitter;
}

/** All sessions. */
export class BfdSessions {
  readonly #clock: Clock;
  readonly #receiver: Receiver;
  readonly #counters: Counters<FailoverCount>;
  readonly #noticeboard: Noticeboard;
  readonly #listener: BfdSessionsListener;
  readonly #running = new Map<string, Running>();
  readonly #leaving = new Map<string, Running>();
  readonly #listeners = new Map<string, BfdListener>();
  #wanted: readonly BfdSession[] = [];
  #takeBackRetry: () => void = () => {};
  /** Resolves the waiting for the last one to leave. */
  #allLeft: (() => void) | undefined;

  constructor(
    clock: Clock,
    receiver: Receiver,
    counters: Counters<FailoverCount>,
    noticeboard: Noticeboard,
    listener: BfdSessionsListener,
  ) {
    this.#clock = clock;
    this.#receiver = receiver;
    this.#counters = counters;
    this.#noticeboard = noticeboard;
    this.#listener = listener;
  }

  /** Takes the sessions of a configuration into force: what is the same is left alone. */
  configure(sessions: readonly BfdSession[]): void {
    const wanted = new Map(sessions.map((session) => [bfdIdentity(session), session]));
    this.#wanted = sessions;
    for (const key of this.#running.keys()) if (!wanted.has(key)) this.#leave(key);
    this.#listen();
    for (const [key, session] of wanted) {
      const running = this.#running.get(key);
      if (running === undefined) this.#start(key, session);
      else if (JSON.stringify(running.driver.session) !== JSON.stringify(session)) {
        running.transmitter.reroute(session);
        running.driver.reconfigure(session);
      }
    }
  }

  /** What a session says of its path, and why; undefined: nothing yet. */
  path(name: string): { readonly up: boolean; readonly detail: string } | undefined {
    for (const { driver } of this.#running.values()) {
      const { path } = driver.state;
      if (driver.session.name === name && path !== undefined) return { up: path, detail: inWords(driver) };
    }
    return undefined;
  }

  report(): readonly BfdReport[] {
    return [...this.#running.values()].map(({ driver: { session, state } }) => ({
      session: session.name,
      neighbor: session.neighbor,
      state: state.name,
    }));
  }

  /** Begins to take leave of all neighbours; what has to be done meanwhile can be. */
  leave(): void {
    this.#wanted = [];
    for (const key of this.#running.keys()) this.#leave(key);
  }

  /** Resolves when all neighbours know, or have had the time to. */
  async close(): Promise<void> {
    this.leave();
    if (this.#leaving.size > 0) {
      await new Promise<void>((resolve) => {
        const impatience = setTimeout(resolve, FAREWELL_MS);
        this.#allLeft = () => {
          clearTimeout(impatience);
          resolve();
        };
      });
    }
    for (const [key, running] of this.#leaving) this.#forget(key, running);
    this.#listen();
  }

  #start(key: string, session: BfdSession): void {
    const former = this.#leaving.get(key);
    if (former !== undefined) this.#forget(key, former);
    const taken = new Set(this.#drivers().map(({ discriminator }) => discriminator));
    const discriminator = chooseDiscriminator(taken, random);
    const transmitter = new BfdTransmitter(session, bfdSourcePort(random()), () =>
      this.#listener.interfaces(),
    );
    const driver = new BfdDriver(this.#clock, session, discriminator, {
      send: (payload) => this.#send(driver.session, transmitter, payload),
      drain: () => this.#drain(session),
      changed: (effect, state) => this.#onChanged(driver.session, effect, state),
      path: () => this.#listener.changed(),
      left: () => this.#onLeft(key, driver),
      late: (by) => this.#listener.late(by),
    });
    this.#running.set(key, { driver, transmitter });
  }

  #leave(key: string): void {
    const running = this.#running.get(key);
    if (running === undefined) return;
    this.#running.delete(key);
    this.#leaving.set(key, running);
    running.driver.dispatch({ type: "disabled" });
  }

  #onLeft(key: string, driver: BfdDriver): void {
    const running = this.#leaving.get(key);
    if (running?.driver !== driver) return;
    this.#forget(key, running);
    this.#listen();
    if (this.#leaving.size === 0) this.#allLeft?.();
  }

  #forget(key: string, { driver, transmitter }: Running): void {
    this.#leaving.delete(key);
    driver.close();
    transmitter.close();
  }

  #drivers(): readonly BfdDriver[] {
    return [...this.#running.values(), ...this.#leaving.values()].map(({ driver }) => driver);
  }

  /** Opens what the sessions and those that leave need, and closes the rest. */
  #listen(): void {
    this.#takeBackRetry();
    const needed = [...this.#wanted, ...[...this.#leaving.values()].map(({ driver }) => driver.session)];
    const doors = new Map(needed.map((session) => [doorKey(doorOf(session)), doorOf(session)]));
    for (const [key, listener] of this.#listeners) {
      if (doors.has(key)) continue;
      this.#listeners.delete(key);
      this.#receiver.remove(listener.fd);
      listener.close();
    }
    for (const [key, door] of doors) if (!this.#listeners.has(key)) this.#open(key, door);
  }

  #open(key: string, door: Door): void {
    const listener = this.#tryToListen(key, door);
    if (listener === undefined) return;
    let arrival: ReceivedDatagram | undefined;
    this.#listeners.set(key, listener);
    this.#receiver.add(listener.fd, {
      read: (buffer) => {
        arrival = listener.receive(buffer);
        return arrival?.length;
      },
      packet: (payload) => {
        if (arrival !== undefined) this.#onPacket(door, arrival, payload);
      },
      // No error comes of a socket that only receives.
      failed: () => {},
    });
  }

  /** A port that another program has is tried again later. */
  #tryToListen(key: string, door: Door): BfdListener | undefined {
    const { family } = door;
    const port = portOf(door);
    try {
      const listener = openBfdListener(family, port);
      this.#noticeboard.changed(`bfd listen ${key}`, undefined);
      return listener;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (this.#noticeboard.changed(`bfd listen ${key}`, error.message))
        this.#listener.event(event("bfd-listen-failed", { port, family, error: error.message }));
      this.#takeBackRetry();
      this.#takeBackRetry = this.#clock.ringAt(after(this.#clock.now(), LISTEN_AGAIN), () => this.#listen());
      return undefined;
    }
  }

  #drain(session: BfdSession): void {
    const listener = this.#listeners.get(doorKey(doorOf(session)));
    if (listener !== undefined) this.#receiver.drain(listener.fd);
  }

  #onPacket(
    { multihop }: Door,
    { source, ttl, interfaceIndex }: ReceivedDatagram,
    payload: Uint8Array,
  ): void {
    const arrival = { source, ttl, multihop, interface: this.#interfaceName(interfaceIndex) };
    const admission = admitControl(payload, arrival, this.#drivers());
    if (admission.type === "discarded") {
      this.#onDiscarded(admission, source);
      return;
    }
    const { addressee, packet } = admission;
    this.#counters.count("bfd_received", { session: addressee.session.name });
    addressee.dispatch({ type: "packet", packet });
  }

  #interfaceName(index: number): string | undefined {
    for (const found of this.#listener.interfaces().values()) if (found.index === index) return found.name;
    return undefined;
  }

  #onDiscarded(
    { cause, addressee }: BfdAdmission<BfdDriver> & { type: "discarded" },
    source: IpAddress,
  ): void {
    const session = addressee?.session.name ?? "";
    this.#counters.count("bfd_discarded", { session, cause });
    const suppressed = this.#noticeboard.again(`bfd ${session} ${cause}`, this.#clock.now());
    if (suppressed === undefined) return;
    this.#listener.event(event("bfd-packet-discarded", { session, cause, source, suppressed }));
  }

  #send({ name, neighbor }: BfdSession, transmitter: BfdTransmitter, payload: Uint8Array): void {
    const failure = transmitter.send(payload);
    if (failure === undefined) this.#counters.count("bfd_sent", { session: name });
    if (this.#noticeboard.changed(`bfd send ${name}`, failure))
      this.#listener.event(event("bfd-send-failed", { session: name, neighbor, error: failure ?? "" }));
  }

  #onChanged(session: BfdSession, { from, to }: BfdEffect & { type: "changed" }, state: BfdState): void {
    this.#counters.count("bfd_transitions", { session: session.name, to });
    const fields = { session: session.name, neighbor: session.neighbor };
    if (to === "up") this.#listener.event(event("bfd-up", fields));
    if (from !== "up") return;
    const diagnostic = diagnosticInWords(state.diagnostic);
    const theirs = diagnosticInWords(state.remote.diagnostic);
    this.#listener.event(
      event("bfd-down", {
        ...fields,
        diagnostic,
        neighbor_state: state.remote.state,
        neighbor_diagnostic: theirs,
      }),
    );
  }
}

/** A number in 0..1 that nobody can foresee: whoever guesses a discriminator can speak for the neighbour. */
function random(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}

function doorOf({ neighbor, multihop }: BfdSession): Door {
  return { family: familyOf(neighbor), multihop };
}

function doorKey({ family, multihop }: Door): string {
  return `${family} ${multihop}`;
}

function portOf({ multihop }: Door): number {
  return multihop ? BFD_MULTIHOP_PORT : BFD_PORT;
}

function inWords({ state }: BfdDriver): string {
  return state.name === "up" ? "session up" : `session ${state.name}: ${diagnosticInWords(state.diagnostic)}`;
}
