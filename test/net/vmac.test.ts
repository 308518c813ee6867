/**
 * Goal: with use_vmac the neighbours' tables stay as they are whoever is master: adverts, ARP and neighbour advertisements have
 * the virtual hardware address, and nothing but a master speaks from it; the interface comes and goes with the instance,
 * and the kernel settings with it. Method: two directors and a probe in namespaces; tshark explains the packets, `ip` shows
 * the interfaces and the probe's neighbours.
 */

import t from "tap";
import { Capture } from "./capture.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { seconds } from "../../src/core/units/time.ts";
import { Director, VIP, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { addressesOn, ALL_OF_VMAC, linksOnTop, neighbour, reaches, VMAC4, VMAC6, withVmac } from "./vmac.ts";
import { web6 } from "./web6.ts";

const WAYS = [
  { family: 4, name: "vrrp.51", mac: VMAC4, router: web(), vip: "192.0.2.100", from: "192.0.2." },
  { family: 6, name: "vrrp6.51", mac: VMAC6, router: web6(), vip: "2001:db8::100", from: "fe80::" },
] as const;

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;

  for (const { family, name, mac, router, vip, from } of WAYS) {
    t.test(`IPv${family}: the neighbours keep the virtual hardware address`, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2, probe] = [lan.host("lvs1", 11), lan.host("lvs2", 12), lan.host("probe", 13)];
      if (family === 6) for (const host of [lvs1, lvs2, probe]) host.useIpv6();
      // A router is a member of more groups.
      for (const host of [lvs1, lvs2]) host.sysctl("net.ipv6.conf.all.forwarding=1");
      const shown = [`${name} macvlan private on eth0 ${mac} UP`];
      const vips = router.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
      const capture = await new Capture(lan, probe, "eth0", ALL_OF_VMAC).ready();
      const silence = await new Capture(lan, lvs2, "eth0", `outbound and ether src ${mac}`).ready();
      const first = new Director(lan, lvs1);
      const second = new Director(lan, lvs2);
      const mine = withVmac({ ...router, priority: 150 });
      await first.configure([mine]);
      await first.reaches("master");
      t.same(first.transitions, ["init -> backup (startup)", "backup -> master (master-down)"]);
      await second.configure([withVmac(router)]);
      await second.reaches("backup");
      for (const host of [lvs1, lvs2]) t.same(linksOnTop(host), shown, "made for the backup, too");
      t.same(addressesOn(lvs1, name).toSorted(), vips.toSorted());
      t.same(addressesOn(lvs2, name), [], "no address of its own either");
      t.ok(reaches(probe, vip));
      t.equal(neighbour(probe, vip), mac);
      // A question that the master asks for itself must not tell where the address is.
      lvs1.ip("neigh", "flush", "dev", "eth0");
      t.ok(reaches(probe, vip));
      t.equal(neighbour(probe, vip), mac);
      const heard = second.counted("adverts_received");
      await until("five more", () => second.counted("adverts_received") >= heard + 5);
      await first.nextReport();
      t.ok(second.counted("adverts_received") <= first.counted("adverts_sent"), "none is heard twice");

      t.same(await silence.seen(), [], "a backup does not speak from it, not even to switches");

      await first.kill();
      await second.reaches("master");
      t.equal(second.transitions.at(-1), "backup -> master (master-down)");
      t.equal(neighbour(probe, vip), mac);
      t.same(linksOnTop(lvs1), shown, "what the killed one left");
      first.restart();
      await first.configure([mine], first.diedAt);
      await first.reaches("master");
      t.same(linksOnTop(lvs1), shown, "one, after all");
      t.same(first.named("link-created").length, 1);
      await second.reaches("backup");
      t.ok(reaches(probe, vip));
      t.equal(neighbour(probe, vip), mac);

      await first.stop();
      await second.reaches("master");
      t.equal(second.transitions.at(-1), "backup -> master (master-resigned)");
      t.same(linksOnTop(lvs1), []);
      t.equal(neighbour(probe, vip), mac);
      await second.stop();
      t.same(linksOnTop(lvs2), []);
      for (const director of [first, second]) t.same(director.named("vrrp-advert-discarded"), []);
      t.equal(first.counted("drift") + second.counted("drift"), 0);

      const packets = await capture.seen();
      const adverts = packets.filter(({ kind }) => kind === "advert");
      t.ok(adverts.length > 20);
      for (const advert of adverts) {
        t.match(advert, { mac, ttl: 255, checksum: "1", complaint: "" });
        t.ok([`${from}11`, `${from}12`].includes(advert.from), advert.from);
      }
      const announced = packets.filter(({ announced: told }) => told === vip);
      t.ok(announced.length >= 4);
      for (const packet of announced) t.match(packet, { mac, complaint: "" });
      for (const { announcedMac } of announced.filter(({ kind }) => kind === "neighbour"))
        t.equal(announcedMac, mac);
    });

    t.test(`IPv${family}: whoever gives way falls silent at once`, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
      if (family === 6) for (const host of [lvs1, lvs2]) host.useIpv6();
      for (const host of [lvs1, lvs2]) host.sysctl("net.ipv6.conf.all.forwarding=1");
      const first = new Director(lan, lvs1);
      const second = new Director(lan, lvs2);
      await first.configure([withVmac({ ...router, priority: 150 })]);
      await first.reaches("master");
      // What it had to tell the switches when it became master, which it repeats once, is over by then.
      await until("thirty adverts", () => first.counted("adverts_sent") >= 30);
      const spoken = await new Capture(lan, lvs1, "eth0", `outbound and ether src ${mac}`).ready();
      await second.configure([withVmac({ ...router, priority: 200 })]);
      await first.reaches("backup");
      await second.reaches("master");
      // The kernel would tell the switches within a second or two that it leaves the groups of its addresses.
      const heard = first.counted("adverts_received");
      await until("twenty-five adverts", () => first.counted("adverts_received") >= heard + 25);
      const packets = await spoken.seen();
      t.equal(packets.at(-1)?.kind, "advert");
      t.equal(packets.at(-1)?.priority, 150);
    });
  }

  t.test(
    "vmac_xmit_base: adverts have the interface's own hardware address, the addresses the virtual one",
    async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2, probe] = [lan.host("lvs1", 11), lan.host("lvs2", 12), lan.host("probe", 13)];
      const capture = await new Capture(lan, probe, "eth0", ALL_OF_VMAC).ready();
      const first = new Director(lan, lvs1);
      const second = new Director(lan, lvs2);
      await first.configure([withVmac(web({ priority: 150 }), { sendsByLink: false })]);
      await first.reaches("master");
      await second.configure([withVmac(web())]);
      await second.reaches("backup");
      const heard = second.counted("adverts_received");
      await until("five more", () => second.counted("adverts_received") >= heard + 5);
      await first.nextReport();
      t.ok(second.counted("adverts_received") <= first.counted("adverts_sent"), "none is heard twice");
      t.ok(reaches(probe, "192.0.2.100"));
      t.equal(neighbour(probe, "192.0.2.100"), VMAC4);
      await first.configure([withVmac(web({ priority: 150 }))]);
      await until("adverts are heard", () => second.counted("adverts_received") >= heard + 15);
      t.same(second.transitions, ["init -> backup (startup)"], "changed in place");
      const [link] = JSON.parse(lvs1.ip("-j", "link", "show", "dev", "eth0")) as { address: string }[];
      const packets = await capture.seen();
      const macs = new Set(packets.filter(({ kind }) => kind === "advert").map((packet) => packet.mac));
      t.same(macs, new Set([link?.address, VMAC4]));
      for (const packet of packets.filter(({ announced }) => announced === "192.0.2.100"))
        t.match(packet, { mac: VMAC4, complaint: "" });
      t.equal(first.counted("adverts_discarded") + second.counted("adverts_discarded"), 0);
    },
  );

  t.test(
    "several on one interface: each hears its own, beside one without and one with an authentication header",
    async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
      for (const host of [lvs1, lvs2]) host.useIpv6();
      const on = (address: string) => [{ ...VIP, address: address as Ipv4 }];
      const key = new TextEncoder().encode("secret");
      const second2 = { version: 2, advertInterval: seconds(1) } as const;
      const routers = (priority: number) => [
        withVmac(web({ priority })),
        withVmac(web6({ name: "six", priority })),
        withVmac(web({ name: "other", vrid: 52, priority, addresses: on("192.0.2.101") })),
        withVmac(
          web({
            name: "sealed",
            vrid: 53,
            priority,
            ...second2,
            authentication: { type: "ah", key },
            addresses: on("192.0.2.102"),
          }),
        ),
        web({ name: "plain", vrid: 54, priority, addresses: on("192.0.2.103") }),
      ];
      const first = new Director(lan, lvs1);
      const second = new Director(lan, lvs2);
      const states = (director: Director) => director.instances.map(({ state }) => state).join(" ");
      await first.configure(routers(150));
      await until("the first is master of all", () => states(first) === "master master master master master");
      await second.configure(routers(100));
      const heard = (name: string) => second.counted("adverts_received", { instance: name });
      const names = ["web", "six", "other", "sealed", "plain"];
      await until("the second hears all", () => names.every((name) => heard(name) >= 5));
      await first.nextReport();
      for (const name of names) t.ok(heard(name) <= first.counted("adverts_sent", { instance: name }), name);
      t.equal(states(second), "backup backup backup backup backup");
      t.equal(linksOnTop(lvs2).length, 4);
      await first.stop();
      await until(
        "the second is master of all",
        () => states(second) === "master master master master master",
      );
      t.equal(first.counted("adverts_discarded") + second.counted("adverts_discarded"), 0);
      t.same(linksOnTop(lvs1), []);
    },
  );
}
