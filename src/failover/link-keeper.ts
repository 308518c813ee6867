/**
 * Keeps the interfaces that virtual routers have for themselves: makes them when they are asked for, whatever the router's
 * state, takes them away when they are not, and makes them again when somebody else takes them away.
 *
 * It decides by a fresh look at the kernel alone: what was told of the interfaces may be older than our own last step.
 */

import { event, type Event } from "../core/report/event.ts";
import { after, between, type Instant, seconds, toMilliseconds } from "../core/units/time.ts";
import { macText } from "../core/units/mac.ts";
import { isIpv6 } from "../core/units/ip-address.ts";
import { IPV6_OFF, IPV6_ON } from "../core/vrrp/link-settings.ts";
import type { VirtualAddress } from "../core/vrrp/model.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import {
  type LinkChange,
  type LinkPlan,
  type OwnedLink,
  planLinks,
  type VirtualLink,
} from "../core/vrrp/virtual-link.ts";
import { now } from "../linux/clock.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Rtnetlink } from "../linux/rtnetlink.ts";
import { LinkFootprint } from "./link-footprint.ts";
import { LinkSettings } from "./link-settings.ts";

/** So far apart an interface is put right that somebody else keeps changing. */
const PUT_RIGHT_APART = seconds(1);
/** So long it is left alone when the kernel refuses. */
const REFUSED_FOR = seconds(10);

/** What the keeper needs, and whom it tells. */
export interface LinkSurroundings {
  /** The interfaces, kept up to date. */
  readonly interfaces: Interfaces;
  /** Reads them anew from the kernel. */
  readAnew(): Promise<void>;
  event(event: Event): void;
  /** An interface was changed by another hand. */
  drift(): void;
  /** An interface has come to be ours to use, or is no longer. */
  changed(): void;
}

/** The keeper of all interfaces of our own. */
export class LinkKeeper {
  readonly #rtnetlink: Rtnetlink;
  readonly #around: LinkSurroundings;
  readonly #footprint: LinkFootprint;
  readonly #settings: LinkSettings;
  /** Index of the base that an interface stands on, for each that has been as it is wanted. */
  readonly #settled = new Map<string, number>();
  readonly #notBefore = new Map<string, Instant>();
  readonly #failures = new Map<string, string>();
  #foreign: ReadonlySet<string> = new Set();
  #wanted: readonly VirtualLink[] = [];
  #work: Promise<void> = Promise.resolve();
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(rtnetlink: Rtnetlink, recordPath: string, around: LinkSurroundings) {
    this.#rtnetlink = rtnetlink;
    this.#around = around;
    this.#footprint = new LinkFootprint(recordPath, (told) => around.event(told));
    this.#settings = new LinkSettings(this.#footprint, (told) => around.event(told));
  }

  /** From now on these shall be there and no other of ours; resolves when it is so, as far as the kernel lets it be. */
  async configure(links: readonly VirtualLink[]): Promise<void> {
    this.#wanted = links;
    this.#notBefore.clear();
    for (const name of this.#settled.keys())
      if (!links.some((link) => link.name === name)) this.#settled.delete(name);
    this.look();
    await this.#work;
    this.#settings.require(this.#ours());
    this.#settings.restoreBut(this.#wanted);
  }

  /** The interfaces may have changed. */
  look(): void {
    if (this.#lookAgain) return;
    const { changes, foreign } = this.#plan();
    const isNews = foreign.length !== this.#foreign.size || foreign.some((name) => !this.#foreign.has(name));
    const wait = Math.min(...changes.map((change) => this.#wait(nameOf(change))));
    if (changes.length > 0 && wait > 0) this.#lookLater(wait);
    if (!isNews && wait > 0) return;
    this.#lookAgain = true;
    this.#work = this.#work.then(() => this.#putRight());
  }

  /** Whether the name of a router's interface is taken by one that is not ours. */
  isForeign(link: VirtualLink | undefined): boolean {
    return link !== undefined && this.#foreign.has(link.name);
  }

  /** Addresses are about to be added, perhaps to interfaces of ours. */
  open(addresses: readonly VirtualAddress[]): void {
    for (const name of new Set(addresses.filter(isOfIpv6).map((address) => address.interface)))
      if (this.#ours().some((link) => link.name === name)) this.#settings.setIpv6(name, IPV6_ON);
  }

  /** No address is to stay on an interface: if it is ours with a virtual hardware address, it is to be silent at once. */
  hush(name: string): void {
    const isMacvlan = this.#ours().some((link) => link.name === name && link.type === "macvlan");
    if (isMacvlan) this.#settings.setIpv6(name, IPV6_OFF);
  }

  /** Takes everything of ours away. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.configure([]);
    clearTimeout(this.#timer);
    if (this.#footprint.links.length === 0) this.#footprint.erase();
  }

  #plan(): LinkPlan {
    return planLinks(this.#wanted, this.#footprint.links, this.#around.interfaces);
  }

  async #putRight(): Promise<void> {
    this.#lookAgain = false;
    await this.#around.readAnew();
    const { changes, foreign } = this.#plan();
    this.#onForeign(foreign);
    if (changes.length > 0) this.#settings.require(this.#ours());
    for (const name of new Set(changes.map(nameOf)))
      await this.#carryOut(
        name,
        changes.filter((change) => nameOf(change) === name),
      );
    if (changes.length > 0) await this.#around.readAnew();
    this.#settle();
    this.#around.changed();
  }

  /** Those that are wanted and whose name is not another's. */
  #ours(): readonly VirtualLink[] {
    return this.#wanted.filter((link) => !this.isForeign(link));
  }

  /** The steps for one interface. */
  async #carryOut(name: string, changes: readonly LinkChange[]): Promise<void> {
    const wait = this.#wait(name);
    if (wait > 0) {
      this.#lookLater(wait);
      return;
    }
    const [first] = changes;
    if (first !== undefined) this.#onDrift(first);
    try {
      for (const change of changes) await this.#apply(change);
      this.#failures.delete(name);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#onRefusal(name, error);
    }
  }

  /** For how many more milliseconds an interface is left alone. */
  #wait(name: string): number {
    const until = this.#notBefore.get(name);
    return until === undefined ? 0 : toMilliseconds(between(now(), until));
  }

  async #apply(change: LinkChange): Promise<void> {
    switch (change.type) {
      case "remove":
        await this.#rtnetlink.removeLink(change.name, change.index);
        this.#footprint.disclaim(change.name);
        this.#around.event(event("link-removed", { interface: change.name, why: change.why }));
        return;
      case "create":
        await this.#create(change.link, change.on);
        return;
      case "address":
        await this.#giveAddress(change.link, change.index);
        return;
      case "switch-on":
        this.#settings.prepare(change.link);
        await this.#rtnetlink.switchOn(change.link.name, change.index);
        return;
    }
  }

  /** All or nothing: one that cannot be switched on, as its hardware address is another's, is of no use. */
  async #create(link: VirtualLink, on: number): Promise<void> {
    this.#footprint.claim(link);
    try {
      await this.#rtnetlink.addLink(link, on);
    } catch (error) {
      this.#footprint.disclaim(link.name);
      throw error;
    }
    await this.#around.readAnew();
    const index = this.#around.interfaces.get(link.name)?.index;
    if (index === undefined) return;
    try {
      this.#settings.prepare(link);
      await this.#giveAddress(link, index);
      await this.#rtnetlink.switchOn(link.name, index);
    } catch (error) {
      await this.#rtnetlink.removeLink(link.name, index).catch(() => {});
      throw error;
    }
    this.#around.event(
      event("link-created", {
        interface: link.name,
        on: link.base,
        kind: link.type,
        ...(link.type === "macvlan" ? { mac: macText(link.mac) } : {}),
      }),
    );
  }

  async #giveAddress(link: VirtualLink, interfaceIndex: number): Promise<void> {
    if (link.type !== "ipvlan" || link.address === undefined) return;
    if (isIpv6(link.address.address)) this.#settings.setIpv6(link.name, IPV6_ON);
    await this.#rtnetlink.addAddress(interfaceIndex, { ...link.address, interface: link.name });
  }

  /** What was as it is wanted on the same base, and is not any more, has been changed by another hand. */
  #onDrift(change: LinkChange): void {
    const name = nameOf(change);
    const base = this.#settled.get(name);
    const link = this.#wanted.find((candidate) => candidate.name === name);
    if (base === undefined || link === undefined) return;
    if (this.#around.interfaces.get(link.base)?.index !== base) return;
    this.#settled.delete(name);
    this.#notBefore.set(name, after(now(), PUT_RIGHT_APART));
    const found = { create: "missing", remove: "changed", address: "without address", "switch-on": "off" };
    this.#around.event(event("link-drift", { interface: name, found: found[change.type] }));
    this.#around.drift();
  }

  #settle(): void {
    for (const { name, base } of this.#ours()) {
      const on = this.#around.interfaces.get(base)?.index;
      if (on !== undefined && this.#around.interfaces.get(name)?.enabled === true)
        this.#settled.set(name, on);
    }
  }

  #onForeign(foreign: readonly string[]): void {
    for (const name of foreign)
      if (!this.#foreign.has(name)) this.#around.event(event("link-foreign", { interface: name }));
    this.#foreign = new Set(foreign);
  }

  #onRefusal(name: string, error: KernelError): void {
    this.#notBefore.set(name, after(now(), REFUSED_FOR));
    this.#lookLater(toMilliseconds(REFUSED_FOR));
    if (this.#failures.get(name) === error.message) return;
    this.#failures.set(name, error.message);
    this.#around.event(event("link-failed", { interface: name, error: error.message }));
  }

  #lookLater(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), Math.ceil(wait));
  }
}

function isOfIpv6({ address }: VirtualAddress): boolean {
  return isIpv6(address);
}

function nameOf(change: LinkChange): OwnedLink["name"] {
  return change.type === "remove" ? change.name : change.link.name;
}
