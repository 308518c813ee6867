/**
 * A machine's kernel as far as the failover process deals with it: interfaces, their addresses, requests that take a
 * while and may be refused, notifications of every change.
 */

import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { after, type Duration, type Instant, START, ZERO } from "../../src/core/units/time.ts";
import type { VirtualAddress } from "../../src/core/vrrp/model.ts";
import type { Interface } from "../../src/core/vrrp/surroundings.ts";
import type { Agenda } from "./agenda.ts";
import type { Random } from "./random.ts";

/** Who changed an address: Relevo as it claims or lets go, Relevo as it puts something right, its lease, or somebody else. */
export type Hand = "owner" | "keeper" | "lease" | "stranger";

/** Who wants to know. */
export interface KernelListener {
  changed(address: VirtualAddress, present: boolean, by: Hand): void;
}

/** How the kernel takes its time, and what it refuses. */
export interface KernelMood {
  /** A request is carried out within this long, and answered within as long again. */
  slowness: Duration;
  /** The name of the error that it answers every request for a new address with. */
  refusal: string | undefined;
  /** Packets are refused with ENOBUFS. */
  failsToSend: boolean;
}

/** The kernel. */
export class Kernel {
  readonly mood: KernelMood = { slowness: ZERO, refusal: undefined, failsToSend: false };
  readonly #interfaces = new Map<string, Interface>();
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #listener: KernelListener;
  #doneBy: Instant = START;
  #answeredBy: Instant = START;

  constructor(agenda: Agenda, random: Random, listener: KernelListener) {
    this.#agenda = agenda;
    this.#random = random;
    this.#listener = listener;
  }

  get interfaces(): ReadonlyMap<string, Interface> {
    return this.#interfaces;
  }

  /** An interface as it is from now on. */
  set(changed: Interface): void {
    this.#interfaces.set(changed.name, changed);
  }

  holds({ interface: name, address }: VirtualAddress): boolean {
    const on = this.#interfaces.get(name);
    if (on === undefined) return false;
    for (const other of on.addresses) if (other.address === address) return true;
    return false;
  }

  /** The addresses of one interface go for which `goes` says so. */
  lose(interfaceName: string, goes: (address: IpAddress) => boolean): void {
    for (const { address, prefixLength } of this.#interfaces.get(interfaceName)?.addresses ?? []) {
      if (goes(address))
        this.change("remove", { address, prefixLength, interface: interfaceName }, "stranger");
    }
  }

  /** A request: carried out and answered after some time, in the order of the requests. `done` gets the name of the error, if there is one. */
  request(
    what: "add" | "remove",
    address: VirtualAddress,
    by: Hand,
    done: (errno: string | undefined) => void,
  ): void {
    const { slowness } = this.mood;
    const agenda = this.#agenda;
    this.#doneBy = latest(this.#doneBy, after(agenda.now, this.#random.duration(0, slowness)));
    agenda.at(this.#doneBy, () => {
      const errno = (what === "add" ? this.mood.refusal : undefined) ?? this.change(what, address, by);
      this.#answeredBy = latest(this.#answeredBy, after(agenda.now, this.#random.duration(0, slowness)));
      agenda.at(this.#answeredBy, () => done(errno));
    });
  }

  /** The change itself. */
  change(what: "add" | "remove", address: VirtualAddress, by: Hand): string | undefined {
    const on = this.#interfaces.get(address.interface);
    if (on === undefined) return "ENODEV";
    const there = on.addresses.some((other) => isSame(other, address));
    if (what === "add") {
      if (there) return "EEXIST";
      const { address: added, prefixLength } = address;
      this.set({ ...on, addresses: [...on.addresses, { address: added, prefixLength }] });
    } else {
      if (!there) return "EADDRNOTAVAIL";
      this.set({ ...on, addresses: on.addresses.filter((other) => !isSame(other, address)) });
    }
    this.#listener.changed(address, what === "add", by);
    return undefined;
  }
}

function latest(one: Instant, other: Instant): Instant {
  return one > other ? one : other;
}

interface Prefix {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

function isSame(one: Prefix, other: Prefix): boolean {
  return one.address === other.address && one.prefixLength === other.prefixLength;
}
