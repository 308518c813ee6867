/**
 * Goal: the kernel's settings are changed as far as is needed and no further. Method: settings by hand, changes as text.
 */

import t from "tap";
import { baseSettings, isNeeded, ownSettings, settingText } from "../../../src/core/vrrp/link-settings.ts";
import { type VirtualLink, virtualMac } from "../../../src/core/vrrp/virtual-link.ts";

const VMAC: VirtualLink = {
  type: "macvlan",
  name: "vrrp.51",
  base: "eth0",
  holdsIpv4: true,
  mac: virtualMac(4, 51),
};
const SIX: VirtualLink = { ...VMAC, name: "vrrp6.51", holdsIpv4: false };
const ALL = ["all", "default", "eth0", "eth1", "vrrp.51"];

/** Every setting is 0 but for these. */
function settings(others: Readonly<Record<string, string>> = {}) {
  return (name: string): string | undefined => others[name.replace("net/ipv4/conf/", "")] ?? "0";
}

function changed(links: readonly VirtualLink[], others: Readonly<Record<string, string>> = {}) {
  const changes = baseSettings(links, ALL, settings(others));
  return changes.map((change) => settingText(change).replace("net/ipv4/conf/", ""));
}

t.test("the interface below answers for itself, and asks in its own name", (t) => {
  t.same(changed([VMAC]), ["eth0/arp_ignore 0 -> 1", "eth0/arp_announce 0 -> 2"]);
  t.same(changed([VMAC], { "eth0/arp_ignore": "2", "eth0/arp_announce": "1" }), ["eth0/arp_announce 1 -> 2"]);
  t.same(changed([VMAC], { "all/arp_ignore": "1", "all/arp_announce": "2" }), [], "holds by all already");
  t.same(changed([SIX]), [], "IPv6 has no ARP");
  t.same(changed([]), []);
  t.end();
});

t.test("a filter under all is moved to each interface, and off all last", (t) => {
  const strict = { "eth0/arp_ignore": "1", "eth0/arp_announce": "2", "all/rp_filter": "1" };
  t.same(changed([VMAC], { ...strict, "eth1/rp_filter": "2" }), [
    "default/rp_filter 0 -> 1",
    "eth0/rp_filter 0 -> 1",
    "all/rp_filter 1 -> 0",
  ]);
  t.same(changed([VMAC], { ...strict, "all/rp_filter": "0", "eth0/rp_filter": "1" }), []);
  t.match(changed([VMAC], { "all/arp_filter": "1" }).at(-1), "all/arp_filter 1 -> 0");
  t.end();
});

t.test("an interface of our own has no say but for its addresses", (t) => {
  const found = (name: string) => ({ "net/ipv6/conf/vrrp.51/accept_ra": "1" })[name] ?? "0";
  t.same(ownSettings(VMAC, found).map(settingText), [
    "net/ipv4/conf/vrrp.51/arp_ignore 0 -> 1",
    "net/ipv6/conf/vrrp.51/addr_gen_mode 0 -> 1",
    "net/ipv6/conf/vrrp.51/accept_ra 1 -> 0",
    "net/ipv6/conf/vrrp.51/disable_ipv6 0 -> 1",
  ]);
  t.same(
    ownSettings(VMAC, () => undefined),
    [],
    "a kernel without these settings",
  );
  t.end();
});

t.test("a setting is needed as long as anybody stands on its interface", (t) => {
  t.ok(isNeeded("net/ipv4/conf/eth0/arp_ignore", [VMAC]));
  t.notOk(isNeeded("net/ipv4/conf/eth1/arp_ignore", [VMAC]));
  t.ok(isNeeded("net/ipv4/conf/eth1/rp_filter", [VMAC]));
  t.notOk(isNeeded("net/ipv4/conf/eth0/arp_ignore", [SIX]));
  t.notOk(isNeeded("net/ipv4/conf/all/rp_filter", []));
  t.end();
});
