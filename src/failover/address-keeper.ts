/**
 * Holds the virtual addresses on this machine's interfaces: adds and removes them as the virtual routers say, and keeps
 * it so when somebody else changes them.
 *
 * What is wanted is written down before the kernel is asked, so that the notification of our own change finds nothing to
 * put right. An address that another hand took away is added again, one that another hand gave us is removed: a backup
 * that answers for the VIP would be a second holder.
 *
 * The record in the run directory names every address that may be here because of us. It is written when the
 * configuration changes and not at a takeover, which has no time for files.
 */

import { event } from "../core/report/event.ts";
import type { Event } from "../core/report/event.ts";
import { isIpv6 } from "../core/units/ip-address.ts";
import { toMilliseconds, ZERO } from "../core/units/time.ts";
import {
  AddressBook,
  type AddressHolder,
  addressKey,
  addressText,
  isNeedless,
  PUT_RIGHT_APART,
} from "../core/vrrp/address-book.ts";
import type { VirtualAddress, VirtualRouter } from "../core/vrrp/model.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import { now } from "../linux/clock.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { InterfaceAddress, Rtnetlink } from "../linux/rtnetlink.ts";
import type { Footprint } from "./footprint.ts";
import { LeaseKeeper, type Place, type Renewal } from "./lease-keeper.ts";

/** What the kernel would not do with an address, and why. */
interface Refusal {
  readonly what: "add" | "remove" | "renew";
  readonly message: string;
}

/** An added IPv6 address is waited for no longer than this. */
const ARRIVED_WITHIN_MS = 20;

/** What the keeper tells. */
export interface AddressListener {
  event(event: Event): void;
  /** An address was not as it should be and has been put right; one that was missing must be announced. */
  drift(address: VirtualAddress, wrong: "missing" | "foreign"): void;
  /** An address was not renewed for so many milliseconds, the kernel took it away, and it is there again. */
  expired(address: VirtualAddress, since: number): void;
  /** A lease was renewed. */
  renewed(how: Renewal): void;
  /** Hears the adverts that have queued: an address may be another's by now. */
  hearAdverts(): void;
  /** Hears the kernel's notifications that have queued. */
  hearKernel(): void;
  /** An address had gone, and the kernel refuses to have it back. */
  lost(address: VirtualAddress): void;
  /** Addresses are about to be added. */
  adding(addresses: readonly VirtualAddress[]): void;
  /** None of the addresses that were on an interface is to stay; they are about to be removed. */
  vacating(interfaceName: string): void;
}

/** The keeper of all virtual addresses of this machine. */
export class AddressKeeper {
  readonly #rtnetlink: Rtnetlink;
  readonly #footprint: Footprint;
  readonly #listener: AddressListener;
  readonly #book = new AddressBook();
  readonly #leases: LeaseKeeper;
  readonly #later = new Map<string, NodeJS.Timeout>();
  /** Who waits for the kernel's notice that an address is there. */
  readonly #arrivals = new Map<string, () => void>();
  /** What the kernel last refused to do with an address. */
  readonly #refusals = new Map<string, Refusal>();
  #interfaces: Interfaces = new Map();

  constructor(rtnetlink: Rtnetlink, footprint: Footprint, listener: AddressListener) {
    this.#rtnetlink = rtnetlink;
    this.#footprint = footprint;
    this.#listener = listener;
    this.#leases = new LeaseKeeper(rtnetlink, {
      hear: () => {
        listener.hearAdverts();
        listener.hearKernel();
      },
      place: (address) => this.#place(address),
      renewed: (address, how) => {
        if (how !== "failed") this.#refusals.delete(addressKey(address));
        listener.renewed(how);
      },
      refused: (address, error) => void this.#onRefusal("renew", address, error),
    });
  }

  /**
   * Takes charge of the addresses of `routers` on `interfaces`, a table that is kept up to date, and returns those of the
   * routers' and of an earlier life's that were on an interface already. Called before anything is added, at start and
   * at each change of the configuration.
   */
  takeCharge(routers: readonly AddressHolder[], interfaces: Interfaces): readonly VirtualAddress[] {
    this.#interfaces = interfaces;
    const earlier = this.#book.blank ? this.#footprint.addresses : [];
    const found = this.#book.takeCharge(routers, earlier, interfaces);
    this.#footprint.claim(this.#book.ours());
    return found;
  }

  /** Gives what is held the leases that it shall have; nothing is off meanwhile. */
  async changeLeases(routers: readonly VirtualRouter[]): Promise<void> {
    await Promise.all(this.#book.changeLeases(routers).map((address) => this.#leases.change(address)));
  }

  /** Forgets addresses that no router has any more, once they are off their interfaces. */
  forgetAllBut(routers: readonly AddressHolder[]): void {
    this.#book.forgetAllBut(routers, this.#stuck());
    this.#footprint.claim(this.#book.ours());
  }

  /** Those of a router's addresses that are claimed now. */
  held(router: AddressHolder): readonly VirtualAddress[] {
    return this.#book.held(router);
  }

  /** True when a router, an owner, will not let go of an address: it was there before us. */
  keeps(router: AddressHolder): boolean {
    return this.#book.keeps(router);
  }

  /** Adds addresses; false when the kernel refused one. One that is there already will do. */
  async add(addresses: readonly VirtualAddress[]): Promise<boolean> {
    this.#book.want(addresses);
    this.#listener.adding(addresses);
    const done = await Promise.all(addresses.map((address) => this.#change("add", address)));
    return !done.includes("refused");
  }

  /** Removes addresses. One that is not there, or whose interface is gone, will do. */
  async remove(addresses: readonly VirtualAddress[]): Promise<void> {
    const ours = this.#book.unwant(addresses);
    for (const name of new Set(ours.map((address) => address.interface)))
      if (!this.#book.wantsAnyOn(name)) this.#listener.vacating(name);
    await Promise.all(ours.map((address) => this.#remove(address)));
  }

  /** An address came or went, by our hand or another. */
  async look(interfaceName: string, { address, prefixLength }: InterfaceAddress): Promise<void> {
    const known = this.#book.known({ address, prefixLength, interface: interfaceName });
    if (known !== undefined) this.#arrivals.get(addressKey(known))?.();
    if (known !== undefined) await this.#putRight(known);
  }

  /** The interfaces have changed: looks at the addresses on those that have come up. */
  lookAtInterfaces(): void {
    for (const address of this.#book.cameUp(this.#interfaces)) void this.#putRight(address);
  }

  /** Changes may have gone unseen: looks at every address. */
  async lookAtAll(): Promise<void> {
    await Promise.all(this.#book.all().map((address) => this.#putRight(address)));
  }

  /** Nothing of ours is on any interface, but for what the kernel refused to remove: that stays on record. */
  close(): void {
    for (const timer of this.#later.values()) clearTimeout(timer);
    this.#leases.close();
    const stuck = this.#stuck();
    this.#footprint.claim(this.#book.ours().filter((address) => stuck.has(addressKey(address))));
  }

  async #remove(address: VirtualAddress): Promise<void> {
    const done = await this.#change("remove", address);
    if (done === "refused") this.#lookLater(address, toMilliseconds(PUT_RIGHT_APART));
  }

  async #putRight(address: VirtualAddress): Promise<void> {
    const wrong = this.#book.wrong(address, this.#interfaces);
    if (wrong === undefined) return;
    const wait = this.#book.putRightIn(address, now());
    if (wait > ZERO) {
      this.#lookLater(address, toMilliseconds(wait));
      return;
    }
    if (wrong === "missing") {
      this.#listener.hearAdverts();
      if (this.#book.wrong(address, this.#interfaces) === undefined) return;
    }
    // One that the kernel would not let go when we asked is nobody else's doing.
    const stuck = this.#stuck().has(addressKey(address));
    const ranOut = wrong === "missing" ? this.#leases.ranOut(address) : undefined;
    const cured = await this.#change(wrong === "missing" ? "add" : "remove", address);
    if (cured === "done" && ranOut !== undefined) this.#listener.expired(address, ranOut);
    else if (cured === "done" && !stuck) this.#listener.drift(address, wrong);
    if (cured !== "refused") return;
    this.#lookLater(address, toMilliseconds(PUT_RIGHT_APART));
    if (wrong === "missing") this.#listener.lost(address);
  }

  #lookLater(address: VirtualAddress, wait: number): void {
    const name = addressKey(address);
    if (this.#later.has(name)) return;
    const look = (): void => {
      this.#later.delete(name);
      void this.#putRight(address);
    };
    this.#later.set(name, setTimeout(look, Math.ceil(wait)));
  }

  async #change(what: "add" | "remove", address: VirtualAddress): Promise<"done" | "needless" | "refused"> {
    const found = this.#interfaces.get(address.interface);
    if (what === "remove") this.#leases.end(address);
    if (found === undefined) return what === "add" ? "refused" : "needless";
    try {
      await (what === "add"
        ? this.#add(found.index, this.#book.asAdded(address))
        : this.#rtnetlink.removeAddress({ ...address, interfaceIndex: found.index }));
      this.#refusals.delete(addressKey(address));
      return "done";
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return this.#onRefusal(what, address, error);
    }
  }

  /** One that is there already, as after a restart, gets a new lease. */
  async #add(interfaceIndex: number, address: VirtualAddress): Promise<void> {
    this.#leases.begin(address);
    try {
      await this.#rtnetlink.addAddress(interfaceIndex, address);
      if (isIpv6(address.address)) await this.#arrival(address);
    } catch (error) {
      const isThere = error instanceof KernelError && isNeedless("add", error.errno);
      if (!isThere) this.#leases.end(address);
      else if (address.lease !== undefined && this.#book.isMissed(address))
        await this.#leases.change(address);
      throw error;
    }
  }

  /**
   * The kernel answers before an IPv6 address is in use: it delivers to it from a work queue, a moment later, and tells
   * of it then (net/ipv6/addrconf.c). Whoever is told of the address before that would send to nobody.
   */
  #arrival(address: VirtualAddress): Promise<void> {
    const key = addressKey(address);
    return new Promise((resolve) => {
      const arrived = (): void => {
        clearTimeout(timer);
        this.#arrivals.delete(key);
        resolve();
      };
      const timer = setTimeout(arrived, ARRIVED_WITHIN_MS);
      this.#arrivals.set(key, arrived);
    });
  }

  #place(address: VirtualAddress): Place | undefined {
    const on = this.#interfaces.get(address.interface);
    if (on === undefined || !this.#book.isMissed(address)) return undefined;
    const found = on.addresses.find(
      (other) => other.address === address.address && other.prefixLength === address.prefixLength,
    );
    return found && { interfaceIndex: on.index, permanent: found.permanent ?? false };
  }

  /** Told once for as long as the kernel says the same. */
  #onRefusal(what: Refusal["what"], address: VirtualAddress, error: KernelError): "needless" | "refused" {
    const key = addressKey(address);
    if (isNeedless(what === "renew" ? "remove" : what, error.errno)) {
      this.#refusals.delete(key);
      return "needless";
    }
    const told = this.#refusals.get(key)?.message === error.message;
    this.#refusals.set(key, { what, message: error.message });
    if (told) return "refused";
    this.#listener.event(
      event("address-failed", {
        interface: address.interface,
        address: addressText(address),
        error: error.message,
      }),
    );
    return "refused";
  }

  /** Addresses that the kernel would not let us remove, by key. */
  #stuck(): ReadonlySet<string> {
    const all = [...this.#refusals];
    return new Set(all.flatMap(([key, { what }]) => (what === "remove" ? [key] : [])));
  }
}
