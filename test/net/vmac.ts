/** The instance `web` of these tests with an interface of its own, and what `ip` and the kernel's settings say of one. */

import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { virtualMac } from "../../src/core/vrrp/virtual-link.ts";
import { type Host, run } from "./namespace.ts";

/** The virtual hardware addresses of VRID 51, 0x33 (RFC 9568 §7.3). */
export const VMAC4 = "00:00:5e:00:01:33";
export const VMAC6 = "00:00:5e:00:02:33";

/** What tcpdump is to let through: all that has a virtual hardware address as its source, and ARP, VRRP and NDP. */
export const ALL_OF_VMAC = `arp or proto 112 or ether src ${VMAC4} or ether src ${VMAC6} or (icmp6 and ip6[40] == 136)`;

/** The router with keepalived's use_vmac: what is on eth0 is on vrrp.51, or vrrp6.51 over IPv6. */
export function withVmac(router: VirtualRouter, changes: Partial<VirtualRouter> = {}): VirtualRouter {
  const { family, vrid, interface: base } = router;
  const name = `${family === 6 ? "vrrp6" : "vrrp"}.${vrid}`;
  return {
    ...router,
    link: { type: "macvlan", name, base, holdsIpv4: family === 4, mac: virtualMac(family, vrid) },
    sendsByLink: true,
    addresses: router.addresses.map((address) =>
      address.interface === base ? { ...address, interface: name } : address,
    ),
    ...changes,
  };
}

interface LinkShown {
  readonly ifname: string;
  readonly ifindex: number;
  readonly address: string;
  readonly link?: string;
  readonly flags: readonly string[];
  readonly linkinfo?: { readonly info_kind: string; readonly info_data?: { readonly mode?: string } };
}

/** The interfaces of a host that are on top of others, in `ip`'s words: `vrrp.51 macvlan private on eth0 00:… UP`. */
export function linksOnTop(host: Host): readonly string[] {
  return shown(host).map(
    ({ ifname, linkinfo, link, address, flags }) =>
      `${ifname} ${linkinfo?.info_kind} ${linkinfo?.info_data?.mode} on ${link} ${address} ${flags.includes("UP") ? "UP" : "DOWN"}`,
  );
}

/** The index of an interface; undefined when there is none of that name. */
export function indexOf(host: Host, name: string): number | undefined {
  return shown(host).find(({ ifname }) => ifname === name)?.ifindex;
}

function shown(host: Host): readonly LinkShown[] {
  const all = JSON.parse(host.ip("-j", "-d", "link", "show")) as LinkShown[];
  return all.filter(({ linkinfo }) => ["macvlan", "ipvlan"].includes(linkinfo?.info_kind ?? ""));
}

/** The addresses of an interface of a host's, of both families; none when there is no such interface. */
export function addressesOn(host: Host, name: string): readonly string[] {
  const all = JSON.parse(host.ip("-j", "address")) as {
    ifname: string;
    addr_info: { local: string; prefixlen: number }[];
  }[];
  const found = all.find(({ ifname }) => ifname === name)?.addr_info ?? [];
  return found.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
}

/** A kernel setting of a host's. */
export function setting(host: Host, name: string): string {
  return run("ip", ...host.inside(), "cat", `/proc/sys/${name}`).trim();
}

/** The hardware address that a host's neighbour table has for an address. */
export function neighbour(host: Host, address: string): string | undefined {
  return /lladdr (\S+)/.exec(host.ip("neigh", "show", address, "dev", "eth0"))?.[1];
}

/** Whether a host reaches an address. */
export function reaches(host: Host, address: string): boolean {
  try {
    run("ip", ...host.inside(), "ping", "-c1", "-W1", address);
    return true;
  } catch {
    return false;
  }
}
