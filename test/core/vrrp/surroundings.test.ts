/** Goal: what keeps a router from working, and which address it speaks from. Method: one interface, one change at a time. */

import t from "tap";
import type { Interface } from "../../../src/core/vrrp/surroundings.ts";
import { faultsOf, primaryAddress } from "../../../src/core/vrrp/surroundings.ts";
import { ip, router, vip } from "./story.ts";

function link(name: string, changes: Partial<Interface> = {}): Interface {
  const addresses = [{ address: ip("192.0.2.12"), prefixLength: 24 }];
  return { index: 2, name, up: true, mac: undefined, addresses, ...changes };
}

function withAddresses(...addresses: string[]): Interface {
  return link("eth0", {
    addresses: addresses.map((address) => ({ address: ip(address), prefixLength: 24 })),
  });
}

function interfaces(...links: Interface[]): Map<string, Interface> {
  return new Map(links.map((one) => [one.name, one]));
}

const VIRTUAL = new Set([ip("192.0.2.100"), ip("192.0.2.101")]);
const BOTH = router({ addresses: [vip("192.0.2.100"), vip("198.51.100.1", "eth1")] });

t.test("a router works while all its interfaces are up and its own has an address", (t) => {
  t.same(faultsOf(router(), interfaces(link("eth0")), VIRTUAL), []);
  t.same(faultsOf(BOTH, interfaces(link("eth0"), link("eth1", { addresses: [] })), VIRTUAL), []);
  t.end();
});

t.test("each interface that is missing or down is a fault, also one that only holds an address", (t) => {
  t.same(faultsOf(BOTH, interfaces(), VIRTUAL), ["interface eth0 is missing", "interface eth1 is missing"]);
  t.same(faultsOf(BOTH, interfaces(link("eth0"), link("eth1", { up: false })), VIRTUAL), [
    "interface eth1 is down",
  ]);
  t.same(faultsOf(router(), interfaces(link("eth0", { up: false })), VIRTUAL), ["interface eth0 is down"]);
  t.end();
});

t.test("an interface with nothing but virtual addresses has none to speak from", (t) => {
  const fault = ["interface eth0 has no IPv4 address"];
  t.same(faultsOf(router(), interfaces(withAddresses()), VIRTUAL), fault);
  t.same(faultsOf(router(), interfaces(withAddresses("192.0.2.100", "192.0.2.101")), VIRTUAL), fault);
  t.end();
});

t.test("it speaks from the first address that is not virtual, in the kernel's order", (t) => {
  const primary = (...addresses: string[]) =>
    primaryAddress(router(), interfaces(withAddresses(...addresses)), VIRTUAL);
  t.equal(primary("192.0.2.12", "192.0.2.100"), "192.0.2.12");
  t.equal(primary("192.0.2.100", "192.0.2.13", "192.0.2.12"), "192.0.2.13");
  t.equal(primary("192.0.2.100"), undefined);
  t.equal(primaryAddress(router(), interfaces(), VIRTUAL), undefined);
  t.end();
});

t.test("an owner may speak from the address that it owns", (t) => {
  const owner = router({ priority: 255 });
  const only = interfaces(withAddresses("192.0.2.100"));
  t.equal(primaryAddress(owner, only, VIRTUAL), "192.0.2.100");
  t.same(faultsOf(owner, only, VIRTUAL), []);
  t.same(faultsOf(owner, interfaces(withAddresses()), VIRTUAL), ["interface eth0 has no IPv4 address"]);
  t.end();
});
