/**
 * Goal: a master says who else claims its address, and only then. Method: a third host that takes the address and
 * announces it as the kernel does (arp_notify, ndisc_notify), and an ordinary changeover.
 */

import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { Director, web } from "./director.ts";
import { type Host, Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { web6 } from "./web6.ts";

/** The host's kernel announces all of its addresses, as it does when the hardware address changes. */
function announceAll(host: Host, mac: string): void {
  for (const family of ["ipv4", "ipv6"]) {
    const notify = family === "ipv4" ? "arp_notify" : "ndisc_notify";
    host.sysctl(`net.${family}.conf.eth0.${notify}=1`);
  }
  host.ip("link", "set", "eth0", "address", mac);
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  t.test("IPv4: told once a minute, counted each time, and nobody else's address", async (t) => {
    const lan = new Lan(t);
    const [lvs1, stray] = [lan.host("lvs1", 11), lan.host("stray", 13)];
    const director = new Director(lan, lvs1);
    await director.configure([web()]);
    await director.reaches("master");
    await sleep(1_200);
    announceAll(stray, "02:00:00:00:00:01");
    await director.nextReport();
    t.equal(director.counted("conflicts"), 0, "its own address");
    stray.ip("address", "add", "192.0.2.100/24", "dev", "eth0");
    announceAll(stray, "02:00:00:00:00:02");
    await until("it is counted", () => director.counted("conflicts") >= 1);
    const labels = { instance: "web", address: "192.0.2.100", interface: "eth0" };
    const before = director.counted("conflicts", labels);
    stray.ip("link", "set", "eth0", "address", "02:00:00:00:00:03");
    stray.ip("link", "set", "eth0", "address", "02:00:00:00:00:02");
    await until("and again", () => director.counted("conflicts", labels) >= before + 2);
    t.strictSame(director.named("address-conflict"), [
      { ...labels, mac: "02:00:00:00:00:02", suppressed: 0 },
      { ...labels, mac: "02:00:00:00:00:03", suppressed: 0 },
    ]);
    t.equal(director.state, "master");
  });

  t.test("IPv6: an unsolicited neighbour advertisement", async (t) => {
    const lan = new Lan(t);
    const [lvs1, stray] = [lan.host("lvs1", 11), lan.host("stray", 13)];
    for (const host of [lvs1, stray]) host.useIpv6();
    const director = new Director(lan, lvs1);
    await director.configure([web6()]);
    await director.reaches("master");
    await sleep(1_200);
    stray.ip("address", "add", "2001:db8::100/64", "dev", "eth0", "nodad");
    announceAll(stray, "02:00:00:00:00:04");
    await until("it is told", () => director.named("address-conflict").length === 1);
    t.match(director.named("address-conflict"), [{ address: "2001:db8::100", mac: "02:00:00:00:00:04" }]);
  });

  t.test("a changeover and back is none, for either", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    await first.configure([web()]);
    await first.reaches("master");
    await sleep(1_200);
    await second.configure([web({ priority: 150 })]);
    await second.reaches("master");
    await first.reaches("backup");
    await sleep(1_200);
    await second.stop();
    await first.reaches("master");
    await first.nextReport();
    for (const director of [first, second]) {
      t.same(director.named("address-conflict"), []);
      t.equal(director.counted("conflicts"), 0);
    }
  });
}
