/**
 * The kernel's forwarding of packets: NAT needs it, so it is switched on while a real server of that family is reached by
 * NAT, and put back afterwards. The value from before us is on record before it is written over.
 */

import { type Event, event } from "../core/report/event.ts";
import type { Family } from "../core/units/ip-address.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { IP_FORWARD, IPV6_FORWARDING, readSysctl, writeSysctl } from "../linux/sysctl.ts";
import type { Footprint } from "./footprint.ts";

const SETTINGS: Readonly<Record<Family, string>> = { 4: IP_FORWARD, 6: IPV6_FORWARDING };
const FAMILIES: readonly Family[] = [4, 6];

/** The settings, kept. */
export interface Forwarding {
  /** Switches it on for these families where it is off, and puts the others back as they were before us. */
  require(families: ReadonlySet<Family>): void;
  /** Puts all back as it was before us; true when nothing of ours is left. */
  restore(): boolean;
}

/** Keeps them; `tell` hears of every change, and of a failure once until it has passed. */
export function keepForwarding(footprint: Footprint, tell: (event: Event) => void): Forwarding {
  const failures = new Map<string, string>();

  function attempt(sysctl: string, change: () => void): boolean {
    try {
      change();
      failures.delete(sysctl);
      return true;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (failures.get(sysctl) !== error.message)
        tell(event("sysctl-failed", { sysctl, cause: error.message }));
      failures.set(sysctl, error.message);
      return false;
    }
  }

  function switchOn(sysctl: string): void {
    attempt(sysctl, () => {
      const value = readSysctl(sysctl);
      if (value === "1") return;
      if (footprint.original(sysctl) === undefined) footprint.noteOriginal(sysctl, value);
      writeSysctl(sysctl, "1");
      tell(event("ip-forward-set", { sysctl, before: value }));
    });
  }

  function putBack(sysctl: string): boolean {
    const original = footprint.original(sysctl);
    if (original === undefined) return true;
    return attempt(sysctl, () => {
      writeSysctl(sysctl, original);
      footprint.forgetOriginal(sysctl);
      tell(event("ip-forward-restored", { sysctl, value: original }));
    });
  }

  return {
    require(families) {
      for (const family of FAMILIES) {
        if (families.has(family)) switchOn(SETTINGS[family]);
        else putBack(SETTINGS[family]);
      }
    },
    restore: () => FAMILIES.map((family) => putBack(SETTINGS[family])).every((done) => done),
  };
}
