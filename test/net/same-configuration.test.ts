/**
 * Goal: the same configuration again is no packet and no change in the kernel; a changed one changes what differs. Method:
 * a master that is configured ten times over, with tcpdump on the wire and `ip monitor` in the kernel.
 */

import t from "tap";
import type { Route, RoutingRule } from "../../src/core/routing/model.ts";
import { seconds } from "../../src/core/units/time.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { Capture } from "./capture.ts";
import { Director, VIP, web } from "./director.ts";
import { monitor } from "./monitor.ts";
import { Lan, run, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

function route(address: string): Route {
  return {
    kind: "route",
    family: 4,
    to: { address: address as Ipv4, prefixLength: 24 },
    table: 254,
    metric: 0,
    type: "unicast",
    scope: "global",
    nexthops: [{ via: "192.0.2.254" as Ipv4, interface: "eth0", weight: 1, onlink: false }],
    tracked: true,
  };
}

function rule(priority: number): RoutingRule {
  return { kind: "rule", family: 4, priority, not: false, action: "lookup", table: 100 };
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  t.test("the same configuration again is silent", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const same = () => web({ priority: 150, advertInterval: seconds(1), addresses: [{ ...VIP }] });
    await director.configure([same()]);
    await director.reaches("master");
    const capture = await new Capture(lan, host).ready();
    const lines = await monitor(host, "monitor", "address", "link", "route", "rule");
    const told = director.events.length;
    for (let count = 0; count < 10; count += 1) await director.configure([same()]);
    const sent = director.counted("adverts_sent");
    await until("two regular adverts", () => director.counted("adverts_sent") >= sent + 2);

    t.same(lines, [], "nothing was changed in the kernel");
    const seen = await capture.seen();
    t.ok(
      seen.every(({ kind }) => kind === "advert"),
      "no announcement",
    );
    const gaps = seen.slice(1).map(({ time }, index) => time - (seen[index]?.time ?? 0));
    t.ok(
      gaps.every((gap) => gap > 0.7),
      `only the regular adverts: ${gaps.join()}`,
    );
    t.same(director.events.slice(told), []);
  });

  t.test("with a lease, too, but for its renewals", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const same = () => web({ priority: 150, addresses: [{ ...VIP, lease: seconds(3) }] });
    await director.configure([same()]);
    await director.reaches("master");
    const lines = await monitor(host, "monitor", "address", "link", "route", "rule");
    const began = performance.now();
    for (let count = 0; count < 10; count += 1) await director.configure([same()]);
    await until("two renewals", () => lines.filter((line) => line.includes("192.0.2.100/24")).length >= 2);
    const renewals = lines.filter((line) => line.includes("192.0.2.100/24"));
    t.same(
      lines.filter((line) => line.startsWith("Deleted") || !/192.0.2.100\/24|valid_lft 3sec/.test(line)),
      [],
      "nothing else was changed in the kernel",
    );
    const thirds = (performance.now() - began) / 1_000;
    t.ok(renewals.length <= Math.ceil(thirds) + 1, "and the renewals are no more frequent for it");
  });

  t.test("with routes, rules and no_accept, too", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const same = () =>
      director.configure([web({ accept: false, routing: [route("203.0.113.0"), rule(100)] })], undefined, {
        staticAddresses: [{ ...VIP, address: "192.0.2.50" as Ipv4 }],
        staticRouting: [route("10.0.0.0"), rule(101)],
      });
    const ruleset = () => run("ip", ...host.inside(), "nft", "-a", "list", "ruleset");
    await same();
    await director.reaches("master");
    await until("its routes are there", () => host.ip("route").includes("203.0.113.0"));
    const before = ruleset();
    const lines = await monitor(host, "monitor", "address", "link", "route", "rule");
    for (let count = 0; count < 10; count += 1) await same();
    await director.nextReport();
    // Something that is sure to be seen, behind all else.
    host.ip("link", "set", "eth1", "mtu", "1400");
    await until("ip monitor has seen it", () => lines.some((line) => line.includes("mtu 1400")));
    t.same(
      lines.filter((line) => !/eth1|^ /.test(line)),
      [],
      "nothing was changed in the kernel",
    );
    t.equal(ruleset(), before, "nor made anew: each rule has its handle still");
    t.equal(director.counted("drift"), 0);
  });

  t.test("a changed one changes what differs: the address that stays is never off", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const other = { ...VIP, address: "192.0.2.101" as Ipv4 };
    await director.configure([web({ priority: 150 })]);
    await director.reaches("master");
    const lines = await monitor(host, "monitor", "address", "link", "route", "rule");
    await director.configure([web({ priority: 150, addresses: [VIP, other] })]);
    await until("it is there", () => host.addresses("eth0").includes("192.0.2.101/24"));
    await director.configure([web({ priority: 120 })]);
    await until("it is gone", () => !host.addresses("eth0").includes("192.0.2.101/24"));
    t.ok(host.holdsVip());
    t.notMatch(lines.join("\n"), "192.0.2.100");
    t.same(director.transitions, ["init -> backup (startup)", "backup -> master (master-down)"]);
    await until("it says its new priority", () => director.instances[0]?.priority === 120);
    t.equal(director.counted("drift"), 0);
  });

  t.test("an instance that is no longer there lets go", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    await director.configure([web()]);
    await director.reaches("master");
    await director.configure([]);
    t.same(host.addresses("eth0"), ["192.0.2.11/24"]);
    t.equal(director.transitions.at(-1), "master -> init (shutdown)");
    t.equal(
      run("ip", "-n", host.namespace, "-4", "maddress", "show", "dev", "eth0").includes("224.0.0.18"),
      false,
    );
  });
}
