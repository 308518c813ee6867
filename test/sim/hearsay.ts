/**
 * What each director can know of the other by the datagrams that reached it: which of them count, which paths are up, what
 * the other one said last. A model of its own, from docs/protocol/heartbeat.md; the rules hold the directors against it.
 */

import type { HeartbeatConfig } from "../../src/core/heartbeat/model.ts";
import { after, type Duration, type Instant } from "../../src/core/units/time.ts";
import { isGenuine, numberOf, type Said, takeApart, type Word } from "./heartbeats.ts";
import type { Frame } from "./segment.ts";

interface Path {
  readonly ends: string;
  /** Numbers that were there in the peer's present boot. */
  readonly seen: Set<number>;
  highest: number;
  heardAt: Instant | undefined;
  interval: Duration;
  /** It was silent from then on by settings that there are no more. */
  silentAt: Instant | undefined;
}

const WINDOW = 64;

/** What one director can know. */
export class Hearsay {
  config: HeartbeatConfig | undefined;
  /** Of all that counted: the sender's list as it was said last. */
  latest: Said | undefined;
  /** When that was. */
  saidAt: Instant | undefined;
  /** When a datagram last counted, on any path. */
  heardAt: Instant | undefined;
  /** Since when it has been heard without a break. */
  heardSince: Instant | undefined;
  readonly #paths = new Map<string, Path>();
  readonly #retired = new Set<bigint>();
  #boot: bigint | undefined;
  #peer: bigint | undefined;
  #sequence = 0;

  /** The link takes this configuration into force. */
  configure(config: HeartbeatConfig | undefined, now: Instant): void {
    // What was silent by the old settings is, whatever the new ones say.
    for (const path of this.#paths.values()) if (!this.#isUp(path, now)) path.silentAt = this.#silentAt(path);
    this.config = config;
    if (config === undefined) this.#boot = undefined;
    if (config === undefined) this.#forget();
    const wanted = new Map(config?.paths.map((path) => [path.name, `${path.local} ${path.remote}`]));
    for (const [name, { ends }] of this.#paths) if (wanted.get(name) !== ends) this.#paths.delete(name);
    for (const [name, ends] of wanted) {
      if (this.#paths.has(name)) continue;
      // What was heard on the others has been there.
      const seen = new Set<number>();
      const highest = this.#sequence;
      for (let number = 0; number < WINDOW; number += 1) seen.add(highest - number);
      const interval = 0 as Duration;
      this.#paths.set(name, { ends, seen, highest, heardAt: undefined, interval, silentAt: undefined });
    }
  }

  /** A datagram of its own. */
  said(bytes: Uint8Array): void {
    this.#boot = takeApart(bytes).boot;
  }

  /** A datagram reaches it: true when it counts. */
  hears(name: string, { bytes, source }: Frame, now: Instant): boolean {
    const { config } = this;
    const ends = config?.paths.find((path) => path.name === name);
    const path = this.#paths.get(name);
    if (config === undefined || path === undefined || source !== ends?.remote) return false;
    if (!isGenuine(bytes, name, config)) return false;
    const said = takeApart(bytes);
    if (said.boot === 0n || said.echo !== this.#boot || this.#retired.has(said.boot)) return false;
    if (said.boot !== this.#peer) this.#meet(said.boot);
    if (path.seen.has(said.sequence) || said.sequence <= path.highest - WINDOW) return false;
    if (!this.isHeard(now)) this.heardSince = now;
    path.seen.add(said.sequence);
    path.highest = Math.max(path.highest, said.sequence);
    path.heardAt = now;
    path.silentAt = undefined;
    path.interval = said.interval;
    this.heardAt = now;
    if (said.sequence < this.#sequence) return true;
    this.#sequence = said.sequence;
    this.latest = said;
    this.saidAt = now;
    return true;
  }

  /** When the last path falls silent if nothing comes; undefined when none is up. */
  silentAt(): Instant | undefined {
    let last: Instant | undefined;
    for (const path of this.#paths.values()) {
      const silent = this.#silentAt(path);
      if (silent !== undefined && (last === undefined || silent > last)) last = silent;
    }
    return last;
  }

  #silentAt({ heardAt, interval, silentAt }: Path): Instant | undefined {
    if (silentAt !== undefined) return silentAt;
    const wait = ((this.config?.deadAfter ?? 0) * interval) as Duration;
    return heardAt === undefined ? undefined : after(heardAt, wait);
  }

  #isUp(path: Path, now: Instant): boolean {
    const silent = this.#silentAt(path);
    return silent !== undefined && now < silent;
  }

  /** True while some path carries the other director's word. */
  isHeard(now: Instant): boolean {
    const silent = this.silentAt();
    return silent !== undefined && now < silent;
  }

  /** True when the last word is from before a silence: what has come since was older still. */
  get isStale(): boolean {
    return (this.saidAt ?? 0) < (this.heardSince ?? 0);
  }

  /** What the other director said last of a virtual router. */
  word(router: string): Word | undefined {
    return this.latest?.entries.get(numberOf(router));
  }

  /** Another life of the peer. */
  #meet(boot: bigint): void {
    if (this.#peer !== undefined) this.#retired.add(this.#peer);
    this.#peer = boot;
    this.#sequence = 0;
    this.latest = undefined;
    for (const path of this.#paths.values()) {
      path.seen.clear();
      path.highest = 0;
    }
  }

  #forget(): void {
    this.#paths.clear();
    this.#retired.clear();
    this.#peer = undefined;
    this.#sequence = 0;
    this.latest = undefined;
    this.heardAt = undefined;
  }
}
