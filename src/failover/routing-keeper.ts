/**
 * Holds routes and rules in the kernel: those that move with a master, and those that are there while Relevo runs; and
 * keeps it so when somebody else changes them, or an interface takes them away with it.
 *
 * A change is made at once, going by what was done before. What is there is then looked at whenever the kernel tells of a
 * change: what is ours by its protocol number and is not as it shall be is put right. Another's route that has the place
 * of one of ours is left alone; that is told, and ours is added when the other is gone.
 */

import { type Event, event } from "../core/report/event.ts";
import type { RoutingRecord } from "../core/report/record.ts";
import type { RoutingEntry } from "../core/routing/model.ts";
import { identity, type RoutingOperation } from "../core/routing/plan.ts";
import { isNeedlessRouting, RoutingBook } from "../core/routing/routing-book.ts";
import { routingText } from "../core/routing/text.ts";
import { after, between, type Instant, seconds, toMilliseconds } from "../core/units/time.ts";
import { now } from "../linux/clock.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { KeptRecord } from "../linux/record-file.ts";
import type { InterfaceNames } from "../linux/routing.ts";
import { Routing } from "../linux/routing.ts";

/** So far apart an entry is put right that somebody else keeps changing. */
const PUT_RIGHT_APART = seconds(1);
/** What was refused is tried again after so long, even if nothing is told that could have changed the kernel's mind. */
const RETRY = seconds(10);

/** What the keeper tells. */
export interface RoutingListener {
  event(event: Event): void;
  /** An entry was not as it should be and has been put right. */
  drift(entry: RoutingEntry, wrong: "missing" | "changed" | "foreign"): void;
}

/** The keeper of all routes and rules of ours. */
export class RoutingKeeper {
  readonly #record: KeptRecord<RoutingRecord>;
  readonly #names: InterfaceNames;
  readonly #listener: RoutingListener;
  readonly #book = new RoutingBook();
  readonly #putRightAt = new Map<string, Instant>();
  /** What the kernel last said to what it refuses, by identity. */
  readonly #refusals = new Map<string, string>();
  #routing: Routing | undefined;
  #fresh = true;
  #looking = false;
  #lookAgain = false;
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  constructor(recordPath: string, names: InterfaceNames, listener: RoutingListener) {
    this.#record = new KeptRecord(recordPath, (told) => listener.event(told));
    this.#names = names;
    this.#listener = listener;
  }

  /**
   * Takes charge of all that may be held from now on and of what an earlier life left. What of that is in the kernel and
   * neither held nor in `next`, about to be held, is removed. Called before anything is held, at start and at each change of the
   * configuration.
   */
  async takeCharge(entries: readonly RoutingEntry[], next: readonly RoutingEntry[]): Promise<void> {
    const earlier = this.#fresh ? (this.#record.read()?.entries ?? []) : [];
    this.#fresh = false;
    this.#book.know([...earlier, ...entries]);
    if (this.#book.ours().length === 0) return;
    this.#writeDown();
    for (const { type, entry } of this.#book.repair(await this.#found(), next)) {
      if (type !== "remove" || !this.#attempt({ type, entry })) continue;
      this.#listener.event(event("route-left-over", { kind: entry.kind, route: routingText(entry) }));
    }
  }

  /** Forgets what is in the configuration no more. */
  forgetAllBut(entries: readonly RoutingEntry[]): void {
    const before = this.#book.ours().length;
    this.#book.forgetAllBut(entries);
    if (before > 0) this.#writeDown();
  }

  /** From now on `holder` has exactly these. */
  hold(holder: string, entries: readonly RoutingEntry[]): void {
    for (const operation of this.#book.hold(holder, entries)) this.#attempt(operation);
  }

  /** Something may be not as it shall be: looks, when the loop has had its turn. */
  lookSoon(): void {
    if (this.#book.ours().length === 0) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      void this.#look();
    });
  }

  /** True when a change of this entry by somebody else is worth a look: it has the place of one of ours. */
  concerns(entry: RoutingEntry): boolean {
    return this.#book.concerns(entry);
  }

  /** Nothing of ours is in the kernel. */
  close(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#routing?.close();
    this.#record.remove();
  }

  /** One look at a time; what is told meanwhile leads to another. */
  async #look(): Promise<void> {
    this.#lookAgain = this.#looking;
    if (this.#looking) return;
    this.#looking = true;
    try {
      const found = await this.#found();
      for (const operation of this.#book.repair(found)) this.#putRight(operation);
      const wanted = new Set(this.#book.wanted().map(identity));
      for (const name of this.#refusals.keys()) if (!wanted.has(name)) this.#refusals.delete(name);
    } finally {
      this.#looking = false;
    }
    if (this.#refusals.size > 0) this.#lookLater(toMilliseconds(RETRY));
    if (this.#lookAgain) await this.#look();
  }

  async #found(): Promise<readonly RoutingEntry[]> {
    try {
      this.#routing ??= new Routing(this.#names);
      return await this.#routing.ours();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#listener.event(event("route-failed", { kind: "route", route: "", error: error.message }));
      return this.#book.wanted();
    }
  }

  /** Somebody who changes an entry again and again finds it put right at once, and after that once a second. */
  #putRight(operation: RoutingOperation): void {
    const name = identity(operation.entry);
    const last = this.#putRightAt.get(name);
    const wait = last === undefined ? 0 : toMilliseconds(between(now(), after(last, PUT_RIGHT_APART)));
    if (wait > 0) {
      this.#lookLater(wait);
      return;
    }
    const awaited = this.#refusals.has(name);
    if (!this.#attempt(operation, "look")) return;
    this.#putRightAt.set(name, now());
    if (!awaited) this.#listener.drift(operation.entry, WRONG[operation.type]);
  }

  #lookLater(wait: number): void {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.lookSoon(), Math.ceil(wait));
  }

  /** Asks the kernel; true when it has done it. */
  #attempt(operation: RoutingOperation, after?: "look"): boolean {
    const { type, entry } = operation;
    const name = identity(entry);
    try {
      this.#routing ??= new Routing(this.#names);
      this.#routing.apply(operation);
      this.#refusals.delete(name);
      return true;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (isNeedlessRouting(type, error.errno)) this.#refusals.delete(name);
      // It may be ours from an earlier life, which a look will tell.
      else if (error.errno === "EEXIST" && after !== "look") this.lookSoon();
      else this.#onRefused(operation, error);
      return false;
    }
  }

  #onRefused({ type, entry }: RoutingOperation, error: KernelError): void {
    const name = identity(entry);
    const inTheWay = error.errno === "EEXIST" ? ": another one that is not ours has its place" : "";
    const message = `${error.message}${inTheWay}`;
    if (type !== "remove") this.#lookLater(toMilliseconds(RETRY));
    if (this.#refusals.get(name) === message) return;
    if (type !== "remove") this.#refusals.set(name, message);
    this.#listener.event(
      event("route-failed", { kind: entry.kind, route: routingText(entry), error: message }),
    );
  }

  #writeDown(): void {
    this.#record.write({ entries: this.#book.ours() });
  }
}

const WRONG = { add: "missing", replace: "changed", remove: "foreign" } as const;
