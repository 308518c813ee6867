/**
 * Goal: from any interfaces a plan leads to those that are wanted, in one go, and never touches one that is not ours. Method:
 * interfaces as `ip` would show them, plans as text by hand.
 */

import t from "tap";
import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import { macText, parseMac } from "../../../src/core/units/mac.ts";
import type { Interface, Interfaces } from "../../../src/core/vrrp/surroundings.ts";
import {
  linkPlanText,
  type OwnedLink,
  planLinks,
  type VirtualLink,
  virtualMac,
} from "../../../src/core/vrrp/virtual-link.ts";

const VMAC: VirtualLink = {
  type: "macvlan",
  name: "vrrp.51",
  base: "eth0",
  holdsIpv4: true,
  mac: virtualMac(4, 51),
};
const IPVLAN: VirtualLink = {
  type: "ipvlan",
  name: "ipv",
  base: "eth1",
  holdsIpv4: true,
  mode: "bridge",
  address: { address: "192.0.2.21" as IpAddress, prefixLength: 24 },
};
const OURS: readonly OwnedLink[] = [{ name: "vrrp.51", type: "macvlan" }];

const ETH0: Interface = { index: 2, name: "eth0", up: true, mac: undefined, addresses: [] };

/** The macvlan as it is to be. */
function vmac(changes: Partial<Interface> = {}): Interface {
  const stacked = { kind: "macvlan", parent: 2, mode: "private" };
  const mac = virtualMac(4, 51);
  return { index: 7, name: "vrrp.51", up: true, enabled: true, mac, stacked, addresses: [], ...changes };
}

function on(...all: readonly Interface[]): Interfaces {
  return new Map(all.map((one) => [one.name, one]));
}

function plan(wanted: readonly VirtualLink[], owned: readonly OwnedLink[], interfaces: Interfaces) {
  return linkPlanText(planLinks(wanted, owned, interfaces));
}

const CREATE = "create macvlan vrrp.51 on eth0, 00:00:5e:00:01:33";

t.test("one that is missing is made, as soon as there is something to make it on", (t) => {
  t.same(plan([VMAC], [], on(ETH0)), [CREATE]);
  t.same(plan([VMAC], OURS, on(ETH0)), [CREATE]);
  t.same(plan([VMAC], [], on()), []);
  t.end();
});

t.test(
  "one of ours that is as it is to be is left alone; that it has no carrier is the cable's affair",
  (t) => {
    t.same(plan([VMAC], OURS, on(ETH0, vmac())), []);
    t.same(plan([VMAC], OURS, on(ETH0, vmac({ up: false }))), []);
    t.end();
  },
);

t.test("one of ours is switched on, or made anew where it is another than it is to be", (t) => {
  const remade = (why: string) => [`remove vrrp.51: ${why}`, CREATE];
  const stacked = { kind: "macvlan", parent: 2, mode: "private" };
  t.same(plan([VMAC], OURS, on(ETH0, vmac({ enabled: false, up: false }))), ["switch vrrp.51 on"]);
  t.same(
    plan([VMAC], OURS, on(ETH0, vmac({ mac: virtualMac(4, 52) }))),
    remade("its hardware address is not 00:00:5e:00:01:33"),
  );
  t.same(
    plan([VMAC], OURS, on(ETH0, vmac({ stacked: { ...stacked, parent: 3 } }))),
    remade("it is not on eth0"),
  );
  t.same(
    plan([VMAC], OURS, on(ETH0, vmac({ stacked: { ...stacked, mode: "bridge" } }))),
    remade("its mode is not private"),
  );
  const ipvlan: VirtualLink = { ...IPVLAN, name: "vrrp.51", base: "eth0" };
  t.same(plan([ipvlan], OURS, on(ETH0, vmac())), [
    "remove vrrp.51: it is a macvlan",
    "create ipvlan vrrp.51 on eth0, bridge",
  ]);
  t.end();
});

t.test("one that is not ours is not touched, wanted or not", (t) => {
  const foreign = ["leave vrrp.51 alone: it is not ours"];
  t.same(plan([VMAC], [], on(ETH0, vmac())), foreign);
  t.same(
    plan([VMAC], OURS, on(ETH0, vmac({ stacked: { kind: "vlan", parent: 2, mode: undefined } }))),
    foreign,
  );
  t.same(plan([VMAC], OURS, on(ETH0, vmac({ stacked: undefined }))), foreign);
  t.same(plan([], [], on(ETH0, vmac())), []);
  t.same(plan([], OURS, on(ETH0, vmac({ stacked: undefined }))), []);
  t.end();
});

t.test("one of ours that nobody wants is removed", (t) => {
  t.same(plan([], OURS, on(ETH0, vmac())), ["remove vrrp.51: not wanted"]);
  t.same(plan([], OURS, on(ETH0)), []);
  t.end();
});

t.test("an ipvlan gets its address again", (t) => {
  const stacked = { kind: "ipvlan", parent: 3, mode: "bridge" };
  const eth1: Interface = { ...ETH0, index: 3, name: "eth1" };
  const ipvlan: Interface = { ...vmac({ stacked }), name: "ipv", index: 8 };
  const owned: readonly OwnedLink[] = [{ name: "ipv", type: "ipvlan" }];
  t.same(plan([IPVLAN], owned, on(eth1, ipvlan)), ["give ipv its address"]);
  const addresses = [{ address: "192.0.2.21" as IpAddress, prefixLength: 24 }];
  t.same(plan([IPVLAN], owned, on(eth1, { ...ipvlan, addresses })), []);
  t.end();
});

t.test("the virtual hardware address of RFC 9568 §7.3", (t) => {
  t.equal(macText(virtualMac(4, 1)), "00:00:5e:00:01:01");
  t.equal(macText(virtualMac(6, 255)), "00:00:5e:00:02:ff");
  t.same(parseMac("00:00:5E:00:01:33"), virtualMac(4, 51));
  for (const text of ["", "00:00:5e:00:01", "00:00:5e:00:01:3", "00-00-5e-00-01-33", "00:00:5e:00:01:33:00"])
    t.equal(parseMac(text), undefined, text);
  t.end();
});
