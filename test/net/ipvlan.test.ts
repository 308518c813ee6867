/**
 * Goal: with use_ipvlan the addresses are on an interface of their own that shares the hardware address, and adverts come from
 * its address, by multicast and by unicast. Method: two directors and a probe; `ip`, tshark and a ping are the witnesses. On
 * a kernel without ipvlan the file runs in the guest.
 */

import { spawnSync } from "node:child_process";
import t from "tap";
import { isRoot, runsHereIf } from "../ipvs/guest.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { addressesOn, linksOnTop, neighbour, reaches } from "./vmac.ts";
import { between, web6 } from "./web6.ts";

/** `web` with the ipvlan `ipv` and its address 192.0.2.`octet`. */
function withIpvlan(octet: number, router: VirtualRouter): VirtualRouter {
  const own = `192.0.2.${octet}` as IpAddress;
  const address = router.family === 4 ? { address: own, prefixLength: 24 } : undefined;
  return {
    ...router,
    link: {
      type: "ipvlan",
      name: "ipv",
      base: "eth0",
      holdsIpv4: router.family === 4,
      mode: "bridge",
      address,
    },
    sendsByLink: false,
    delivery: { ...router.delivery, source: address?.address },
    addresses: router.addresses.map((vip) => ({ ...vip, interface: "ipv" })),
  };
}

function hasIpvlan(): boolean {
  const name = `relevo-ipvlan-${process.pid}`;
  const script = "ip link add a type veth peer name b && ip link add link a name c type ipvlan mode l2";
  const ip = (...args: string[]) => spawnSync("ip", args, { stdio: "ignore", timeout: 10_000 }).status === 0;
  try {
    return ip("netns", "add", name) && ip("netns", "exec", name, "sh", "-c", script);
  } finally {
    ip("netns", "del", name);
  }
}

if (runsHereIf(isRoot() && hasIpvlan(), t, import.meta.url)) {
  for (const way of ["multicast", "unicast"] as const) {
    t.test(`${way}: takeover and return`, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2, probe] = [lan.host("lvs1", 11), lan.host("lvs2", 12), lan.host("probe", 13)];
      const capture = await new Capture(lan, probe, "eth0", way === "unicast" ? "arp" : undefined).ready();
      const delivery = way === "unicast" ? { delivery: between(4, 21, 22) } : {};
      const first = new Director(lan, lvs1);
      const second = new Director(lan, lvs2);
      const mine = withIpvlan(21, web({ priority: 150, ...delivery }));
      await first.configure([mine]);
      await first.reaches("master");
      await second.configure([withIpvlan(22, web(delivery))]);
      await second.reaches("backup");
      const heard = second.counted("adverts_received");
      await until("five more", () => second.counted("adverts_received") >= heard + 5);
      await first.nextReport();
      t.ok(second.counted("adverts_received") <= first.counted("adverts_sent"), "none is heard twice");
      t.match(linksOnTop(lvs1), [/^ipv ipvlan l2 on eth0 .* UP$/]);
      t.same(addressesOn(lvs1, "ipv"), ["192.0.2.21/24", "192.0.2.100/24"]);
      t.same(addressesOn(lvs2, "ipv"), ["192.0.2.22/24"]);
      t.ok(reaches(probe, "192.0.2.100"));
      const believed = neighbour(probe, "192.0.2.100");

      await first.kill();
      await second.reaches("master");
      await until("the probe believes the other one", () => neighbour(probe, "192.0.2.100") !== believed);
      t.ok(reaches(probe, "192.0.2.100"));
      first.restart();
      await first.configure([mine], first.diedAt);
      await first.reaches("master");
      await second.reaches("backup");
      lvs1.ip("address", "del", "192.0.2.21/24", "dev", "ipv");
      await until("its address is back", () => addressesOn(lvs1, "ipv").includes("192.0.2.21/24"));
      await first.reaches("master");
      for (const director of [first, second]) {
        await director.stop();
        t.same(linksOnTop(director.host), []);
        t.equal(director.counted("adverts_discarded"), 0);
      }
      const packets = await capture.seen();
      const adverts = packets.filter(({ kind }) => kind === "advert");
      for (const advert of adverts) t.match(advert, { ttl: 255, checksum: "1", complaint: "" });
      const sources = new Set(adverts.map(({ from }) => from));
      if (way === "multicast") t.same(sources, new Set(["192.0.2.21", "192.0.2.22"]));
    });
  }

  t.test("IPv6, from the link-local address below", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    for (const host of [lvs1, lvs2]) host.useIpv6();
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    await first.configure([withIpvlan(21, web6({ priority: 150 }))]);
    await first.reaches("master");
    await second.configure([withIpvlan(22, web6())]);
    await second.reaches("backup");
    t.same(addressesOn(lvs1, "ipv").toSorted(), ["2001:db8::100/64", "fe80::100/64"]);
    t.same(addressesOn(lvs2, "ipv"), []);
    await first.stop();
    await second.reaches("master");
    t.same(addressesOn(lvs2, "ipv").toSorted(), ["2001:db8::100/64", "fe80::100/64"]);
    await second.stop();
    t.same(linksOnTop(lvs2), []);
  });
}
