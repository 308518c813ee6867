/**
 * A BFD session on a stage: tests give it events at instants and read what it does as text.
 *
 * Its defaults: neighbour 192.0.2.1 over one hop, 100 ms each way, 1 s while not up, multiplier 5, discriminator 0x11. The
 * random number is 1, so that nothing is taken off the intervals, unless the test says otherwise.
 */

import type { BfdSession } from "../../../src/core/bfd/model.ts";
import {
  type BfdEvent,
  type BfdState,
  nextBfdDeadline,
  startBfd,
  stepBfd,
} from "../../../src/core/bfd/session.ts";
import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import { type Instant, milliseconds, seconds, toMilliseconds, ZERO } from "../../../src/core/units/time.ts";
import type { ControlPacket } from "../../../src/core/wire/bfd.ts";

/** So many milliseconds after the start, which is at 1,000 s. */
export function at(ms: number): Instant {
  return (1_000_000_000 + ms * 1_000) as Instant;
}

/** A session with the defaults above. */
export function session(changes: Partial<BfdSession> = {}): BfdSession {
  return {
    name: "gateway",
    neighbor: "192.0.2.1" as IpAddress,
    source: undefined,
    interface: undefined,
    multihop: false,
    ttl: 255,
    minTtl: 255,
    minRx: milliseconds(100),
    minTx: milliseconds(100),
    idleTx: seconds(1),
    multiplier: 5,
    passive: false,
    ...changes,
  };
}

/** A packet of the neighbour's: discriminator 0x22, Down, 300 ms, 100 ms, multiplier 3. */
function packet(changes: Partial<ControlPacket> = {}): ControlPacket {
  return {
    diagnostic: 0,
    state: "down",
    poll: false,
    final: false,
    controlPlaneIndependent: false,
    authenticated: false,
    demand: false,
    multiplier: 3,
    myDiscriminator: 0x22,
    yourDiscriminator: 0x11,
    desiredMinTx: milliseconds(300),
    requiredMinRx: milliseconds(100),
    requiredMinEchoRx: ZERO,
    ...changes,
  };
}

/** A session that acts. */
export class Actor {
  state: BfdState;
  session: BfdSession;
  random = 1;

  constructor(changes: Partial<BfdSession> = {}) {
    this.session = session(changes);
    this.state = startBfd(this.session, 0x11, at(0));
  }

  /** What it does about an event at a time: `send up poll to 0x22 tx=100 rx=100`, `down -> init`. */
  on(ms: number, event: BfdEvent): readonly string[] {
    const context = { session: this.session, random: this.random };
    const { state, effects } = stepBfd(this.state, event, at(ms), context);
    this.state = state;
    return effects.map((effect) =>
      effect.type === "changed" ? `${effect.from} -> ${effect.to}` : sendInWords(effect.packet),
    );
  }

  /** Hears a packet. */
  hears(ms: number, changes: Partial<ControlPacket> = {}): readonly string[] {
    return this.on(ms, { type: "packet", packet: packet(changes) });
  }

  /** Its deadline comes at that time. */
  wakes(ms: number): readonly string[] {
    return this.on(ms, { type: "deadline" });
  }

  /** Is configured anew. */
  becomes(ms: number, changes: Partial<BfdSession>): readonly string[] {
    const before = this.session;
    this.session = { ...before, ...changes };
    return this.on(ms, { type: "reconfigured", before });
  }

  /** When it wants to be woken, in milliseconds after the start. */
  get deadline(): number | undefined {
    const deadline = nextBfdDeadline(this.state, this.session);
    return deadline === undefined ? undefined : (deadline - at(0)) / 1_000;
  }

  /** Comes up: the neighbour is heard in Down at 0 ms, in Init at 10 ms, and confirms the intervals at 20 ms. */
  comesUp(): this {
    this.hears(0, { yourDiscriminator: 0 });
    this.hears(10, { state: "init" });
    this.hears(20, { state: "up", final: true });
    return this;
  }
}

function sendInWords(sent: Omit<ControlPacket, "authenticated">): string {
  const flags = [sent.poll ? " poll" : "", sent.final ? " final" : "", sent.demand ? " demand" : ""].join("");
  const why = sent.diagnostic === 0 ? "" : ` (${sent.diagnostic})`;
  const [tx, rx] = [toMilliseconds(sent.desiredMinTx), toMilliseconds(sent.requiredMinRx)];
  return `send ${sent.state}${why}${flags} to ${sent.yourDiscriminator.toString(16)} tx=${tx} rx=${rx}`;
}
