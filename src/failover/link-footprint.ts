/** Which interfaces may be there because of us, and which settings were changed for them: on record before it is so. */

import type { Event } from "../core/report/event.ts";
import type { LinkRecord } from "../core/report/record.ts";
import type { SettingChange } from "../core/vrrp/link-settings.ts";
import type { OwnedLink } from "../core/vrrp/virtual-link.ts";
import { KeptRecord } from "../linux/record-file.ts";

/** The record, kept. */
export class LinkFootprint {
  readonly #record: KeptRecord<Partial<LinkRecord>>;
  readonly #links: Map<string, OwnedLink>;
  readonly #settings: Map<string, SettingChange>;

  /** Opens the record at `path`, with what an earlier life left there; `tell` hears when it cannot be written. */
  constructor(path: string, tell: (event: Event) => void) {
    this.#record = new KeptRecord(path, tell);
    const left = this.#record.read();
    this.#links = new Map((left?.links ?? []).map((link) => [link.name, link]));
    this.#settings = new Map((left?.settings ?? []).map((change) => [change.name, change]));
  }

  get links(): readonly OwnedLink[] {
    return [...this.#links.values()];
  }

  /** In the order in which they were changed. */
  get settings(): readonly SettingChange[] {
    return [...this.#settings.values()];
  }

  claim({ name, type }: OwnedLink): void {
    this.#links.set(name, { name, type });
    this.#write();
  }

  disclaim(name: string): void {
    if (this.#links.delete(name)) this.#write();
  }

  /** A setting that we have changed before keeps the value from before that. */
  noteChange(change: SettingChange): void {
    const before = this.#settings.get(change.name)?.before ?? change.before;
    this.#settings.set(change.name, { ...change, before });
    this.#write();
  }

  forgetChange(name: string): void {
    if (this.#settings.delete(name)) this.#write();
  }

  /** Nothing of ours is left. */
  erase(): void {
    this.#record.remove();
  }

  #write(): void {
    this.#record.write({ links: this.links, settings: this.settings });
  }
}
