/**
 * Renews the leases of the addresses that are held, from the very loop that hears of a lost mastership: when the loop
 * stands still, nothing is renewed.
 *
 * Before a renewal, what has queued is heard, adverts and the kernel's notifications: after a stall the address may be
 * another's by now, or gone. One that has gone is never renewed, for the kernel would add it anew, without a word to the
 * neighbours.
 */

import { between, type Instant, toMilliseconds } from "../core/units/time.ts";
import { addressKey } from "../core/vrrp/address-book.ts";
import { hasRunOut, isDue, isLate, type Lease, leaseFrom, putOff } from "../core/vrrp/lease.ts";
import type { VirtualAddress } from "../core/vrrp/model.ts";
import { now } from "../linux/clock.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Rtnetlink } from "../linux/rtnetlink.ts";

/** How a renewal went. */
export type Renewal = "ok" | "late" | "failed";

/** Where an address is that may be renewed. */
export interface Place {
  readonly interfaceIndex: number;
  /** The kernel would keep it for ever as it is. */
  readonly permanent: boolean;
}

/** What the keeper of leases needs. */
export interface LeaseHands {
  /** Hears what has queued: adverts first, then the kernel's notifications. */
  hear(): void;
  /** Where an address is; undefined unless it is on its interface and shall be. */
  place(address: VirtualAddress): Place | undefined;
  renewed(address: VirtualAddress, how: Renewal): void;
  refused(address: VirtualAddress, error: KernelError): void;
}

interface Held {
  readonly address: VirtualAddress;
  lease: Lease;
}

/** The leases. */
export class LeaseKeeper {
  readonly #rtnetlink: Rtnetlink;
  readonly #hands: LeaseHands;
  readonly #held = new Map<string, Held>();
  #timer: { readonly timeout: NodeJS.Timeout; readonly at: Instant } | undefined;

  constructor(rtnetlink: Rtnetlink, hands: LeaseHands) {
    this.#rtnetlink = rtnetlink;
    this.#hands = hands;
  }

  /** An address has just been added with its lease. */
  begin(address: VirtualAddress): void {
    const { lease } = address;
    if (lease === undefined) return this.end(address);
    const held = { address, lease: leaseFrom(lease, now()) };
    this.#held.set(addressKey(address), held);
    this.#arm(held.lease.renewAt);
  }

  /** An address is to go, or to stay without a lease. */
  end(address: VirtualAddress): void {
    this.#held.delete(addressKey(address));
  }

  /** How long ago an address was last renewed that the kernel may have taken away for it, in milliseconds. */
  ranOut(address: VirtualAddress): number | undefined {
    const lease = this.#held.get(addressKey(address))?.lease;
    const at = now();
    if (lease === undefined || !hasRunOut(lease, at)) return undefined;
    return Math.round(toMilliseconds(between(lease.since, at)));
  }

  /** Gives an address that is there its lease, or takes the one that it has; it is never off meanwhile. */
  async change(address: VirtualAddress): Promise<void> {
    this.begin(address);
    const place = this.#hands.place(address);
    if (place !== undefined) await this.#ask(address, place);
  }

  close(): void {
    clearTimeout(this.#timer?.timeout);
    this.#held.clear();
  }

  #arm(at: Instant): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    clearTimeout(this.#timer?.timeout);
    const wait = Math.max(0, Math.ceil(toMilliseconds(between(now(), at))));
    this.#timer = { timeout: setTimeout(() => this.#onTimer(), wait), at };
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#hands.hear();
    const at = now();
    for (const held of this.#held.values()) if (isDue(held.lease, at)) void this.#renew(held, at);
    for (const { lease } of this.#held.values()) this.#arm(lease.renewAt);
  }

  async #renew(held: Held, at: Instant): Promise<void> {
    const before = held.lease;
    const place = this.#hands.place(held.address);
    held.lease = place === undefined ? putOff(before, at) : leaseFrom(before.length, at);
    if (place === undefined) return;
    const done = await this.#ask(held.address, place);
    const how = isLate(before, at) ? "late" : "ok";
    this.#hands.renewed(held.address, done ? how : "failed");
    if (!done) held.lease = { ...held.lease, since: before.since };
  }

  async #ask(address: VirtualAddress, { interfaceIndex, permanent }: Place): Promise<boolean> {
    try {
      await this.#rtnetlink.renewAddress(interfaceIndex, address, permanent);
      return true;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#hands.refused(address, error);
      return false;
    }
  }
}
