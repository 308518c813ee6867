/**
 * The kernel settings (Documentation/networking/ip-sysctl.rst) that make an interface of a virtual router's own and the one
 * below it answer for themselves alone.
 *
 * Both hear every broadcast of the segment. By the kernel's defaults each would answer ARP for every address of this
 * machine, and so the base would tell its own hardware address for a virtual one; it would even tell it unasked, as the
 * sender of its own questions. And packets for a virtual address come in by an interface that the answer does not leave
 * by, which a reverse path filter drops.
 *
 * Some settings under `all` hold for every interface whatever its own say. They are moved there: each interface gets what
 * it had in effect, and `all` is set to 0.
 */

import type { VirtualLink } from "./virtual-link.ts";

/** A setting, by its path below /proc/sys, and what it is to change from and to. */
export interface SettingChange {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** The value of a setting now; undefined when there is no such setting. */
export type SettingReader = (name: string) => string | undefined;

const IPV4 = "net/ipv4/conf";
const IPV6 = "net/ipv6/conf";

/** The settings of which the strongest under `all` and of the interface itself holds. */
const MOVED = ["rp_filter", "arp_filter"] as const;

/** What is to change on the interface itself, before it is switched on. */
export function ownSettings({ name }: VirtualLink, read: SettingReader): readonly SettingChange[] {
  const wanted = new Map([
    // Answer for this interface's own addresses only.
    [`${IPV4}/${name}/arp_ignore`, "1"],
    [`${IPV4}/${name}/arp_filter`, "0"],
    [`${IPV4}/${name}/rp_filter`, "0"],
    // No addresses but those that are given.
    [`${IPV6}/${name}/addr_gen_mode`, "1"],
    [`${IPV6}/${name}/accept_ra`, "0"],
    [`${IPV6}/${name}/autoconf`, "0"],
    [ipv6Switch(name), IPV6_OFF],
  ]);
  return changes(wanted, read);
}

/**
 * IPv6 is off on an interface that holds no address. With it on, the kernel tells the switches which groups it joins and
 * leaves (MLD, RFC 3810), from the virtual hardware address and up to a second late: a backup, or a master that has
 * just given way, would draw the traffic to itself.
 */
export const IPV6_OFF = "1";
export const IPV6_ON = "0";

/** The setting that switches IPv6 off on an interface. */
export function ipv6Switch(name: string): string {
  return `${IPV6}/${name}/disable_ipv6`;
}

/** What is to change on the interfaces below those with IPv4, in this order; `all` interfaces are named for what is moved. */
export function baseSettings(
  links: readonly VirtualLink[],
  all: readonly string[],
  read: SettingReader,
): readonly SettingChange[] {
  const bases = new Set(links.filter(({ holdsIpv4 }) => holdsIpv4).map(({ base }) => base));
  if (bases.size === 0) return [];
  const wanted = new Map<string, string>();
  const least = (name: string, value: number): void => {
    const found = Number(read(name) ?? value);
    if (found < value) wanted.set(name, String(value));
  };
  for (const base of bases) {
    if (Number(read(`${IPV4}/all/arp_ignore`)) < 1) least(`${IPV4}/${base}/arp_ignore`, 1);
    // 2: ask from an address of this interface, never from a virtual one.
    if (Number(read(`${IPV4}/all/arp_announce`)) < 2) least(`${IPV4}/${base}/arp_announce`, 2);
  }
  for (const setting of MOVED) {
    const general = Number(read(`${IPV4}/all/${setting}`) ?? 0);
    if (general === 0) continue;
    const own = links.map(({ name }) => name);
    for (const name of all)
      if (name !== "all" && !own.includes(name)) least(`${IPV4}/${name}/${setting}`, general);
    wanted.set(`${IPV4}/all/${setting}`, "0");
  }
  return changes(wanted, read);
}

/** Whether a setting that was changed for earlier interfaces has to stay as it is for these. */
export function isNeeded(name: string, links: readonly VirtualLink[]): boolean {
  const [, , , on, setting] = name.split("/");
  const ipv4 = links.filter(({ holdsIpv4 }) => holdsIpv4);
  if (MOVED.some((moved) => moved === setting)) return ipv4.length > 0;
  return ipv4.some(({ base }) => base === on);
}

/** A change in words: `net/ipv4/conf/eth0/arp_ignore 0 -> 1`. */
export function settingText({ name, before, after }: SettingChange): string {
  return `${name} ${before} -> ${after}`;
}

function changes(wanted: ReadonlyMap<string, string>, read: SettingReader): readonly SettingChange[] {
  return [...wanted].flatMap(([name, after]) => {
    const before = read(name);
    return before === undefined || before === after ? [] : [{ name, before, after }];
  });
}
