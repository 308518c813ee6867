/**
 * Watches the kernel's routes and rules: which of the tracked routes are there, where the default routes lead, and when it
 * is time to look after our own.
 *
 * A route that is there is looked for in its table whenever the kernel tells of one to that destination, and whenever an
 * interface has changed: with it the kernel takes IPv4 routes away without a word.
 */

import { event, type Event } from "../core/report/event.ts";
import { isDefault, MAIN_TABLE, type Route, type RoutingEntry } from "../core/routing/model.ts";
import type { Finding, TrackedRoute } from "../core/track/model.ts";
import { isTrackedRoute, sameDestination } from "../core/track/route.ts";
import type { Family } from "../core/units/ip-address.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { NetlinkMonitor } from "../linux/netlink-monitor.ts";
import type { Receiver } from "../linux/receiver.ts";
import { type InterfaceNames, Routing } from "../linux/routing.ts";
import { openRoutingMonitor } from "../linux/routing-monitor.ts";

/** What is to be watched. */
export interface Watched {
  /** Tracked routes, by the object's name. */
  readonly tracked: Readonly<Record<string, TrackedRoute>>;
  /** The default routes of the main table are asked for. */
  readonly defaults: boolean;
  /** There may be routes and rules of ours. */
  readonly ours: boolean;
}

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
  /** The default routes of the main table; undefined: nobody asks for them. */
  #defaults: readonly Route[] | undefined;
  #monitor: NetlinkMonitor | undefined;
  #looking = false;
  #lookAgain = false;
  #soon: NodeJS.Immediate | undefined;

  constructor(receiver: Receiver, names: InterfaceNames, listener: RouteListener) {
    this.#receiver = receiver;
    this.#names = names;
    this.#listener = listener;
  }

  /** Watches these from now on; resolves when it is known what is there. */
  async configure({ tracked, defaults, ours }: Watched): Promise<void> {
    this.#tracked = Object.entries(tracked);
    this.#defaults = defaults ? (this.#defaults ?? []) : undefined;
    if (ours || this.#looks) this.#monitor ??= this.#open();
    else this.close();
    await this.#look();
  }

  /** The default routes of the main table, if they are watched. */
  get defaults(): readonly Route[] {
    return this.#defaults ?? [];
  }

  /** Looks at what is there, when the loop has had its turn. */
  lookSoon(): void {
    if (!this.#looks) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      void this.#look();
    });
  }

  close(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    this.#monitor?.close();
    this.#monitor = undefined;
    this.#routing?.close();
    this.#routing = undefined;
  }

  /** There is something to look at, beside our own, after which others look. */
  get #looks(): boolean {
    return this.#tracked.length > 0 || this.#defaults !== undefined;
  }

  #open(): NetlinkMonitor {
    return openRoutingMonitor(this.#receiver, this.#names.nameOf, {
      route: (route) => {
        this.#listener.changed(route);
        const isWatched =
          isDefault(route) || this.#tracked.some(([, other]) => sameDestination(other, route));
        if (isWatched) this.lookSoon();
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
    if (this.#looking || !this.#looks) return;
    this.#looking = true;
    try {
      await this.#readAnew();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#listener.event(event("route-failed", { kind: "route", route: "", error: error.message }));
    } finally {
      this.#looking = false;
    }
    if (this.#lookAgain) await this.#look();
  }

  async #readAnew(): Promise<void> {
    const tracked = this.#tracked;
    const routing = (this.#routing ??= new Routing(this.#names));
    const tables = new Map<string, Promise<readonly Route[]>>();
    const table = (family: Family, number: number): Promise<readonly Route[]> => {
      const name = `${family} ${number}`;
      const reading = tables.get(name) ?? routing.table(family, number);
      tables.set(name, reading);
      return reading;
    };
    const findings: Finding[] = [];
    for (const [object, route] of tracked)
      findings.push(findingOf(object, route, await table(route.family, route.table)));
    if (this.#defaults !== undefined) {
      const main = [...(await table(4, MAIN_TABLE)), ...(await table(6, MAIN_TABLE))];
      this.#defaults &&= main.filter(isDefault);
    }
    // It has been closed meanwhile.
    if (this.#routing !== routing) return;
    this.#listener.found(findings);
  }
}

function findingOf(object: string, tracked: TrackedRoute, routes: readonly Route[]): Finding {
  const verdict = routes.some((route) => isTrackedRoute(tracked, route));
  return { kind: "route", object, verdict, detail: verdict ? "in the kernel" : "not in the kernel" };
}
