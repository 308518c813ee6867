/**
 * Holds the tables of nf_tables that masquerade. When somebody else changes one, as a firewall that flushes all rules does,
 * it is made anew.
 */

import { isDeepStrictEqual } from "node:util";
import {
  MASQUERADE_TABLE,
  type Masquerade,
  masqueradedFamilies,
  masqueradeTables,
} from "../core/balance/masquerade.ts";
import { type Event, event } from "../core/report/event.ts";
import type { FilterRecord } from "../core/report/record.ts";
import type { Family } from "../core/units/ip-address.ts";
import { seconds, toMilliseconds } from "../core/units/time.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { NetlinkMonitor } from "../linux/netlink-monitor.ts";
import { Nftables } from "../linux/nftables.ts";
import { Receiver } from "../linux/receiver.ts";
import { KeptRecord } from "../linux/record-file.ts";

/** So far apart the table is made anew for somebody who keeps changing it, and so often it is tried when refused. */
const PUT_RIGHT_APART = toMilliseconds(seconds(1));
const RETRY = toMilliseconds(seconds(10));

/** What the keeper tells. */
export interface MasqueradeListener {
  event(event: Event): void;
  /** The table was not as it should be and has been made anew. */
  drift(): void;
}

/** The way to the kernel, once there is anything to do. */
interface Opened {
  readonly nftables: Nftables;
  readonly receiver: Receiver;
  readonly monitor: NetlinkMonitor;
}

/** The keeper of the tables. */
export class MasqueradeKeeper {
  readonly #record: KeptRecord<FilterRecord>;
  readonly #listener: MasqueradeListener;
  #opened: Opened | undefined;
  #wanted: Masquerade | undefined;
  #installed: Masquerade | undefined;
  /** Those that may have a table. */
  #families: readonly Family[];
  #failure: string | undefined;
  #again: NodeJS.Timeout | undefined;
  #madeAt = Number.NEGATIVE_INFINITY;

  constructor(recordPath: string, listener: MasqueradeListener) {
    this.#record = new KeptRecord(recordPath, (told) => listener.event(told));
    this.#listener = listener;
    this.#families = this.#record.read()?.families ?? [];
  }

  /** From now on this is masqueraded; true when it is so. */
  require(wanted: Masquerade | undefined): boolean {
    this.#wanted = wanted;
    const isNothing = wanted === undefined && this.#families.length === 0;
    const isSame = this.#madeAt > 0 && isDeepStrictEqual(wanted, this.#installed);
    return isNothing || isSame || this.#make();
  }

  /** Takes the tables away; true when nothing of ours is left. */
  close(): boolean {
    const cleared = this.require(undefined);
    clearTimeout(this.#again);
    this.#record.close();
    this.#opened?.monitor.close();
    void this.#opened?.receiver.close();
    this.#opened?.nftables.close();
    return cleared;
  }

  #make(): boolean {
    clearTimeout(this.#again);
    try {
      const { nftables } = this.#open();
      const before = this.#families;
      const families = masqueradedFamilies(this.#wanted);
      this.#families = [...new Set([...before, ...families])];
      this.#record.write({ families: this.#families });
      nftables.apply(`make the table ${MASQUERADE_TABLE}`, masqueradeTables(this.#wanted, before));
      this.#families = families;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#onRefused(error);
      return false;
    }
    if (this.#wanted === undefined) this.#record.remove();
    this.#installed = this.#wanted;
    this.#madeAt = performance.now();
    this.#failure = undefined;
    return true;
  }

  #open(): Opened {
    if (this.#opened !== undefined) return this.#opened;
    const nftables = new Nftables();
    const receiver = new Receiver();
    const monitor = nftables.watch(receiver, MASQUERADE_TABLE, () => this.#onChanged());
    this.#opened = { nftables, receiver, monitor };
    return this.#opened;
  }

  #onRefused({ message }: KernelError): void {
    this.#again = setTimeout(() => this.#make(), RETRY);
    if (this.#failure === message) return;
    this.#failure = message;
    this.#listener.event(event("masquerade-failed", { table: MASQUERADE_TABLE, error: message }));
  }

  /** Of a flush each rule and chain is told; and somebody may do it all the time. */
  #onChanged(): void {
    if (this.#wanted === undefined) return;
    clearTimeout(this.#again);
    const wait = Math.max(0, this.#madeAt + PUT_RIGHT_APART - performance.now());
    this.#again = setTimeout(() => {
      if (!this.#make()) return;
      this.#listener.drift();
      this.#listener.event(event("masquerade-drift", { table: MASQUERADE_TABLE }));
    }, Math.ceil(wait));
  }
}
