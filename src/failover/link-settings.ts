/** Changes the kernel settings that interfaces of our own need, shows each, and puts those of other interfaces back. */

import { type Event, event } from "../core/report/event.ts";
import {
  baseSettings,
  type IPV6_OFF,
  type IPV6_ON,
  ipv6Switch,
  isNeeded,
  ownSettings,
  type SettingChange,
  settingText,
} from "../core/vrrp/link-settings.ts";
import type { VirtualLink } from "../core/vrrp/virtual-link.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { findSysctl, listSysctls, restoreSysctl, writeSysctl } from "../linux/sysctl.ts";
import type { LinkFootprint } from "./link-footprint.ts";

/** The settings, kept. */
export class LinkSettings {
  readonly #footprint: LinkFootprint;
  readonly #tell: (event: Event) => void;

  constructor(footprint: LinkFootprint, tell: (event: Event) => void) {
    this.#footprint = footprint;
    this.#tell = tell;
  }

  /** Changes what the interfaces below `links` need. */
  require(links: readonly VirtualLink[]): void {
    const changes = links.length === 0 ? [] : baseSettings(links, listSysctls("net/ipv4/conf"), findSysctl);
    const done = changes.filter((change) => {
      this.#footprint.noteChange(change);
      return this.#write(change);
    });
    this.#show("link-settings-changed", done);
  }

  /** Changes what an interface of our own needs. */
  prepare(link: VirtualLink): void {
    this.#show(
      "link-settings-changed",
      ownSettings(link, findSysctl).filter((change) => this.#write(change)),
    );
  }

  /** Switches IPv6 on or off, unless it is so already or there is no such interface. */
  setIpv6(interfaceName: string, value: typeof IPV6_ON | typeof IPV6_OFF): void {
    const name = ipv6Switch(interfaceName);
    const before = findSysctl(name);
    if (before !== undefined && before !== value) this.#write({ name, before, after: value });
  }

  /** Puts back what `links` do not need, where nobody has changed it since; the last change first. */
  restoreBut(links: readonly VirtualLink[]): void {
    const changes = this.#footprint.settings.filter(({ name }) => !isNeeded(name, links)).toReversed();
    const done = changes.filter((change) => {
      try {
        return restoreSysctl(change);
      } catch (error) {
        this.#onFailure(change, error);
        return false;
      } finally {
        this.#footprint.forgetChange(change.name);
      }
    });
    const back = done.map(({ name, before, after }) => ({ name, before: after, after: before }));
    this.#show("link-settings-restored", back);
  }

  #write(change: SettingChange): boolean {
    try {
      writeSysctl(change.name, change.after);
      return true;
    } catch (error) {
      this.#onFailure(change, error);
      return false;
    }
  }

  #onFailure({ name }: SettingChange, error: unknown): void {
    if (!(error instanceof KernelError)) throw error;
    this.#tell(event("sysctl-failed", { sysctl: name, cause: error.message }));
  }

  #show(name: "link-settings-changed" | "link-settings-restored", changes: readonly SettingChange[]): void {
    if (changes.length > 0) this.#tell(event(name, { changed: changes.map(settingText) }));
  }
}
