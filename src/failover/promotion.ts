/**
 * promote_secondaries: when the first address of a network is removed from an interface, the kernel takes all others of
 * that network with it, unless this is set. It is set while an instance asks for it, and put back afterwards; the value
 * from before us is on record before it is written over.
 */

import { type Event, event } from "../core/report/event.ts";
import type { VirtualRouter } from "../core/vrrp/model.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { promoteSecondaries, readSysctl, writeSysctl } from "../linux/sysctl.ts";
import type { Footprint } from "./footprint.ts";

/** The setting on all interfaces, kept. */
export class Promotion {
  readonly #footprint: Footprint;
  readonly #tell: (event: Event) => void;
  readonly #failures = new Map<string, string>();
  /** The interfaces that have it, by the index that they had then: one that is made anew starts without. */
  readonly #done = new Map<string, number>();
  #wanted: ReadonlySet<string> = new Set();

  constructor(footprint: Footprint, tell: (event: Event) => void) {
    this.#footprint = footprint;
    this.#tell = tell;
  }

  /** Sets it where these routers ask for it, as soon as the interface is there, and puts it back elsewhere. */
  configure(routers: readonly VirtualRouter[], interfaces: Interfaces): void {
    const asking = routers.filter((router) => router.promoteSecondaries);
    this.#wanted = new Set(asking.flatMap(({ addresses }) => addresses.map((address) => address.interface)));
    const sysctls = new Set([...this.#wanted].map(promoteSecondaries));
    for (const sysctl of this.#footprint.originals.keys()) if (!sysctls.has(sysctl)) this.#restore(sysctl);
    for (const name of this.#done.keys()) if (!this.#wanted.has(name)) this.#done.delete(name);
    this.look(interfaces);
  }

  /** Interfaces may have come. */
  look(interfaces: Interfaces): void {
    for (const name of this.#wanted) {
      const found = interfaces.get(name);
      if (found === undefined || this.#done.get(name) === found.index) continue;
      if (this.#set(promoteSecondaries(name))) this.#done.set(name, found.index);
    }
  }

  #set(sysctl: string): boolean {
    return this.#attempt(sysctl, () => {
      const before = readSysctl(sysctl);
      if (before === "1") return;
      this.#footprint.noteOriginal(sysctl, before);
      writeSysctl(sysctl, "1");
      this.#tell(event("sysctl-set", { sysctl, before, value: "1" }));
    });
  }

  #restore(sysctl: string): void {
    const value = this.#footprint.originals.get(sysctl) ?? "0";
    this.#attempt(sysctl, () => {
      try {
        writeSysctl(sysctl, value);
        this.#tell(event("sysctl-restored", { sysctl, value }));
      } catch (error) {
        // The interface has gone, and the setting with it.
        if (!(error instanceof KernelError && error.errno === "ENOENT")) throw error;
      }
      this.#footprint.forgetOriginal(sysctl);
    });
  }

  /** A failure is told once, until it has passed. */
  #attempt(sysctl: string, change: () => void): boolean {
    try {
      change();
      this.#failures.delete(sysctl);
      return true;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (this.#failures.get(sysctl) !== error.message)
        this.#tell(event("sysctl-failed", { sysctl, cause: error.message }));
      this.#failures.set(sysctl, error.message);
      return false;
    }
  }
}
