/**
 * Goal: a pair over IPv6 is what a pair over IPv4 is: one holder, addresses usable at once, announced, put right, and off
 * when told; a missing link-local address is a fault. Method: two directors and a probe in namespaces; `ip` shows the
 * addresses, tshark explains the packets, the probe's neighbour table shows whom it believes.
 */

import t from "tap";
import { seconds, ZERO } from "../../src/core/units/time.ts";
import type { Delivery } from "../../src/core/vrrp/delivery.ts";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { type Host, Lan, run, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { ALL_OF_IT, between, web6 } from "./web6.ts";

const VIPS = ["2001:db8::100/64 scope global nodad", "fe80::100/64 scope link nodad"];

/** The virtual addresses that a host has, with what `ip` says of them. */
function held(host: Host): readonly string[] {
  return host.addresses6("eth0").filter((address) => address.includes("::100/"));
}

function macOf(host: Host): string {
  const [link] = JSON.parse(host.ip("-j", "link", "show", "dev", "eth0")) as { address: string }[];
  return link?.address ?? "";
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  t.test("election, takeover and return over IPv6", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2, probe] = [lan.host("lvs1", 11), lan.host("lvs2", 12), lan.host("probe", 13)];
    for (const host of [lvs1, lvs2, probe]) host.useIpv6();
    const capture = await new Capture(lan, probe, "eth0", ALL_OF_IT).ready();
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    await first.configure([web6({ priority: 150 })]);
    await first.reaches("master");
    t.same(held(lvs1), VIPS, "both, neither of them tentative");
    await second.configure([web6()]);
    await second.reaches("backup");
    run("ip", ...probe.inside(), "ping", "-c1", "-W5", "2001:db8::100");
    const believed = () => probe.ip("neigh", "show", "2001:db8::100", "dev", "eth0");
    t.match(believed(), macOf(lvs1));

    await first.kill();
    await second.reaches("master");
    t.equal(second.transitions.at(-1), "backup -> master (master-down)");
    t.same(held(lvs2), VIPS);
    await until("the probe believes the new master", () => believed().includes(macOf(lvs2)));

    first.restart();
    await first.configure([web6({ priority: 150 })]);
    await first.reaches("master");
    t.same(
      first.named("address-left-over").length,
      2,
      "what the earlier life left is gone before the first advert",
    );
    t.equal(first.transitions.at(-1), "backup -> master (preempted-lower-priority)");
    await second.reaches("backup");
    t.same(held(lvs2), []);
    await first.stop();
    await second.reaches("master");
    t.equal(second.transitions.at(-1), "backup -> master (master-resigned)");
    t.same(held(lvs1), []);

    const packets = await capture.seen();
    for (const { complaint } of packets) t.equal(complaint, "");
    const adverts = packets.filter(({ kind }) => kind === "advert");
    t.ok(adverts.length > 10);
    for (const advert of adverts) {
      const { from, priority } = advert;
      t.match(advert, {
        to: "ff02::12",
        ttl: 255,
        version: 3,
        vrid: 51,
        interval: 10,
        addresses: ["fe80::100", "2001:db8::100"],
        checksum: "1",
      });
      t.ok(from === "fe80::11" ? [150, 0].includes(priority) : from === "fe80::12" && priority === 100);
    }
    t.equal(adverts.filter(({ priority }) => priority === 0).length, 1);
    for (const [host, claims] of [
      [lvs1, 2],
      [lvs2, 2],
    ] as const) {
      const announced = packets.filter(
        ({ kind, mac, flags }) => kind === "neighbour" && mac === macOf(host) && flags === "ro",
      );
      for (const address of ["fe80::100", "2001:db8::100"]) {
        const own = announced.filter((packet) => packet.announced === address);
        t.ok(own.length >= claims, `${address} by ${host.namespace}`);
        for (const packet of own)
          t.match(packet, {
            from: address,
            to: "ff02::1",
            ttl: 255,
            checksum: "1",
            announcedMac: macOf(host),
          });
      }
    }
    t.equal(second.counted("adverts_discarded"), 0);
    t.equal(first.counted("drift") + second.counted("drift"), 0);
  });

  t.test(
    "an address that goes with its interface comes back with it, while that is waited for",
    async (t) => {
      const lan = new Lan(t);
      const host = lan.host("lvs1", 11);
      host.useIpv6();
      const [global, linkLocal] = web6().addresses;
      const addresses = [linkLocal, { ...global, interface: "eth1" }] as ReturnType<typeof web6>["addresses"];
      const director = new Director(lan, host);
      const linkDelays = { eth1: { down: seconds(60), up: ZERO } };
      await director.configure([web6({ addresses })], undefined, { linkDelays });
      await director.reaches("master");
      const isThere = () =>
        host.addresses6("eth1").some((address) => address.startsWith(global?.address ?? "-"));
      await until("it has the address", isThere);
      host.ip("link", "set", "eth1", "down");
      await until("the kernel took the address", () => !isThere());
      host.ip("link", "set", "eth1", "up");
      await until("it has the address again", isThere);
      t.equal(director.transitions.at(-1), "backup -> master (master-down)", "nobody noticed");
      await until("it is counted", () => director.counted("drift") === 1);
      await director.stop();
      t.notOk(isThere());
    },
  );

  t.test("the same VRID once per family, /128, drift, and the loss of the link-local address", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    for (const host of [lvs1, lvs2]) host.useIpv6();
    const single = { ...web6().addresses[0], prefixLength: 128 } as ReturnType<typeof web6>["addresses"][0];
    const four = (priority: number) => web({ name: "web4", priority });
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    await first.configure([web6({ priority: 150, addresses: [single] }), four(100)]);
    await first.reaches("master");
    await second.configure([web6({ addresses: [single] }), four(150)]);
    await until("each is master of one", () => lvs2.holdsVip() && !lvs1.holdsVip());
    t.same(held(lvs1), ["2001:db8::100/128 scope global nodad deprecated"]);
    t.same(held(lvs2), []);

    lvs1.ip("address", "del", "2001:db8::100/128", "dev", "eth0");
    await until("it is back and counted", () => first.counted("drift") === 1);
    t.same(held(lvs1), ["2001:db8::100/128 scope global nodad deprecated"]);
    lvs2.ip("address", "add", "2001:db8::100/128", "dev", "eth0");
    await until("it is gone and counted", () => second.counted("drift") === 1);
    t.same(held(lvs2), []);

    lvs1.ip("address", "del", "fe80::11/64", "dev", "eth0");
    await first.reaches("fault");
    t.match(first.named("vrrp-transition").at(-1), {
      detail: "interface eth0 has no IPv6 link-local address",
    });
    await until("the other takes over", () => held(lvs2).length === 1);
    t.same(held(lvs1), []);
    lvs1.ip("address", "add", "fe80::11/64", "dev", "eth0");
    await until(
      "it is tentative no more, and the first returns",
      () => held(lvs1).length === 1 && held(lvs2).length === 0,
    );
    t.equal(first.transitions.filter((said) => said.startsWith("fault -> backup")).length, 1);

    // The kernel takes the addresses off an interface that goes down: no drift.
    lvs1.ip("link", "set", "eth0", "down");
    await first.reaches("fault");
    lvs1.ip("link", "set", "eth0", "up");
    lvs1.ip("address", "add", "fe80::11/64", "dev", "eth0", "nodad");
    await until("it returns", () => held(lvs1).length === 1 && held(lvs2).length === 0);
    await first.nextReport();
    t.equal(first.counted("drift"), 1);
    t.same(first.named("address-failed"), []);
  });

  t.test("an advert that has come through a router is counted and changes nothing", async (t) => {
    const lan = new Lan(t);
    const [lvs1, intruder] = [lan.host("lvs1", 11), lan.host("intruder", 14)];
    for (const host of [lvs1, intruder]) host.useIpv6();
    const first = new Director(lan, lvs1);
    await first.configure([web6({ priority: 100 })]);
    await first.reaches("master");
    const other = new Director(lan, intruder);
    await other.configure([
      web6({ priority: 200, delivery: { ...between(6, "fe80::11"), ttl: 254 } as Delivery }),
    ]);
    await other.reaches("master");
    await until("five are counted", () => first.counted("adverts_discarded", { cause: "ttl" }) >= 5);
    t.equal(first.counted("adverts_discarded"), first.counted("adverts_discarded", { cause: "ttl" }));
    t.same(first.transitions, ["init -> backup (startup)", "backup -> master (master-down)"]);
    t.match(first.named("vrrp-advert-discarded"), [{ instance: "web", source: "fe80::14", cause: "ttl" }]);
  });
}
