/**
 * What this process may have put into the kernel, on record in the run directory: addresses, and settings as they were
 * before us.
 */

import type { Event } from "../core/report/event.ts";
import type { FailoverRecord } from "../core/report/record.ts";
import type { VirtualAddress } from "../core/vrrp/model.ts";
import { KeptRecord } from "../linux/record-file.ts";

/** The record, kept. */
export class Footprint {
  readonly #record: KeptRecord<FailoverRecord>;
  readonly #sysctls: Map<string, string>;
  #addresses: FailoverRecord["addresses"];

  /** Opens the record at `path`, with what an earlier life left there; `tell` hears when it cannot be written. */
  constructor(path: string, tell: (event: Event) => void) {
    this.#record = new KeptRecord(path, tell);
    const left = this.#record.read();
    this.#addresses = left?.addresses ?? [];
    this.#sysctls = new Map(Object.entries(left?.sysctls ?? {}));
  }

  /** The addresses that may be on an interface because of us, or of an earlier life. */
  get addresses(): readonly VirtualAddress[] {
    return this.#addresses as readonly VirtualAddress[];
  }

  /** From now on it is these. */
  claim(addresses: readonly VirtualAddress[]): void {
    this.#addresses = addresses.map(({ interface: name, address, prefixLength, peer }) => ({
      interface: name,
      address,
      prefixLength,
      ...(peer === undefined ? {} : { peer }),
    }));
    this.#write();
  }

  /** The settings that are changed, such as `net/ipv4/ip_forward`, and what they were before us. */
  get originals(): ReadonlyMap<string, string> {
    return this.#sysctls;
  }

  /** Records the value that a setting has before us; before it is written. */
  noteOriginal(sysctl: string, value: string): void {
    this.#sysctls.set(sysctl, value);
    this.#write();
  }

  /** Takes a setting off the record; after it is restored. */
  forgetOriginal(sysctl: string): void {
    if (this.#sysctls.delete(sysctl)) this.#write();
  }

  /** Writes no more; the record goes when it is empty. */
  close(): void {
    if (this.#addresses.length === 0 && this.#sysctls.size === 0) this.#record.remove();
    this.#record.close();
  }

  #write(): void {
    this.#record.write({ addresses: this.#addresses, sysctls: Object.fromEntries(this.#sysctls) });
  }
}
