/**
 * Kernel settings that balancing needs: forwarding, which NAT needs, and those of IPVS itself (net/ipv4/vs). They are kept at
 * what is wanted, and put back when that is over. The value from before us is on record before it is written over.
 */

import { type Event, event } from "../core/report/event.ts";
import type { Family } from "../core/units/ip-address.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { IP_FORWARD, IPV6_FORWARDING, listSysctls, readSysctl, writeSysctl } from "../linux/sysctl.ts";
import type { Footprint } from "./footprint.ts";

const FORWARDING: Readonly<Record<Family, string>> = { 4: IP_FORWARD, 6: IPV6_FORWARDING };
const VS = "net/ipv4/vs";

/** Strategies that the kernel switches between 1, waiting, and 2, at work, by itself. */
const AUTOMATIC = new Set(["drop_entry", "drop_packet", "secure_tcp"].map((name) => `${VS}/${name}`));

/** What is wanted. */
interface WantedSettings {
  /** Families of which packets are to be passed on. */
  readonly forwarded: ReadonlySet<Family>;
  /** Settings of IPVS, by their names. */
  readonly ipvs: Readonly<Record<string, string>>;
}

/** The settings, kept. */
export interface Settings {
  /** Brings the settings to what is wanted, and puts the others back as they were before us. */
  require(wanted: WantedSettings): void;
  /** Puts all back as it was before us; true when nothing of ours is left. */
  restore(): boolean;
}

/** The way to the kernel's settings, by names such as `net/ipv4/ip_forward`; throws KernelError. */
export interface SettingsKernel {
  readonly read: (name: string) => string;
  readonly write: (name: string, value: string) => void;
  /** The names below a path; none when there is no such path. */
  readonly list: (path: string) => readonly string[];
}

const PROC: SettingsKernel = { read: readSysctl, write: writeSysctl, list: listSysctls };

/** Keeps them; `tell` hears of every change, and of a failure once until it has passed. */
export function keepSettings(
  footprint: Footprint,
  tell: (event: Event) => void,
  kernel: SettingsKernel = PROC,
): Settings {
  const failures = new Map<string, string>();
  /** What the kernel has made of a value: it leaves out processors that it does not have. */
  const heeded = new Map<string, { readonly value: string; readonly found: string }>();

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

  function set(sysctl: string, value: string): void {
    attempt(sysctl, () => {
      const before = readSetting(sysctl);
      if (isSame(sysctl, before, value) || isHeeded(sysctl, before, value)) return;
      if (footprint.originals().get(sysctl) === undefined) footprint.noteOriginal(sysctl, before);
      kernel.write(sysctl, value);
      heeded.set(sysctl, { value, found: readSetting(sysctl) });
      if (isForwarding(sysctl)) tell(event("ip-forward-set", { sysctl, before }));
      else tell(event("sysctl-set", { sysctl, before, value }));
    });
  }

  /** Several numbers stand apart by a tab there. */
  function readSetting(sysctl: string): string {
    return kernel.read(sysctl).replaceAll(/\s+/g, " ");
  }

  function isHeeded(sysctl: string, found: string, value: string): boolean {
    const known = heeded.get(sysctl);
    return known?.value === value && known.found === found;
  }

  function putBack(sysctl: string, value: string): boolean {
    return attempt(sysctl, () => {
      kernel.write(sysctl, value);
      footprint.forgetOriginal(sysctl);
      tell(event(isForwarding(sysctl) ? "ip-forward-restored" : "sysctl-restored", { sysctl, value }));
    });
  }

  return {
    require(wanted) {
      const settings = pathsOf(wanted, kernel.list(VS).length > 0);
      for (const [sysctl, value] of footprint.originals()) if (!settings.has(sysctl)) putBack(sysctl, value);
      for (const [sysctl, value] of settings) set(sysctl, value);
    },
    restore: () => [...footprint.originals()].map(([sysctl, value]) => putBack(sysctl, value)).every(Boolean),
  };
}

/** Without IPVS in the kernel its settings are not there, which is told elsewhere. */
function pathsOf({ forwarded, ipvs }: WantedSettings, hasIpvs: boolean): ReadonlyMap<string, string> {
  return new Map([
    ...[...forwarded].map((family) => [FORWARDING[family], "1"] as const),
    ...Object.entries(hasIpvs ? ipvs : {}).map(([name, value]) => [`${VS}/${name}`, value] as const),
  ]);
}

function isSame(sysctl: string, found: string, wanted: string): boolean {
  return found === wanted || (AUTOMATIC.has(sysctl) && found === "2" && wanted === "1");
}

function isForwarding(sysctl: string): boolean {
  return Object.values(FORWARDING).includes(sysctl);
}
