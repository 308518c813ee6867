/**
 * Watches the kernel's routes and rules: which of the tracked routes are there, and when it is time to look after our own.
 *
 * A route that is there is looked for in its table whenever the kernel tells of one to that destination, and whenever an
 * interface has changed: with it the kernel takes IPv4 routes away without a word.
 */

import { event, type Event } from "../core/report/event.ts";
import type { RoutingEntry } from "../core/routing/model.ts";
import type { Finding, TrackedRoute } from "../core/track/model.ts";
import { isTrackedRoute, sameDestination } from "../core/track/route.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Receiver } from "../linux/receiver.ts";
import { type InterfaceNames, Routing } from "../linux/routing.ts";
import { openRoutingMonitor } from "../linux/routing-monitor.ts";

/** Who wants to know. */
export interface RouteListener {
  /** Whether tracked routes are there. */
  found(findings: readonly Finding[]): void;
  /** A route of ours has changed, or one in the place of ours may have; undefined: anything may have. */
  changed(entry: RoutingEntry | undefined): void;
  event(event: Event): void;
}

/** The watch. */
export class RouteWatch {
  readonly #receiver: Receiver;
  readonly #names: InterfaceNames;
  readonly #listener: RouteListener;
  #tracked: readonly (readonly [object: string, route: TrackedRoute])[] = [];
  #routing: Routing | undefined;
  #close: (() => void) | undefined;
  #looking = false;
  #lookAgain = false;
  #soon: NodeJS.Immediate | undefined;

  constructor(receiver: Receiver, names: InterfaceNames, listener: RouteListener) {
    this.#receiver = receiver;
    this.#names = names;
    this.#listener = listener;
  }

  /** Watches these from now on; resolves when it is known of each whether it is there. `ours`: there may be any of ours. */
  async configure(tracked: Readonly<Record<string, TrackedRoute>>, ours: boolean): Promise<void> {
    this.#tracked = Object.entries(tracked);
    const needed = ours || this.#tracked.length > 0;
    if (needed) this.#close ??= this.#open();
    if (!needed) this.close();
    await this.#look();
  }

  /** Looks at the tracked routes, when the loop has had its turn. */
  lookSoon(): void {
    if (this.#tracked.length === 0) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      void this.#look();
    });
  }

  close(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    this.#close?.();
    this.#close = undefined;
    this.#routing?.close();
    this.#routing = undefined;
  }

  #open(): () => void {
    return openRoutingMonitor(this.#receiver, this.#names.nameOf, {
      route: (route) => {
        this.#listener.changed(route);
        if (this.#tracked.some(([, tracked]) => sameDestination(tracked, route))) this.lookSoon();
      },
      rule: () => this.#listener.changed(undefined),
      lost: () => {
        this.#listener.changed(undefined);
        this.lookSoon();
      },
    });
  }

  /** One look at a time; what is told meanwhile leads to another. */
  async #look(): Promise<void> {
    this.#lookAgain = this.#looking;
    if (this.#looking || this.#tracked.length === 0) return;
    this.#looking = true;
    try {
      this.#listener.found(await this.#findings());
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#listener.event(event("route-failed", { kind: "route", route: "", error: error.message }));
    } finally {
      this.#looking = false;
    }
    if (this.#lookAgain) await this.#look();
  }

  async #findings(): Promise<readonly Finding[]> {
    this.#routing ??= new Routing(this.#names);
    const findings: Finding[] = [];
    for (const [object, tracked] of this.#tracked) {
      const routes = await this.#routing.table(tracked.family, tracked.table);
      const verdict = routes.some((route) => isTrackedRoute(tracked, route));
      const detail = verdict ? "in the kernel" : "not in the kernel";
      findings.push({ kind: "route", object, verdict, detail });
    }
    return findings;
  }
}
