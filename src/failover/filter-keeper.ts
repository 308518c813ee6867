/**
 * Holds the tables of nf_tables that drop what is sent to addresses at which this machine is no host (no_accept). They are
 * there before the first address is added and go after the last; when somebody else changes one, as a firewall that
 * flushes all rules does, it is made anew.
 */

import { type Event, event } from "../core/report/event.ts";
import type { FilterRecord } from "../core/report/record.ts";
import { seconds, toMilliseconds } from "../core/units/time.ts";
import type { Family, IpAddress } from "../core/units/ip-address.ts";
import type { NftRequest } from "../core/wire/nftables.ts";
import { FILTER_TABLE, filteredFamilies, filterTables } from "../core/vrrp/acceptance.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { NetlinkMonitor } from "../linux/netlink-monitor.ts";
import { Nftables } from "../linux/nftables.ts";
import type { Receiver } from "../linux/receiver.ts";
import { KeptRecord } from "../linux/record-file.ts";

/** So far apart the table is made anew for somebody who keeps changing it, and so often it is tried when refused. */
const PUT_RIGHT_APART = toMilliseconds(seconds(1));
const RETRY = toMilliseconds(seconds(10));

/** What the keeper tells. */
export interface FilterListener {
  event(event: Event): void;
  /** The table was not as it should be and has been made anew. */
  drift(): void;
  /** It can be had now, or no longer. */
  changed(): void;
}

/** The keeper of the table. */
export class FilterKeeper {
  readonly #record: KeptRecord<FilterRecord>;
  readonly #receiver: Receiver;
  readonly #listener: FilterListener;
  #nftables: Nftables | undefined;
  #monitor: NetlinkMonitor | undefined;
  #wanted: readonly IpAddress[] = [];
  #installed = "";
  /** Those that may have a table; undefined before the record has been read. */
  #families: readonly Family[] | undefined;
  #failure: string | undefined;
  #again: NodeJS.Timeout | undefined;
  #madeAt = Number.NEGATIVE_INFINITY;

  constructor(recordPath: string, receiver: Receiver, listener: FilterListener) {
    this.#record = new KeptRecord(recordPath, (told) => listener.event(told));
    this.#receiver = receiver;
    this.#listener = listener;
  }

  /** True when the kernel refuses the table. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** From now on what is sent to these addresses is dropped. */
  drop(addresses: readonly IpAddress[]): void {
    this.#wanted = addresses;
    const earlier = this.#families === undefined ? this.#record.read() : undefined;
    this.#families ??= earlier?.families ?? [];
    if (earlier !== undefined || this.failed || addresses.join() !== this.#installed) this.#make();
  }

  /** Takes the table away: no address is here any more. */
  close(): void {
    this.drop([]);
    this.#record.close();
    clearTimeout(this.#again);
    this.#monitor?.close();
    this.#nftables?.close();
  }

  #make(): boolean {
    clearTimeout(this.#again);
    const before = this.#families ?? [];
    const requests = filterTables(this.#wanted, before);
    try {
      if (requests.length > 0) this.#replace(requests, before);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      // All or nothing: what was not there before is not there now.
      if (before.length === 0) this.#record.remove();
      this.#onRefused(error);
      return false;
    }
    if (this.#wanted.length === 0) this.#record.remove();
    this.#installed = this.#wanted.join();
    this.#madeAt = performance.now();
    if (this.failed) this.#listener.changed();
    this.#failure = undefined;
    return true;
  }

  #replace(requests: readonly NftRequest[], before: readonly Family[]): void {
    const nftables = (this.#nftables ??= new Nftables());
    this.#monitor ??= nftables.watch(this.#receiver, FILTER_TABLE, () => this.#onChanged());
    const families = filteredFamilies(this.#wanted);
    this.#record.write({ families: [...before, ...families] });
    nftables.apply(`make the table ${FILTER_TABLE}`, requests);
    this.#families = families;
  }

  #onRefused({ message }: KernelError): void {
    this.#again = setTimeout(() => this.#make(), RETRY);
    if (this.#failure === message) return;
    this.#failure = message;
    this.#listener.event(event("filter-failed", { table: FILTER_TABLE, error: message }));
    this.#listener.changed();
  }

  /** Of a flush each rule, set and chain is told; and somebody may do it all the time. */
  #onChanged(): void {
    if (this.#wanted.length === 0) return;
    clearTimeout(this.#again);
    const wait = Math.max(0, this.#madeAt + PUT_RIGHT_APART - performance.now());
    this.#again = setTimeout(() => {
      if (this.#make()) this.#listener.drift();
    }, Math.ceil(wait));
  }
}
