/**
 * Goal: by unicast a pair works as by multicast, nobody but a named peer is heard, and nothing goes to the group; groups and
 * sources that are configured are used. Method: two directors and a third that nobody has named, in namespaces; tshark
 * explains the packets, /proc and `ip maddress` show the memberships.
 */

import t from "tap";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import type { Delivery } from "../../src/core/vrrp/delivery.ts";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { type Host, Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { between, web6 } from "./web6.ts";

function memberships(host: Host): string {
  return host.ip("maddress", "show", "dev", "eth0");
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;
  const ROUTERS = { 4: web, 6: web6 };
  const PREFIX = { 4: "192.0.2.", 6: "2001:db8::" };

  for (const family of [4, 6] as const) {
    t.test(`unicast over IPv${family}: a pair, and a stranger with a higher priority`, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2, stranger] = [lan.host("lvs1", 11), lan.host("lvs2", 12), lan.host("stranger", 14)];
      for (const host of [lvs1, lvs2, stranger]) host.useIpv6();
      const capture = await new Capture(lan, lvs2, "eth0", "proto 112").ready();
      const router = (priority: number) => ROUTERS[family]({ priority, delivery: between(family, 11, 12) });
      const first = new Director(lan, lvs1);
      const second = new Director(lan, lvs2);
      await first.configure([router(150)]);
      await first.reaches("master");
      await second.configure([router(100)]);
      await second.reaches("backup");
      for (const host of [lvs1, lvs2]) t.notMatch(memberships(host), /224\.0\.0\.18|ff02::12\b/);

      // It holds other addresses, lest the hosts quarrel about them.
      const other = ROUTERS[family]().addresses.map((address) => ({
        ...address,
        address: address.address.replace(/100$/, "200") as IpAddress,
      }));
      const intruder = new Director(lan, stranger);
      await intruder.configure([
        ROUTERS[family]({ priority: 200, addresses: other, delivery: between(family, 11, 12) }),
      ]);
      await intruder.reaches("master");
      for (const director of [first, second])
        await until(
          "five are refused",
          () => director.counted("adverts_discarded", { cause: "source" }) >= 5,
        );
      t.equal(first.state, "master");
      t.same(second.transitions, ["init -> backup (startup)"]);
      t.match(second.named("vrrp-advert-discarded")[0], { cause: "source", source: `${PREFIX[family]}14` });

      await first.kill();
      await second.reaches("master");
      first.restart();
      await first.configure([router(150)]);
      await first.reaches("master");
      await second.reaches("backup");
      const packets = await capture.seen();
      for (const packet of packets) {
        t.match(packet, { kind: "advert", ttl: 255, checksum: "1", complaint: "" });
        t.ok(packet.to.startsWith(PREFIX[family]), packet.to);
      }
      t.equal(first.counted("drift") + second.counted("drift"), 0);
    });
  }

  t.test("a peer that is farther away counts once its TTL is allowed, in place", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    const far = { ...between(4, 11, 12), ttl: 60 } as Delivery;
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    await first.configure([web({ priority: 150, delivery: far })]);
    await first.reaches("master");
    await second.configure([web({ delivery: between(4, 11, 12), addresses: [] })]);
    await until("it is refused", () => second.counted("adverts_discarded", { cause: "ttl" }) >= 5);
    t.equal(second.counted("adverts_received"), 0);
    const near = { ...between(4), peers: [{ address: "192.0.2.11" as IpAddress, minTtl: 58, maxTtl: 60 }] };
    await second.configure([web({ delivery: near as Delivery, addresses: [] })]);
    await until("it is heard", () => second.counted("adverts_received") >= 5);
    await second.reaches("backup");
  });

  t.test("another group and another source, changed in place", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    for (const host of [lvs1, lvs2]) host.useIpv6();
    lvs1.ip("address", "add", "192.0.2.21/24", "dev", "eth0");
    const to = (group: string, source?: string) => ({ type: "multicast", group, source }) as Delivery;
    const six = (group: string) => web6({ name: "six", delivery: to(group) });
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    await first.configure([web({ priority: 150 }), six("ff02::12")]);
    await first.reaches("master");
    await second.configure([web(), web6({ name: "six", priority: 50, delivery: to("ff02::12") })]);
    await second.reaches("backup");
    t.match(memberships(lvs1), /inet {2}224\.0\.0\.18\n/);
    t.match(memberships(lvs1), /inet6 ff02::12\n/);

    const capture = await new Capture(lan, lvs2, "eth0", "proto 112").ready();
    await second.configure([
      web({ delivery: to("239.1.2.18") }),
      web6({ name: "six", priority: 50, delivery: to("ff02::99") }),
    ]);
    await first.configure([
      web({ priority: 150, delivery: to("239.1.2.18", "192.0.2.21") }),
      six("ff02::99"),
    ]);
    await until("the second hears the new source", () => second.named("vrrp-advert-discarded").length === 0);
    t.match(memberships(lvs2), /inet {2}239\.1\.2\.18\n/);
    t.notMatch(memberships(lvs2), /224\.0\.0\.18/);
    t.match(memberships(lvs2), /inet6 ff02::99\n/);
    t.notMatch(memberships(lvs2), /ff02::12\n/);
    const heard = second.counted("adverts_received");
    await until("adverts are heard", () => second.counted("adverts_received") >= heard + 10);
    const packets = await capture.seen();
    for (const packet of packets) t.match(packet, { checksum: "1", complaint: "" });
    const ways = new Set(packets.slice(-6).map(({ from, to: group }) => `${from} > ${group}`));
    t.same(ways, new Set(["192.0.2.21 > 239.1.2.18", "fe80::11 > ff02::99"]));

    lvs1.ip("address", "del", "192.0.2.21/24", "dev", "eth0");
    await first.reaches("fault");
    t.match(first.named("vrrp-transition").at(-1), { detail: "address 192.0.2.21 is not on this machine" });
    await second.reaches("master");
  });
}
