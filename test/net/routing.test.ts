/**
 * Goal: routes and rules are in the kernel while their router is master, and nowhere else; what others have there is left
 * alone. Method: `ip route` and `ip rule` look at two directors, and another hand interferes.
 */

import { setTimeout } from "node:timers/promises";
import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import type { Route, RoutingEntry, RoutingRule } from "../../src/core/routing/model.ts";
import { Routing } from "../../src/linux/routing.ts";
import { Director, VIP, web } from "./director.ts";
import { type Host, Lan, run, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { web6 } from "./web6.ts";

const GATEWAY = "192.0.2.254" as IpAddress;

/** `203.0.113.0/24 via 192.0.2.254 dev eth0`, unless changed. */
function route(changes: Partial<Route> = {}): Route {
  return {
    kind: "route",
    family: 4,
    to: { address: "203.0.113.0" as IpAddress, prefixLength: 24 },
    table: 254,
    metric: 0,
    type: "unicast",
    scope: "global",
    nexthops: [{ via: GATEWAY, interface: "eth0", weight: 1, onlink: false }],
    tracked: true,
    ...changes,
  };
}

/** `100: from 192.0.2.100 lookup 100`, unless changed. */
function rule(changes: Partial<RoutingRule> = {}): RoutingRule {
  return {
    kind: "rule",
    family: 4,
    priority: 100,
    not: false,
    from: { address: VIP.address, prefixLength: 32 },
    action: "lookup",
    table: 100,
    ...changes,
  };
}

const EVERYTHING = { address: "0.0.0.0" as IpAddress, prefixLength: 0 };
/** A table of its own for what comes from the VIP: a source, a metric, an MTU, two ways, one that ends, a rule. */
const ROUTING: readonly RoutingEntry[] = [
  route(),
  route({ to: EVERYTHING, table: 100, src: VIP.address, metric: 50, mtu: 1400 }),
  route({
    to: { address: "198.18.0.0" as IpAddress, prefixLength: 15 },
    table: 100_000,
    nexthops: [
      { via: GATEWAY, interface: "eth0", weight: 2, onlink: false },
      { via: "198.51.100.254" as IpAddress, interface: "eth1", weight: 1, onlink: false },
    ],
  }),
  route({ to: { address: "10.0.0.0" as IpAddress, prefixLength: 8 }, type: "blackhole", nexthops: [] }),
  rule(),
  rule({
    priority: 101,
    not: true,
    from: undefined,
    iif: "eth1",
    fwmark: { mark: 7, mask: 0xff },
    suppressPrefixLength: 0,
  }),
];

/** The routes of all tables that the kernel did not make itself, in the words of `ip route`. */
function routes(host: Host, family: "-4" | "-6" = "-4"): readonly string[] {
  return lines(host.ip(family, "route", "show", "table", "all")).filter(
    (line) => !/proto kernel|^(local|broadcast|multicast|anycast)|^ff00/.test(line),
  );
}

/** The rules beside the kernel's own, in the words of `ip rule`. */
function rules(host: Host, family: "-4" | "-6" = "-4"): readonly string[] {
  return lines(host.ip(family, "rule")).filter((line) => !/^(0|3276[67]):/.test(line));
}

function lines(text: string): readonly string[] {
  const joined = text.replaceAll(/\n\t/g, " | ");
  return joined
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " ").trim())
    .filter(Boolean);
}

const ROUTES = [
  "10.0.0.0/8 proto 112",
  "198.18.0.0/15 table 100000 proto 112 | nexthop via 192.0.2.254 dev eth0 weight 2 | nexthop via 198.51.100.254 dev eth1 weight 1",
  "203.0.113.0/24 via 192.0.2.254 dev eth0 proto 112",
  "default via 192.0.2.254 dev eth0 table 100 proto 112 src 192.0.2.100 metric 50 mtu 1400",
];
const RULES = [
  "100: from 192.0.2.100 lookup 100 proto 112",
  "101: not from all fwmark 0x7/0xff iif eth1 lookup 100 suppress_prefixlength 0 proto 112",
];

function has(host: Host): boolean {
  return routes(host).length === ROUTES.length && rules(host).length === RULES.length;
}

function hasNone(host: Host): boolean {
  return routes(host).length === 0 && rules(host).length === 0;
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  t.test("what is being listed when its reader is closed is nobody's any more", async (t) => {
    const routing = new Routing({ indexOf: () => undefined, nameOf: () => undefined });
    const listed = routing.ours();
    routing.close();
    t.same(await listed, []);
  });

  t.test("the master has them, the backup has none, a takeover moves them, the end takes them", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    const [first, second] = [new Director(lan, lvs1), new Director(lan, lvs2)];
    await first.configure([web({ priority: 150, routing: ROUTING })]);
    await first.reaches("master");
    await second.configure([web({ routing: ROUTING })]);
    await second.reaches("backup");
    t.same(
      routes(lvs1)
        .map((line) => line.replace(/^blackhole /, ""))
        .toSorted(),
      ROUTES,
    );
    t.same(rules(lvs1), RULES);
    t.ok(hasNone(lvs2));
    await first.stop();
    t.ok(hasNone(lvs1), "gone when it has stopped");
    await second.reaches("master");
    await until("the new master has them", () => has(lvs2));
    t.same(first.named("route-failed"), []);
    t.equal(first.counted("drift") + second.counted("drift"), 0);
    await second.stop();
    t.ok(hasNone(lvs2));
    t.equal(run("find", lan.directory, "-name", "routing.json"), "", "no record is left");
  });

  t.test("over IPv6, too", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    host.useIpv6();
    const routing: readonly RoutingEntry[] = [
      route({
        family: 6,
        to: { address: "2001:db8:1::" as IpAddress, prefixLength: 48 },
        metric: 1024,
        nexthops: [
          { via: "2001:db8::fe" as IpAddress, interface: "eth0", weight: 1, onlink: false },
          { via: "fe80::fe" as IpAddress, interface: "eth1", weight: 3, onlink: false },
        ],
      }),
      route({
        family: 6,
        to: { address: "::" as IpAddress, prefixLength: 0 },
        table: 100,
        metric: 10,
        nexthops: [{ via: "2001:db8::fe" as IpAddress, interface: undefined, weight: 1, onlink: false }],
      }),
      route({
        family: 6,
        to: { address: "2001:db8:2::" as IpAddress, prefixLength: 48 },
        metric: 1024,
        type: "unreachable",
        nexthops: [],
      }),
      rule({ family: 6, from: { address: "2001:db8::" as IpAddress, prefixLength: 64 } }),
    ];
    const director = new Director(lan, host);
    await director.configure([web6({ routing })]);
    await director.reaches("master");
    const ours = () => routes(host, "-6").filter((line) => line.includes("proto 112"));
    t.same(
      ours()
        .map((line) => line.replace(/ pref medium$/, ""))
        .toSorted(),
      [
        "2001:db8:1::/48 proto 112 metric 1024 pref medium | nexthop via 2001:db8::fe dev eth0 weight 1 | nexthop via fe80::fe dev eth1 weight 3",
        "default via 2001:db8::fe dev eth0 table 100 proto 112 metric 10",
        "unreachable 2001:db8:2::/48 dev lo proto 112 metric 1024",
      ],
    );
    t.same(rules(host, "-6"), ["100: from 2001:db8::/64 lookup 100 proto 112"]);
    host.ip("-6", "route", "flush", "proto", "112", "table", "all");
    await until("they are back", () => ours().length === 3);
    await director.nextReport();
    t.same(director.named("route-failed"), []);
    await director.stop();
    t.same(ours(), []);
    t.same(rules(host, "-6"), []);
  });

  t.test("somebody else takes them away, adds or changes some: put right and counted", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    await director.configure([web({ routing: ROUTING })]);
    await director.reaches("master");
    host.ip("route", "del", "203.0.113.0/24");
    await until("it is back", () => has(host));
    await until("it is counted", () => director.counted("drift", { kind: "route" }) === 1);
    t.match(director.named("route-drift"), [
      { kind: "route", route: "203.0.113.0/24 via 192.0.2.254 dev eth0", found: "missing" },
    ]);

    host.ip("rule", "del", "priority", "100");
    await until("the rule is back", () => has(host));
    await until("it is counted", () => director.counted("drift", { kind: "rule" }) === 1);

    const mtu = ["default", "via", "192.0.2.254", "dev", "eth0", "table", "100", "metric", "50"];
    host.ip("route", "replace", ...mtu, "mtu", "1300", "proto", "112", "src", "192.0.2.100");
    await until("it is as it was", () => routes(host).some((line) => line.includes("mtu 1400")));
    await until("it is told", () => director.named("route-drift").length === 3);
    t.equal(director.named("route-drift").at(-1)?.found, "changed");

    host.ip("route", "add", "203.0.113.0/25", "via", "192.0.2.254", "metric", "9");
    host.ip("route", "add", "192.168.0.0/16", "via", "192.0.2.254", "proto", "112");
    await director.nextReport();
    t.equal(routes(host).length, ROUTES.length + 2, "what this book does not know is another's");
    t.same(director.transitions, ["init -> backup (startup)", "backup -> master (master-down)"]);
    await director.stop();
    t.same(routes(host), [
      "192.168.0.0/16 via 192.0.2.254 dev eth0 proto 112",
      "203.0.113.0/25 via 192.0.2.254 dev eth0 metric 9",
    ]);
  });

  t.test("another's route in the place of ours is left alone, and ours comes when it goes", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    host.ip("route", "add", "203.0.113.0/24", "via", "192.0.2.1", "dev", "eth0");
    const director = new Director(lan, host);
    await director.configure([web({ routing: [route()] })]);
    await director.reaches("master");
    await until("it is told", () => director.named("route-failed").length === 1);
    t.match(director.named("route-failed"), [{ error: /EEXIST.*another one that is not ours/ }]);
    t.same(routes(host), ["203.0.113.0/24 via 192.0.2.1 dev eth0"]);
    host.ip("route", "del", "203.0.113.0/24");
    await until("ours is there", () => routes(host)[0] === ROUTES[2]);
    t.same(director.named("route-drift"), [], "it was not there before");
    host.ip("route", "replace", "203.0.113.0/24", "via", "192.0.2.2", "dev", "eth0");
    await until("it is told", () => director.named("route-failed").length === 2);
    await director.stop();
    t.same(routes(host), ["203.0.113.0/24 via 192.0.2.2 dev eth0"], "nor is it taken along at the end");
  });

  t.test("an interface takes its routes along, and they come back with it", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const inner = route({
      nexthops: [{ via: "198.51.100.254" as IpAddress, interface: "eth1", weight: 1, onlink: false }],
    });
    const director = new Director(lan, host);
    await director.configure([web({ routing: [{ ...inner, tracked: false }] })]);
    await director.reaches("master");
    t.equal(routes(host).length, 1);
    host.ip("link", "del", "eth1");
    await until("it is gone", () => routes(host).length === 0);
    t.equal(director.state, "master", "no_track");
    host.connect("eth1");
    await until("it is back", () => routes(host).length === 1);
    t.same(director.transitions, ["init -> backup (startup)", "backup -> master (master-down)"]);

    await director.configure([web({ routing: [inner] })]);
    host.ip("link", "set", "eth1", "down");
    await director.reaches("fault");
    t.same(routes(host), []);
    host.ip("link", "set", "eth1", "up");
    await director.reaches("master");
    await until("it is back", () => routes(host).length === 1);
  });

  t.test("a reload that changes one route writes that one, in one step", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    await director.configure([web({ routing: ROUTING })]);
    await director.reaches("master");
    const told: string[] = [];
    const monitor = host.spawn("stdbuf", "-oL", "ip", "monitor", "address", "route", "rule");
    monitor.stdout?.on("data", (text: Buffer) => told.push(...text.toString().split("\n").filter(Boolean)));
    let mtu = 1_000;
    await until("ip monitor listens", () => {
      host.ip("route", "replace", "192.168.7.0/24", "via", "192.0.2.254", "mtu", String((mtu += 1)));
      return told.length > 0;
    });
    told.length = 0;
    await director.configure([web({ routing: ROUTING })]);
    const [, second, ...rest] = ROUTING;
    const changed = { ...(second as Route), mtu: 1300 };
    await director.configure([web({ routing: [route(), changed, ...rest] })]);
    await until("it is changed", () => routes(host).some((line) => line.includes("mtu 1300")));
    await director.configure([web({ routing: [changed, ...rest] })]);
    await until("the other is gone", () => !routes(host).some((line) => line.startsWith("203.0.113")));
    host.ip("route", "del", "192.168.7.0/24");
    await until("all is told", () => told.at(-1)?.includes("192.168.7.0/24"));
    t.same(
      told.map((line) => line.replaceAll(/\s+/g, " ").trim()).filter((line) => !line.includes("192.168.7.0")),
      [
        "default via 192.0.2.254 dev eth0 table 100 proto 112 src 192.0.2.100 metric 50 mtu 1300",
        "Deleted 203.0.113.0/24 via 192.0.2.254 dev eth0 proto 112",
      ],
    );
    t.equal(director.counted("drift"), 0);
  });

  t.test("killed and back at once: it goes on with them", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const mine = web({ routing: ROUTING, advertInterval: seconds(15), priority: 255 });
    await director.configure([mine]);
    await director.reaches("master");
    await director.kill();
    t.ok(has(host));
    director.restart();
    await director.configure([mine], director.diedAt);
    await director.reaches("master");
    t.equal(director.transitions.at(-1), "init -> master (resumed)");
    await director.nextReport();
    t.ok(has(host));
    t.same(director.named("route-left-over"), []);
    t.same(director.named("route-failed"), []);
    host.ip("route", "del", "203.0.113.0/24");
    await until("it looks after them", () => has(host));
  });

  t.test("killed and back late, or with another configuration: what is left over goes first", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    await director.configure([web({ routing: ROUTING })]);
    await director.reaches("master");
    await director.kill();
    t.ok(has(host));
    director.restart();
    await director.configure([web({ routing: [route()] })]);
    t.ok(hasNone(host), "gone before the configuration is in force");
    t.equal(director.named("route-left-over").length, ROUTING.length);
    await director.reaches("master");
    await until("the new one is there", () => routes(host).length === 1);
  });

  t.test("an orphan that had no time for a configuration lets go of what an earlier life left", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    await director.configure([web({ routing: ROUTING })]);
    await director.reaches("master");
    await director.kill();
    director.restart();
    director.abandon();
    await director.ended();
    t.ok(hasNone(host));
  });

  t.test("static ones are there from the start to the end, whoever is master", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    host.ip("address", "add", "192.0.2.51/24", "dev", "eth0");
    const director = new Director(lan, host);
    const fixed = (address: string) => ({ ...VIP, address: address as IpAddress });
    const config = {
      staticAddresses: [fixed("192.0.2.50"), fixed("192.0.2.51")],
      staticRouting: [route({ src: "192.0.2.50" as IpAddress }), rule()],
    };
    await director.configure([], undefined, config);
    t.same(host.addresses("eth0"), ["192.0.2.11/24", "192.0.2.51/24", "192.0.2.50/24"]);
    t.same(routes(host), ["203.0.113.0/24 via 192.0.2.254 dev eth0 proto 112 src 192.0.2.50"]);
    t.same(rules(host), ["100: from 192.0.2.100 lookup 100 proto 112"]);
    host.ip("address", "del", "192.0.2.50/24", "dev", "eth0");
    await until("address and route are back", () => routes(host).length === 1);
    t.ok(host.addresses("eth0").includes("192.0.2.50/24"));
    host.ip("link", "del", "eth0");
    await until("all is gone", () => routes(host).length === 0);
    host.connect("eth0");
    await until("all is back", () => routes(host).length === 1);
    host.ip("address", "replace", "192.0.2.51/24", "dev", "eth0");
    await director.kill();
    director.restart();
    await director.configure([], director.diedAt, config);
    t.same(director.named("address-left-over"), [], "they are gone on with");
    t.same(director.named("route-left-over"), []);
    await director.configure([], undefined, { ...config, staticRouting: [] });
    t.same(routes(host), []);
    await director.stop();
    t.same(rules(host), []);
    t.notOk(host.addresses("eth0").includes("192.0.2.50/24"));
  });

  t.test(
    "an address that an instance gives up becomes static, and one that is static an instance's",
    async (t) => {
      const lan = new Lan(t);
      const host = lan.host("lvs1", 11);
      const director = new Director(lan, host);
      const other = { ...VIP, address: "192.0.2.101" as IpAddress };
      const both = () =>
        ["192.0.2.100/24", "192.0.2.101/24"].every((own) => host.addresses("eth0").includes(own));
      await director.configure([web({ addresses: [VIP, { ...other, lease: seconds(3) }] })]);
      await director.reaches("master");
      await director.configure([web()], undefined, { staticAddresses: [other] });
      t.ok(both(), "once the change is in force");
      t.match(host.ip("address", "show", "to", "192.0.2.101"), "valid_lft forever");
      await director.configure([web({ addresses: [VIP, other] })]);
      await until("the instance has it", both);
      await director.configure([web()]);
      await until("it goes with it", () => !both());
      t.equal(director.counted("drift"), 0);
    },
  );

  t.test("track_route: a fault while the route is not there, whoever makes it", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const object = "203.0.113.0/24 via 192.0.2.254";
    const { family, to, table, type } = route();
    const trackedRoutes = { [object]: { family, to, table, type, via: GATEWAY, interface: undefined } };
    const mine = web({ tracks: [{ kind: "route", object, weight: 0, reverse: false }] });
    await director.configure([mine], undefined, { trackedRoutes });
    await director.reaches("fault");
    t.equal(director.transitions.at(-1), "init -> fault (fault)");
    host.ip("route", "add", "203.0.113.0/24", "via", "192.0.2.253");
    await director.nextReport();
    t.equal(director.state, "fault", "by another gateway");
    host.ip("route", "replace", "203.0.113.0/24", "via", "192.0.2.254");
    await director.reaches("master");
    t.match(director.tracks, [{ kind: "route", object, verdict: true }]);
    const { reports } = director;
    await setTimeout(1_000);
    t.ok(director.reports - reports < 20, "and it rests");
    host.ip("link", "set", "eth0", "down");
    await director.reaches("fault");
    host.ip("link", "set", "eth0", "up");
    await until("the interface is no fault any more", () =>
      director
        .named("track-changed")
        .some(({ verdict, object: name }) => name === object && verdict === "down"),
    );
    await director.nextReport();
    t.equal(director.state, "fault", "the kernel took the route away without a word");
    host.ip("route", "add", "203.0.113.0/24", "via", "192.0.2.254");
    await director.reaches("master");
  });
}
