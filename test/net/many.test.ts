/**
 * Goal: a director with hundreds of addresses claims and leaves them all. Method: two instances with 250 addresses each;
 * `ip` counts.
 */

import t from "tap";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import type { VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Director, web } from "./director.ts";
import { type InterfaceName, Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const COUNT = 250;

function many(name: InterfaceName, network: number): VirtualRouter {
  const addresses = Array.from(
    { length: COUNT },
    (_, index): VirtualAddress => ({
      address: `10.${network}.0.${index + 1}` as Ipv4,
      prefixLength: 32,
      interface: name,
    }),
  );
  return web({ name: `many-${name}`, interface: name, addresses });
}

if (hasRoot(t, import.meta.url)) {
  t.test("five hundred addresses", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const claimed = () =>
      [...host.addresses("eth0"), ...host.addresses("eth1")].filter((address) => /^10\./.test(address));
    await director.configure([many("eth0", 1), many("eth1", 2)]);
    await until("all are claimed", () => claimed().length === 2 * COUNT);
    t.same(director.named("address-failed"), []);
    await director.stop();
    t.same(claimed(), []);
  });
}
