/**
 * ip_forward: NAT needs it, so it is switched on while a real server is reached by NAT, and put back afterwards. The
 * value from before us is on record before it is written over.
 */

import { type Event, event } from "../core/report/event.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { IP_FORWARD, readSysctl, writeSysctl } from "../linux/sysctl.ts";
import type { Footprint } from "./footprint.ts";

/** The setting, kept. */
export interface Forwarding {
  /** Switches it on when it is off. */
  require(): void;
  /** Puts it back as it was before us; true when nothing of ours is left. */
  restore(): boolean;
}

/** Keeps ip_forward; `tell` hears of every change, and of a failure once until it has passed. */
export function keepForwarding(footprint: Footprint, tell: (event: Event) => void): Forwarding {
  let failure: string | undefined;

  function attempt(change: () => void): boolean {
    try {
      change();
      failure = undefined;
      return true;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (failure !== error.message)
        tell(event("sysctl-failed", { sysctl: IP_FORWARD, cause: error.message }));
      failure = error.message;
      return false;
    }
  }

  return {
    require() {
      attempt(() => {
        const value = readSysctl(IP_FORWARD);
        if (value === "1") return;
        if (footprint.original(IP_FORWARD) === undefined) footprint.noteOriginal(IP_FORWARD, value);
        writeSysctl(IP_FORWARD, "1");
        tell(event("ip-forward-set", { before: value }));
      });
    },
    restore() {
      const original = footprint.original(IP_FORWARD);
      if (original === undefined) return true;
      return attempt(() => {
        writeSysctl(IP_FORWARD, original);
        footprint.forgetOriginal(IP_FORWARD);
        tell(event("ip-forward-restored", { value: original }));
      });
    },
  };
}
