/**
 * Which virtual addresses shall be on this machine's interfaces, and what is to be done when one is found that shall not,
 * or one is missing that shall.
 *
 * It knows every address that may be there because of us. Those of an owner that were there before us are borrowed: they
 * are never removed.
 */

import { after, between, type Duration, type Instant, seconds, ZERO } from "../units/time.ts";
import type { VirtualAddress, VirtualRouter } from "./model.ts";
import type { Interfaces } from "./surroundings.ts";

/** An address that may be on its interface because of us. */
interface Entry {
  /** As it was last to be added, or was left by an earlier life. */
  readonly address: VirtualAddress;
  /** Whether it shall be on its interface. */
  readonly wanted: boolean;
}

/** So far apart an address is put right that somebody else keeps changing. */
export const PUT_RIGHT_APART = seconds(1);

/** Who may hold addresses: a virtual router; or the configuration as such, which owns what it names. */
export type AddressHolder = Pick<VirtualRouter, "priority" | "addresses">;

/** The book. What is wanted is written here before the kernel is asked, so that our own changes are no surprise. */
export class AddressBook {
  readonly #entries = new Map<string, Entry>();
  readonly #borrowed = new Set<string>();
  readonly #putRightAt = new Map<string, Instant>();
  #up: ReadonlySet<string> | undefined;

  /** True until it has been told of any address. */
  get blank(): boolean {
    return this.#entries.size === 0;
  }

  /**
   * Takes charge of the addresses of `routers` and of those of an `earlier` life, and returns which of them, so far
   * unknown, are on an interface already.
   */
  takeCharge(
    routers: readonly AddressHolder[],
    earlier: readonly VirtualAddress[],
    interfaces: Interfaces,
  ): readonly VirtualAddress[] {
    const unknown = (router: AddressHolder) =>
      router.addresses.filter((address) => !this.#entries.has(addressKey(address)));
    const lefts = new Set(earlier.map(addressKey));
    for (const router of routers) {
      if (router.priority !== 255) continue;
      for (const address of unknown(router)) {
        const key = addressKey(address);
        if (isPresent(address, interfaces) && !lefts.has(key)) this.#borrowed.add(key);
      }
    }
    const all = unique([...earlier, ...routers.flatMap(unknown)]);
    for (const address of all) {
      const key = addressKey(address);
      this.#entries.set(key, { address, wanted: this.#entries.get(key)?.wanted ?? false });
    }
    return all.filter(
      (address) => isPresent(address, interfaces) && !this.#borrowed.has(addressKey(address)),
    );
  }

  /** Those of the routers' addresses that are held with another lease than they shall have; from now on it is that. */
  changeLeases(routers: readonly VirtualRouter[]): readonly VirtualAddress[] {
    const changed: VirtualAddress[] = [];
    for (const { lease, ...rest } of routers.flatMap(({ addresses }) => addresses)) {
      const key = addressKey(rest);
      const entry = this.#entries.get(key);
      if (entry === undefined || entry.address.lease === lease) continue;
      const { lease: _, ...held } = entry.address;
      const address = { ...held, ...(lease === undefined ? {} : { lease }) };
      this.#entries.set(key, { ...entry, address });
      if (entry.wanted && !this.#borrowed.has(key)) changed.push(address);
    }
    return changed;
  }

  /** An address as it is to be added: one that is borrowed was there before us, and is nobody's to take away. */
  asAdded(address: VirtualAddress): VirtualAddress {
    const { lease, ...rest } = address;
    return lease === undefined || !this.#borrowed.has(addressKey(address)) ? address : rest;
  }

  /** Forgets addresses that are not wanted and that no router has any more, but for those that are `stuck`, by key. */
  forgetAllBut(routers: readonly AddressHolder[], stuck: ReadonlySet<string> = new Set()): void {
    const kept = new Set(routers.flatMap((router) => router.addresses.map(addressKey)));
    for (const [key, { wanted }] of this.#entries)
      if (!wanted && !kept.has(key) && !stuck.has(key)) this.#entries.delete(key);
  }

  /** All that may be on an interface because of us. */
  ours(): readonly VirtualAddress[] {
    return this.all().filter((address) => !this.#borrowed.has(addressKey(address)));
  }

  /** Those of a holder's addresses that are claimed now. */
  held(router: AddressHolder): readonly VirtualAddress[] {
    return router.addresses.filter((address) => this.isMissed(address));
  }

  /** True when an address of the holder's was there before us: it stays, whoever else has it then. */
  keeps({ addresses }: Pick<AddressHolder, "addresses">): boolean {
    return addresses.some((address) => this.#borrowed.has(addressKey(address)));
  }

  /** From now on these shall be there. */
  want(addresses: readonly VirtualAddress[]): void {
    for (const address of addresses) this.#entries.set(addressKey(address), { address, wanted: true });
  }

  /** From now on these shall not be there; returns those that are ours to remove. */
  unwant(addresses: readonly VirtualAddress[]): readonly VirtualAddress[] {
    for (const address of addresses) this.#entries.set(addressKey(address), { address, wanted: false });
    return addresses.filter((address) => !this.#borrowed.has(addressKey(address)));
  }

  /** True while any address shall be on that interface. */
  wantsAnyOn(interfaceName: string): boolean {
    return [...this.#entries.values()].some(
      ({ address, wanted }) => wanted && address.interface === interfaceName,
    );
  }

  /** All that it knows of. */
  all(): readonly VirtualAddress[] {
    return [...this.#entries.values()].map(({ address }) => address);
  }

  /** The address that it knows by this address, prefix and interface. */
  known(address: VirtualAddress): VirtualAddress | undefined {
    return this.#entries.get(addressKey(address))?.address;
  }

  /** What is wrong with an address as it is on the interfaces now; undefined when nothing is. */
  wrong(address: VirtualAddress, interfaces: Interfaces): "missing" | "foreign" | undefined {
    if (isPresent(address, interfaces)) return this.isForeign(address) ? "foreign" : undefined;
    // An interface that goes down takes its IPv6 addresses with it, and the router does not hold them much longer.
    return this.isMissed(address) && interfaces.get(address.interface)?.up === true ? "missing" : undefined;
  }

  /**
   * Those on interfaces that have come up since it was asked last, to be looked at: while an interface is down, its IPv6
   * addresses are gone and nobody puts them back; and a router that waits for it to come back (interface_up_down_delays) is
   * master all the while.
   */
  cameUp(interfaces: Interfaces): readonly VirtualAddress[] {
    const before = this.#up;
    const up = new Set<string>();
    for (const found of interfaces.values()) if (found.up) up.add(found.name);
    this.#up = up;
    if (before === undefined || [...up].every((name) => before.has(name))) return [];
    return this.all().filter(({ interface: name }) => up.has(name) && !before.has(name));
  }

  /**
   * How long an address that is wrong is to be left so; zero: it is put right now. Somebody who takes it away again and
   * again gets it back at once, and after that once a second.
   */
  putRightIn(address: VirtualAddress, now: Instant): Duration {
    const key = addressKey(address);
    const last = this.#putRightAt.get(key);
    const wait = last === undefined ? ZERO : between(now, after(last, PUT_RIGHT_APART));
    if (wait > ZERO) return wait;
    this.#putRightAt.set(key, now);
    return ZERO;
  }

  /** True when an address that has appeared is to be removed: a backup that answers for it would be a second holder. */
  isForeign(address: VirtualAddress): boolean {
    const key = addressKey(address);
    return this.#entries.get(key)?.wanted === false && !this.#borrowed.has(key);
  }

  /** True when an address that has gone is to be added again. */
  isMissed(address: VirtualAddress): boolean {
    return this.#entries.get(addressKey(address))?.wanted === true;
  }
}

/** What the kernel says when there is nothing to do. */
const NEEDLESS = { add: ["EEXIST"], remove: ["EADDRNOTAVAIL", "ENODEV", "ENXIO"] };

/** True when the kernel's refusal says that all is as it was to become. */
export function isNeedless(what: "add" | "remove", errno: string): boolean {
  return NEEDLESS[what].includes(errno);
}

/** An address as operators write it. */
export function addressText({
  address,
  prefixLength,
}: Pick<VirtualAddress, "address" | "prefixLength">): string {
  return `${address}/${prefixLength}`;
}

/** The same for the same address with the same prefix on the same interface. */
export function addressKey(address: VirtualAddress): string {
  return `${addressText(address)} ${address.interface}`;
}

function unique(addresses: readonly VirtualAddress[]): readonly VirtualAddress[] {
  return [...new Map(addresses.map((address) => [addressKey(address), address])).values()];
}

function isPresent(
  { interface: name, address, prefixLength }: VirtualAddress,
  interfaces: Interfaces,
): boolean {
  const on = interfaces.get(name)?.addresses ?? [];
  return on.some((other) => other.address === address && other.prefixLength === prefixLength);
}
