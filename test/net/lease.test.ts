/**
 * Goal: an address is there for as long as the failover process is alive and at work, without a gap, and not much longer.
 * Method: SIGKILL and SIGSTOP to the process; `ip monitor` in the kernel and tcpdump on the wire are the witnesses. The
 * kernel looks at lifetimes a few times a second, so the limits are the lease and a generous second and a half.
 */

import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Capture } from "./capture.ts";
import { Director, VIP, web } from "./director.ts";
import { monitor } from "./monitor.ts";
import { type Host, Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { web6 } from "./web6.ts";

const LEASE = 2;

/** With a lease on each of its addresses. */
function leased(router: VirtualRouter, lease = LEASE): VirtualRouter {
  return { ...router, addresses: router.addresses.map((address) => ({ ...address, lease: seconds(lease) })) };
}

/** The addresses of a host that are none of its own, as `ip` shows them. */
function virtual(host: Host): readonly string[] {
  const lines = host.ip("-o", "address", "show", "dev", "eth0").split("\n");
  return lines.filter((line) => /[.:]100\//.test(line));
}

const about = (lines: readonly string[]) => lines.filter((line) => /[.:]100\//.test(line));

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;

  for (const [name, make] of [
    ["IPv4", web],
    ["IPv6", web6],
  ] as const) {
    t.test(`${name}: held without a gap, renewed without a word, gone after a kill`, async (t) => {
      const lan = new Lan(t);
      const host = lan.host("lvs1", 11);
      if (name === "IPv6") host.useIpv6();
      const director = new Director(lan, host);
      await director.configure([leased(make())]);
      await director.reaches("master");
      const count = make().addresses.length;
      t.equal(virtual(host).length, count);
      const announced = director.counted("announcements_sent");
      const lines = await monitor(host, "-o", "monitor", "address");
      await sleep(3 * LEASE * 1_000);
      t.same(
        lines.filter((line) => line.startsWith("Deleted")),
        [],
        "never off for three leases",
      );
      t.ok(about(lines).length >= 6 * count, `renewed: ${about(lines).length} times`);
      t.ok(about(lines).length <= 11 * count, "but not too often");
      t.ok(
        about(lines).every((line) => line.includes(`valid_lft ${LEASE}sec`)),
        "each renewal is of the whole lease",
      );
      await director.nextReport();
      t.equal(director.counted("announcements_sent"), announced);
      t.equal(director.counted("drift"), 0);
      t.ok(director.counted("lease_renewals", { result: "ok" }) >= 6 * count);
      t.equal(director.counted("lease_renewals", { result: "failed" }), 0);

      await director.kill();
      const killed = performance.now();
      t.equal(virtual(host).length, count, "nobody took them off");
      await until("the kernel has", () => virtual(host).length === 0);
      const after = (performance.now() - killed) / 1_000;
      t.ok(after <= LEASE + 1.5, `after ${after} s`);
      if (name === "IPv6")
        t.match(
          host.ip("-6", "route", "show", "dev", "eth0"),
          /^2001:db8::\/64 proto kernel metric \d+ pref/m,
        );
    });

    t.test(`${name}: gone while the process stands still, back when it goes on as master`, async (t) => {
      const lan = new Lan(t);
      const host = lan.host("lvs1", 11);
      if (name === "IPv6") host.useIpv6();
      const director = new Director(lan, host);
      await director.configure([leased(make())]);
      await director.reaches("master");
      await sleep(500);
      director.signal("SIGSTOP");
      const stopped = performance.now();
      await until("the kernel has taken them", () => virtual(host).length === 0);
      const after = (performance.now() - stopped) / 1_000;
      t.ok(after <= LEASE + 1.5, `after ${after} s`);
      const announced = director.counted("announcements_sent");
      director.signal("SIGCONT");
      const { addresses } = make();
      await until("they are back", () => virtual(host).length === addresses.length);
      await until(
        "they are announced",
        () => director.counted("announcements_sent") >= announced + addresses.length,
      );
      t.equal(director.named("lease-expired").length, addresses.length);
      t.ok(Number(director.named("lease-expired")[0]?.["renewed_ms_ago"]) >= LEASE * 1_000);
      t.equal(director.counted("lease_expirations"), addresses.length);
      t.equal(director.counted("drift"), 0, "that is nobody else's doing");
      t.same(director.transitions, ["init -> backup (startup)", "backup -> master (master-down)"]);
      const lines = await monitor(host, "-o", "monitor", "address");
      await sleep(2 * LEASE * 1_000);
      t.same(
        lines.filter((line) => line.startsWith("Deleted")),
        [],
        "and stay",
      );
    });
  }

  t.test("a process that has lost meanwhile never touches the address again", async (t) => {
    const lan = new Lan(t);
    const lesser = new Director(lan, lan.host("lvs1", 11));
    const greater = new Director(lan, lan.host("lvs2", 12));
    await lesser.configure([leased(web())]);
    await lesser.reaches("master");
    await greater.configure([leased(web({ priority: 150, preempt: false }))]);
    await greater.reaches("backup");
    lesser.signal("SIGSTOP");
    await greater.reaches("master");
    await until("the kernel has taken it", () => virtual(lesser.host).length === 0);
    const lines = await monitor(lesser.host, "-o", "monitor", "address");
    const capture = await new Capture(lan, lan.host("probe", 13)).ready();
    lesser.signal("SIGCONT");
    await lesser.reaches("backup");
    await lesser.nextReport();
    t.same(about(lines), [], "not added for a moment");
    t.same(lesser.named("lease-expired"), []);
    const [mac] = greater.host.ip("-o", "link", "show", "dev", "eth0").match(/(?<=link\/ether )\S+/) ?? [];
    const others = (await capture.seen()).filter(
      (packet) => packet.announced === "192.0.2.100" && packet.mac !== mac,
    );
    t.same(others, [], "nor announced");
  });

  t.test("a reload changes the lease while the address stays", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    host.useIpv6();
    const director = new Director(lan, host);
    const route = () => host.ip("-6", "route", "show", "2001:db8::/64", "dev", "eth0");
    const both = (lease?: number) =>
      [web(), web6({ name: "web6" })].map((r) => (lease ? leased(r, lease) : r));
    await director.configure(both());
    await until("all are there", () => virtual(host).length === 3);
    const before = route();
    const lines = await monitor(host, "-o", "monitor", "address");
    for (const [lease, shown] of [
      [LEASE, /valid_lft [12]sec/],
      [60, /valid_lft (60|59)sec/],
      [undefined, /valid_lft forever/],
      [LEASE, /valid_lft [12]sec/],
    ] as const) {
      await director.configure(both(lease));
      t.equal(virtual(host).length, 3);
      for (const line of virtual(host)) t.match(line, shown);
      t.equal(route(), before, "the route to the network is as it was");
    }
    t.same(
      about(lines).filter((line) => line.startsWith("Deleted")),
      [],
    );
    t.equal(director.counted("drift"), 0);
    await director.kill();
    await until("all are gone", () => virtual(host).length === 0);
    await sleep(1_500);
    t.equal(route(), before, "and so it stays when the addresses go");
  });

  t.test("what an owner had before us has no lease", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    host.ip("address", "add", "192.0.2.100/24", "dev", "eth0");
    const director = new Director(lan, host);
    await director.configure([leased(web({ priority: 255 }))]);
    await director.reaches("master");
    await sleep(1_500);
    t.match(virtual(host)[0], /valid_lft forever/);
    host.ip("address", "del", "192.0.2.100/24", "dev", "eth0");
    await until("it is back", () => virtual(host).length === 1);
    t.match(virtual(host)[0], /valid_lft forever/);
  });

  t.test("a process that is back at once renews what it finds", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const slow = leased(web({ priority: 254, advertInterval: seconds(15) }), 30);
    await director.configure([leased(web({ priority: 254 }), 30)]);
    await director.reaches("master");
    await director.configure([slow]);
    await director.kill();
    host.ip("address", "change", "192.0.2.100/24", "dev", "eth0", "valid_lft", "20", "preferred_lft", "20");
    director.restart();
    await director.configure([slow], director.diedAt);
    await director.reaches("master");
    t.equal(director.transitions.at(-1), "init -> master (resumed)");
    t.match(virtual(host)[0], /valid_lft (30|29|28|27)sec/);
  });

  t.test("five hundred addresses are renewed, and adverts are in time", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const many = Array.from({ length: 500 }, (_, index) => ({
      ...VIP,
      address: `10.0.${index >> 8}.${index & 255}` as Ipv4,
      prefixLength: 32,
    })).filter(({ address }) => address !== "10.0.0.0");
    const halves = [many.slice(0, 250), many.slice(250)];
    const routers = halves.map((addresses, index) =>
      leased(web({ name: `many${index}`, vrid: 60 + index, addresses })),
    );
    await director.configure(routers);
    const held = () => host.addresses("eth0").filter((address) => address.startsWith("10.")).length;
    await until("all are there", () => held() === many.length);
    director.lateness.splice(0);
    const lines = await monitor(host, "-o", "monitor", "address");
    await sleep(3 * LEASE * 1_000);
    t.equal(held(), many.length);
    t.same(
      lines.filter((line) => line.startsWith("Deleted")),
      [],
    );
    t.equal(director.counted("lease_renewals", { result: "failed" }), 0);
    const late = director.lateness.toSorted((a, b) => a - b);
    t.comment(`lateness: median ${late[late.length >> 1]}, worst ${late.at(-1)}`);
  });
}
