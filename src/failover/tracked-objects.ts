/**
 * What the failover process knows of the objects that its instances track: interfaces and addresses from the kernel, paths
 * from the BFD sessions, everything else from the supervisor, whose last word holds until the next one. Each change is told once, with its cause.
 */

import type { TrackReport } from "../core/report/channel.ts";
import { type Event, event } from "../core/report/event.ts";
import { delayedView, inTime, type LinkDelays, type Links, type Standing } from "../core/track/link-delay.ts";
import type { Finding, Tracked, TrackKind, Verdict } from "../core/track/model.ts";
import type { FailoverConfig } from "../core/vrrp/model.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import type { Clock } from "./clock.ts";

/** What wants to know. */
export interface TrackListener {
  /** Something that an instance may track, or an interface, counts as something else now, or soon will. */
  changed(): void;
  event(event: Event): void;
  /** Where the virtual routers stand. */
  standing(): readonly Standing[];
  /** What a BFD session says of its path; undefined: nothing yet. */
  bfdPath(session: string): { readonly up: boolean; readonly detail: string } | undefined;
}

/** The tracked objects of all instances. */
export class TrackedObjects {
  readonly #listener: TrackListener;
  readonly #findings = new Map<string, Finding>();
  readonly #told = new Map<string, Verdict>();
  #tracked: ReadonlyMap<string, Tracked> = new Map();
  #delays: LinkDelays = {};
  #links: Links = new Map();
  #interfaces: Interfaces = new Map();
  readonly #clock: Clock;
  #stopWaiting: (() => void) | undefined;

  constructor(clock: Clock, listener: TrackListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** The interfaces as they count: one that has just changed and is to be waited for is as it was. */
  get interfaces(): Interfaces {
    return this.#interfaces;
  }

  configure({ routers, linkDelays }: FailoverConfig): void {
    const all = routers.flatMap(({ tracks }) => tracks);
    this.#tracked = new Map(all.map((tracked) => [keyOf(tracked.kind, tracked.object), tracked]));
    this.#delays = linkDelays;
    // What is tracked again one day is not known then. What was found just before it is tracked stays.
    for (const known of [this.#told, this.#findings])
      for (const key of known.keys()) if (!this.#tracked.has(key)) known.delete(key);
  }

  /** The interfaces may have changed, or it is time to look at them. */
  look(interfaces: Interfaces): void {
    this.#stopWaiting?.();
    const at = this.#clock.now();
    const delays = inTime(this.#delays, this.#listener.standing());
    const view = delayedView(interfaces, delays, this.#links, at);
    this.#interfaces = view.interfaces;
    this.#links = view.links;
    const { lookAt } = view;
    this.#stopWaiting =
      lookAt === undefined ? undefined : this.#clock.ringAt(lookAt, () => this.#listener.changed());
    this.#tell();
  }

  /** The supervisor's findings. */
  found(findings: readonly Finding[]): void {
    let isNews = false;
    for (const finding of findings) {
      const key = keyOf(finding.kind, finding.object);
      isNews ||= this.#findings.get(key)?.verdict !== finding.verdict;
      this.#findings.set(key, finding);
    }
    if (isNews) this.#listener.changed();
  }

  /** What is known of an object; undefined: nothing yet. */
  verdict(kind: TrackKind, object: string): Verdict | undefined {
    if (kind === "interface") return this.#interfaces.get(object)?.up ?? false;
    if (kind === "address") return holderOf(object, this.#interfaces) !== undefined;
    if (kind === "bfd") return this.#listener.bfdPath(object)?.up;
    return this.#findings.get(keyOf(kind, object))?.verdict;
  }

  report(): readonly TrackReport[] {
    return [...this.#tracked.values()].flatMap(({ kind, object }) => {
      const verdict = this.verdict(kind, object);
      return verdict === undefined ? [] : [{ kind, object, verdict }];
    });
  }

  close(): void {
    this.#stopWaiting?.();
  }

  #tell(): void {
    for (const { kind, object, verdict } of this.report()) {
      const key = keyOf(kind, object);
      if (this.#told.get(key) === verdict) continue;
      this.#told.set(key, verdict);
      this.#listener.event(
        event("track-changed", {
          kind,
          object,
          verdict: inWords(verdict),
          detail: this.#detail(kind, object),
        }),
      );
    }
  }

  #detail(kind: TrackKind, object: string): string {
    if (kind === "address") {
      const holder = holderOf(object, this.#interfaces);
      return holder === undefined ? "on no interface" : `on ${holder}`;
    }
    if (kind === "bfd") return this.#listener.bfdPath(object)?.detail ?? "";
    if (kind !== "interface") return this.#findings.get(keyOf(kind, object))?.detail ?? "";
    const found = this.#interfaces.get(object);
    if (found === undefined) return "missing";
    return found.up ? "on, with carrier" : "off, or without carrier";
  }
}

/** The interface that has an address. */
function holderOf(address: string, interfaces: Interfaces): string | undefined {
  for (const { name, addresses } of interfaces.values())
    if (addresses.some((own) => own.address === address)) return name;
  return undefined;
}

function keyOf(kind: TrackKind, object: string): string {
  return `${kind} ${object}`;
}

function inWords(verdict: Verdict): string | number {
  if (typeof verdict === "number") return verdict;
  return verdict ? "up" : "down";
}
