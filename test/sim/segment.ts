/**
 * One Ethernet segment: a switch with a port for each interface and each client.
 *
 * A frame goes from its port to every other one that hears it, or not, or late, or twice: `weather` says what happens to all of them,
 * `cut` what happens from one port to another, a port that is down neither sends nor receives. Whatever a frame suffers
 * beyond plain latency is told to `interfered`, because it is an excuse for what follows.
 */

import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { type Duration, microseconds, ZERO } from "../../src/core/units/time.ts";
import type { Agenda } from "./agenda.ts";
import type { Random } from "./random.ts";

/** What travels. `altered` frames did not leave their sender as a healthy router writes them. */
export interface Frame {
  /**
   * VRRP over either family, IP header included; or a gratuitous ARP, or its like in IPv6, as a whole frame; or a heartbeat,
   * what UDP carries of it.
   */
  readonly kind: "vrrp" | "announcement" | "heartbeat";
  readonly bytes: Uint8Array;
  /** A group, or the one who has the address; undefined: everybody. */
  readonly destination: IpAddress | undefined;
  /** Of a heartbeat: who it says that it is from. */
  readonly source?: IpAddress;
  /** What was done to it, in a few words. */
  readonly altered: string | undefined;
}

/** Where something is plugged in. */
export interface Port {
  readonly name: string;
  /** Anything else is not carried there. */
  hears(frame: Frame): boolean;
  receive(frame: Frame): void;
}

/** What befalls frames; probabilities are for each receiver. */
export interface Weather {
  /** Every frame takes this long at least. */
  latency: Duration;
  /** And up to so much longer, each by itself: they overtake each other. */
  jitter: Duration;
  loss: number;
  duplication: number;
  corruption: number;
  /** Some are held up by this long. */
  delayed: number;
  delay: Duration;
}

/** Nothing befalls them. */
export function fairWeather(latency: Duration): Weather {
  return { latency, jitter: ZERO, loss: 0, duplication: 0, corruption: 0, delayed: 0, delay: ZERO };
}

/** True for a frame that does not get through. */
export type Filter = (from: Port, to: Port, frame: Frame) => boolean;

/** The switch. */
export class Segment {
  readonly name: string;
  readonly ports: Port[] = [];
  readonly #down = new Set<Port>();
  /** Which ports a port does not reach. */
  readonly #cuts = new Map<Port, Set<Port>>();
  readonly #filters = new Set<Filter>();
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #interfered: (from: Port, to: Port, frame: Frame) => void;
  #weather: Weather;
  #isFair = true;

  constructor(
    name: string,
    agenda: Agenda,
    random: Random,
    latency: Duration,
    interfered: (from: Port, to: Port, frame: Frame) => void,
  ) {
    this.name = name;
    this.#agenda = agenda;
    this.#random = random;
    this.#interfered = interfered;
    this.#weather = fairWeather(latency);
  }

  get weather(): Weather {
    return this.#weather;
  }

  set weather(weather: Weather) {
    this.#weather = weather;
    const { jitter, loss, duplication, corruption, delayed } = weather;
    this.#isFair = jitter + loss + duplication + corruption + delayed === 0;
  }

  plug(port: Port): void {
    this.ports.push(port);
  }

  setUp(port: Port, up: boolean): void {
    if (up) this.#down.delete(port);
    else this.#down.add(port);
  }

  isUp(port: Port): boolean {
    return !this.#down.has(port);
  }

  /** Nothing gets from one port to another from now on; the other direction is another cut. */
  cut(from: Port, to: Port): void {
    const cuts = this.#cuts.get(from);
    if (cuts === undefined) this.#cuts.set(from, new Set([to]));
    else cuts.add(to);
  }

  mend(from: Port, to: Port): void {
    this.#cuts.get(from)?.delete(to);
  }

  /** Holds some frames back from now on, as a firewall does; what it returns ends that. */
  filter(filter: Filter): () => void {
    this.#filters.add(filter);
    return () => void this.#filters.delete(filter);
  }

  mendAll(): void {
    this.#cuts.clear();
    this.#filters.clear();
    this.#down.clear();
    this.weather = fairWeather(this.weather.latency);
  }

  /** True while frames get from one port to another. */
  reaches(from: Port, to: Port): boolean {
    if (this.#down.size === 0 && this.#cuts.size === 0) return true;
    return this.isUp(from) && this.isUp(to) && this.#cuts.get(from)?.has(to) !== true;
  }

  send(from: Port, frame: Frame): void {
    const reached: Port[] = [];
    for (const to of this.ports) {
      if (to === from || !to.hears(frame)) continue;
      if (!this.reaches(from, to) || this.#holdsBack(from, to, frame)) this.#interfered(from, to, frame);
      else if (this.#isFair) reached.push(to);
      else this.#carry(from, to, frame);
    }
    if (reached.length === 0) return;
    this.#agenda.in(this.#weather.latency, () => {
      for (const to of reached) this.#arrive(from, to, frame);
    });
  }

  /** A frame that comes from nobody on this segment. */
  inject(to: Port, frame: Frame): void {
    if (this.isUp(to)) to.receive(frame);
  }

  #holdsBack(from: Port, to: Port, frame: Frame): boolean {
    for (const filter of this.#filters) if (filter(from, to, frame)) return true;
    return false;
  }

  #carry(from: Port, to: Port, frame: Frame): void {
    const { latency, jitter, loss, duplication, corruption, delayed, delay } = this.#weather;
    const random = this.#random;
    if (random.chance(loss)) return this.#interfered(from, to, frame);
    let takes = latency;
    if (jitter > 0) takes = microseconds(latency + random.fraction() * jitter);
    if (random.chance(delayed)) takes = microseconds(takes + random.fraction() * delay);
    let carried = frame;
    if (random.chance(corruption)) {
      this.#interfered(from, to, frame);
      carried = corrupted(frame, random);
    }
    this.#deliver(from, to, carried, takes);
    if (takes === latency) return;
    // It is missed now, and when it comes it is old.
    this.#interfered(from, to, frame);
    this.#agenda.in(takes, () => this.#interfered(from, to, frame));
    if (random.chance(duplication))
      this.#deliver(from, to, carried, microseconds(takes + random.fraction() * 4 * latency));
  }

  #deliver(from: Port, to: Port, frame: Frame, takes: Duration): void {
    this.#agenda.in(takes, () => this.#arrive(from, to, frame));
  }

  #arrive(from: Port, to: Port, frame: Frame): void {
    if (this.isUp(to)) to.receive(frame);
    else this.#interfered(from, to, frame);
  }
}

/** Bytes of the IPv4 header that are worth a try; the others are covered by its checksum, which the kernel verifies. */
const HEADER_BYTES = [0, 2, 3, 8, 9];
/** Of the IPv6 header, which has no checksum: length, hop limit, source and destination. */
const HEADER_BYTES6 = [0, 4, 5, 7, 15, 23, 39];

/** One byte is another. */
function corrupted(frame: Frame, random: Random): Frame {
  const bytes = frame.bytes.slice();
  if (frame.kind === "heartbeat") {
    const at = random.integer(0, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ random.integer(1, 255);
    return { ...frame, bytes, altered: `byte ${at} corrupted` };
  }
  const isIpv6 = (bytes[0] ?? 0) >> 4 === 6;
  const header = isIpv6 ? HEADER_BYTES6 : HEADER_BYTES;
  const at = random.chance(0.2) ? random.pick(header) : random.integer(isIpv6 ? 40 : 20, bytes.length - 1);
  bytes[at] = (bytes[at] ?? 0) ^ random.integer(1, 255);
  return { ...frame, bytes, altered: `byte ${at} corrupted` };
}
