/**
 * Two links and the wires between them, in virtual time. Tests say what happens and read what each side wants done as text.
 *
 * Side a is lvs1, side b lvs2; the paths are `public` and `private`; 100 ms, dead after 4; a datagram takes 1 ms. The text of
 * a `send` is left out; every datagram that was sent is kept. So is the time of a handover while that is 50 ms, and an address
 * that is not known.
 */

import type { HeartbeatConfig, LinkContext } from "../../../src/core/heartbeat/model.ts";
import {
  type LinkEffect,
  type LinkEvent,
  type LinkState,
  nextDeadline,
  startLink,
  step,
} from "../../../src/core/heartbeat/link.ts";
import type { LocalInstance } from "../../../src/core/heartbeat/roster.ts";
import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import { type Instant, milliseconds, seconds } from "../../../src/core/units/time.ts";
import type { InstanceState } from "../../../src/core/wire/heartbeat.ts";
import { hmacSha256 } from "../../../src/failover/mac.ts";

export type Name = "a" | "b";

/** So many milliseconds after the start. */
export function ms(count: number): Instant {
  return Math.round(count * 1_000) as Instant;
}

/** A key of one byte's repetition. */
export function key(id: number): { readonly id: number; readonly key: Uint8Array } {
  return { id, key: new Uint8Array(32).fill(id) };
}

const ADDRESSES = {
  a: { public: "192.0.2.11", private: "198.51.100.11" },
  b: { public: "192.0.2.12", private: "198.51.100.12" },
} as const;

/** One side's configuration. */
export function configOf(side: Name, changes: Partial<HeartbeatConfig> = {}): HeartbeatConfig {
  const other = side === "a" ? "b" : "a";
  const path = (name: "public" | "private") => ({
    name,
    local: ADDRESSES[side][name] as IpAddress,
    remote: ADDRESSES[other][name] as IpAddress,
  });
  return {
    node: side === "a" ? "lvs1" : "lvs2",
    peer: side === "a" ? "lvs2" : "lvs1",
    paths: [path("public"), path("private")],
    port: 539,
    interval: milliseconds(100),
    deadAfter: 4,
    takeover: true,
    keys: [key(1)],
    digest: "00000000000000aa",
    ...changes,
  };
}

/** An instance as one side has it. */
export function instance(id: number, state: InstanceState, priority: number, group?: string): LocalInstance {
  return { id, state, priority, advertInterval: seconds(1), primary: undefined, group, addresses: 1 };
}

/** A datagram that was sent. */
export interface Sent {
  readonly at: Instant;
  readonly from: Name;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The two of them. */
export class Pair {
  now = ms(0);
  readonly sent: Sent[] = [];
  readonly configs: Record<Name, HeartbeatConfig> = { a: configOf("a"), b: configOf("b") };
  readonly software: Record<Name, string> = { a: "1.0.0", b: "1.0.0" };
  /** Who is dead: hears and says nothing. */
  readonly dead = new Set<Name>();
  /** What does not come through: `public`, or one way `a public`. */
  readonly cut = new Set<string>();
  readonly latency: Record<string, number> = { public: 1, private: 1 };
  /** A driver of a test's own. */
  onEffect: (side: Name, effect: LinkEffect) => void = () => undefined;
  #boots = 100n;
  #told: string[] = [];
  #onWire: Sent[] = [];
  #states: Record<Name, LinkState>;

  constructor() {
    this.#states = { a: this.#born("a"), b: this.#born("b") };
  }

  state(side: Name): LinkState {
    return this.#states[side];
  }

  /** A new life, at once. */
  restart(side: Name): void {
    this.dead.delete(side);
    this.#states[side] = this.#born(side);
  }

  /** One event; what it leads to on this side. */
  tell(side: Name, event: LinkEvent): string[] {
    const before = this.#told.length;
    this.#apply(side, event);
    return this.#told.splice(before);
  }

  /** All that is told up to that time, in milliseconds: `1400 b peer-silent …`. */
  run(until: number): string[] {
    this.#told = [];
    for (;;) {
      const next = this.#nextWire();
      const timers = (["a", "b"] as const)
        .filter((side) => !this.dead.has(side))
        .map((side) => ({ side, at: nextDeadline(this.#states[side], this.#context(side)) }))
        .toSorted((one, other) => one.at - other.at);
      const arrival = next === undefined ? Number.POSITIVE_INFINITY : this.#arrives(next);
      const due = timers[0]?.at ?? Number.POSITIVE_INFINITY;
      const at = Math.min(arrival, due);
      if (at > ms(until)) break;
      this.now = Math.max(this.now, at) as Instant;
      // What has arrived is heard before a timer is.
      if (arrival <= due && next !== undefined) this.#deliver(next);
      else this.#apply(timers[0]?.side ?? "a", { type: "deadline" });
    }
    this.now = ms(until);
    return this.#told;
  }

  /** Gives one side a datagram that was sent, as if it came now on a path. */
  inject(side: Name, sent: Sent, path = sent.path): string[] {
    const source =
      this.configs[side].paths.find(({ name }) => name === path)?.remote ?? ("0.0.0.0" as IpAddress);
    return this.tell(side, { type: "datagram", path, source, bytes: sent.bytes });
  }

  #born(side: Name): LinkState {
    this.#boots += 1n;
    return startLink(this.#boots, this.configs[side], this.now);
  }

  #context(side: Name): LinkContext {
    return { config: this.configs[side], hmac: hmacSha256, software: this.software[side] };
  }

  #apply(side: Name, event: LinkEvent): void {
    const { state, effects } = step(this.#states[side], event, this.now, this.#context(side));
    this.#states[side] = state;
    for (const effect of effects) {
      if (effect.type === "send") {
        const sent = { at: this.now, from: side, path: effect.path, bytes: effect.bytes };
        this.sent.push(sent);
        this.#onWire.push(sent);
      } else {
        this.#told.push(`${this.now / 1_000} ${side} ${text(effect)}`);
        this.onEffect(side, effect);
      }
    }
  }

  #arrives({ at, path }: Sent): number {
    return at + ms(this.latency[path] ?? 1);
  }

  #nextWire(): Sent | undefined {
    return this.#onWire.toSorted((one, other) => this.#arrives(one) - this.#arrives(other))[0];
  }

  #deliver(sent: Sent): void {
    this.#onWire = this.#onWire.filter((other) => other !== sent);
    const to = sent.from === "a" ? "b" : "a";
    if (this.dead.has(to) || this.cut.has(sent.path) || this.cut.has(`${sent.from} ${sent.path}`)) return;
    const source = ADDRESSES[sent.from][sent.path as "public" | "private"] as IpAddress;
    this.#apply(to, { type: "datagram", path: sent.path, source, bytes: sent.bytes });
  }
}

const TIMES = new Set(["since", "silentSince", "lasted", "advertInterval", "within"]);

/** `type` and the values of an effect, times in milliseconds. */
function text(effect: LinkEffect): string {
  const { type, ...fields } = effect;
  const isLeftOut = ([name, value]: [string, unknown]): boolean =>
    value instanceof Map ||
    (name === "primary" && value === undefined) ||
    (name === "within" && value === milliseconds(50));
  const plain = Object.entries(fields).filter((field) => !isLeftOut(field));
  const shown = plain.map(([name, value]) => {
    if (TIMES.has(name)) return value === undefined ? "-" : `${Number(value) / 1_000}`;
    if (Array.isArray(value)) return value.length === 0 ? "none" : value.join("+");
    if (typeof value === "object" && value !== null) return Object.values(value).join(" ");
    return typeof value === "boolean" ? `${name}=${value}` : String(value ?? "-");
  });
  return [type, ...shown].join(" ");
}
