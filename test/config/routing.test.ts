/**
 * Goal: what an operator writes of routes and rules reaches the core with every default filled in, and what cannot be
 * meant is told. Method: expected models and complaints written out by hand, the defaults from ip-route(8).
 */

import t from "tap";
import { codes, complaints, configOf, instance } from "./reading.ts";

function routing(keys: Readonly<Record<string, string>>, top = "") {
  return configOf(top + instance(keys)).failover.routers[0]?.routing;
}

const WAY = { weight: 1, onlink: false };
const PLAIN = { kind: "route", src: undefined, mtu: undefined, type: "unicast", tracked: true } as const;

t.test("routes of an instance, each kind once", (t) => {
  const virtual_routes = `
      - { to: default, via: 192.0.2.1 }
      - { to: 10.0.0.0/8, dev: eth1, table: 100, metric: 7, src: 192.0.2.100, mtu: 1400, no_track: true }
      - { to: 203.0.113.7, type: Blackhole }
      - { to: 198.18.0.0/15, nexthops: [{ via: 192.0.2.1, weight: 3 }, { dev: eth1, via: 192.0.2.2, onlink: true }] }
      - { to: default, ip_family: inet6, via: "fe80::1", dev: eth0 }
      - { to: 198.51.100.0/24, via: "fe80::1", dev: eth0, scope: link, table: default }`;
  t.strictSame(routing({ virtual_routes: virtual_routes.replace("Blackhole", "blackhole") }), [
    {
      ...PLAIN,
      family: 4,
      to: { address: "0.0.0.0", prefixLength: 0 },
      table: 254,
      metric: 0,
      scope: "global",
      nexthops: [{ ...WAY, via: "192.0.2.1", interface: undefined }],
    },
    {
      ...PLAIN,
      family: 4,
      to: { address: "10.0.0.0", prefixLength: 8 },
      table: 100,
      metric: 7,
      scope: "link",
      src: "192.0.2.100",
      mtu: 1400,
      nexthops: [{ ...WAY, via: undefined, interface: "eth1" }],
      tracked: false,
    },
    {
      ...PLAIN,
      family: 4,
      to: { address: "203.0.113.7", prefixLength: 32 },
      table: 254,
      metric: 0,
      scope: "global",
      type: "blackhole",
      nexthops: [],
    },
    {
      ...PLAIN,
      family: 4,
      to: { address: "198.18.0.0", prefixLength: 15 },
      table: 254,
      metric: 0,
      scope: "global",
      nexthops: [
        { via: "192.0.2.1", interface: undefined, weight: 3, onlink: false },
        { via: "192.0.2.2", interface: "eth1", weight: 1, onlink: true },
      ],
    },
    {
      ...PLAIN,
      family: 6,
      to: { address: "::", prefixLength: 0 },
      table: 254,
      metric: 1024,
      scope: "global",
      nexthops: [{ ...WAY, via: "fe80::1", interface: "eth0" }],
    },
    {
      ...PLAIN,
      family: 4,
      to: { address: "198.51.100.0", prefixLength: 24 },
      table: 253,
      metric: 0,
      scope: "link",
      nexthops: [{ ...WAY, via: "fe80::1", interface: "eth0" }],
    },
  ]);
  t.match(complaints(instance({ virtual_routes })), [/"Blackhole" is none of .*\[unknown-value\]/]);
  t.end();
});

t.test("rules of an instance, behind its routes", (t) => {
  const found = routing({
    virtual_rules: `
      - { priority: 100, from: 192.0.2.100, table: 100 }
      - { priority: 101, not: true, to: 10.0.0.0/8, iif: lo, oif: eth1, fwmark: "0x10/0xf0", table: main, suppress_prefixlength: 0 }
      - { priority: 102, ip_family: inet6, fwmark: 7, action: prohibit }`,
    virtual_routes: "[{ to: 10.0.0.0/8, dev: eth1 }]",
  });
  const any = {
    not: false,
    from: undefined,
    to: undefined,
    iif: undefined,
    oif: undefined,
    fwmark: undefined,
  };
  t.equal(found?.[0]?.kind, "route");
  t.strictSame(found?.slice(1), [
    {
      ...any,
      kind: "rule",
      family: 4,
      priority: 100,
      from: { address: "192.0.2.100", prefixLength: 32 },
      action: "lookup",
      table: 100,
      suppressPrefixLength: undefined,
    },
    {
      kind: "rule",
      family: 4,
      priority: 101,
      not: true,
      from: undefined,
      to: { address: "10.0.0.0", prefixLength: 8 },
      iif: "lo",
      oif: "eth1",
      fwmark: { mark: 16, mask: 240 },
      action: "lookup",
      table: 254,
      suppressPrefixLength: 0,
    },
    {
      ...any,
      kind: "rule",
      family: 6,
      priority: 102,
      fwmark: { mark: 7, mask: 0xffff_ffff },
      action: "prohibit",
      table: 0,
      suppressPrefixLength: undefined,
    },
  ]);
  t.end();
});

t.test("what is there all the time", (t) => {
  const { failover } = configOf(`
static_ipaddress: ["192.0.2.50/24 dev eth0 label eth0:web", { address: "2001:db8::50/64", dev: eth1 }]
static_routes: [{ to: 10.0.0.0/8, dev: eth1 }]
static_rules: [{ priority: 5, table: 100 }]
${instance()}`);
  t.strictSame(failover.staticAddresses, [
    { address: "192.0.2.50", prefixLength: 24, interface: "eth0", label: "eth0:web" },
    { address: "2001:db8::50", prefixLength: 64, interface: "eth1" },
  ]);
  t.strictSame(
    failover.staticRouting.map(({ kind, family }) => `${kind} ${family}`),
    ["route 4", "rule 4"],
  );
  t.match(complaints(`static_ipaddress: [192.0.2.50/24]\n${instance()}`), [
    /static_ipaddress\[0\]: "192.0.2.50\/24" has no interface.*\[missing-key\]/,
  ]);
  t.match(complaints(`static_ipaddress: ["192.0.2.100/24 dev eth0"]\n${instance()}`), [
    /192.0.2.100 is in line 6 already.*\[duplicate-address\]/,
  ]);
  t.match(codes(`static_ipaddress: [{ address: 192.0.2.50/24 }]\n${instance()}`), [/error missing-key/]);
  t.match(codes(`static_ipaddress: ["2001:db8::50/64 dev eth0 label a"]\n${instance()}`), [
    /error address-option/,
  ]);
  t.match(codes(`static_ipaddress: ["192.0.2.50/24 dev wan"]\n${instance()}`), [/warning interface-missing/]);
  t.end();
});

t.test("routes that cannot be meant", (t) => {
  const said = (entry: string) => complaints(instance({ virtual_routes: `[${entry}]` }));
  t.match(said("{ via: 192.0.2.1 }"), [/virtual_routes\[0\].to: is missing \[missing-key\]/]);
  t.match(said("{ to: 10.0.0.1/8, dev: eth0 }"), [/is a host in its \/8.*\[bad-address\]/]);
  t.match(said("{ to: 10.0.0.0/33, dev: eth0 }"), [/from 0 to 32 \[bad-address\]/]);
  t.match(said("{ to: lan, dev: eth0 }"), [/"lan" is no network.*\[bad-address\]/]);
  t.match(said("{ to: 10.0.0.0/8 }"), [/leads nowhere: give via, dev or nexthops \[route-way\]/]);
  t.match(said("{ to: 10.0.0.0/8, nexthops: [] }"), [/nexthops: is empty.*\[route-way\]/]);
  t.match(said("{ to: 10.0.0.0/8, nexthops: [{ weight: 2 }] }"), [
    /nexthops\[0\]: leads nowhere.*\[route-way\]/,
  ]);
  t.match(said("{ to: 10.0.0.0/8, dev: eth0, nexthops: [{ dev: eth1 }] }"), [/stands beside.*\[route-way\]/]);
  t.match(said("{ to: 10.0.0.0/8, type: prohibit, dev: eth0 }"), [/prohibit leads nowhere.*\[route-way\]/]);
  t.match(said('{ to: 10.0.0.0/8, dev: eth0, src: "2001:db8::1" }'), [
    /is IPv6 and the rest is IPv4.*\[route-family\]/,
  ]);
  t.match(said('{ to: "2001:db8::/32", via: 192.0.2.1 }'), [/IPv4 gateway.*\[route-family\]/]);
  t.match(said('{ to: "2001:db8::/32", dev: eth0, scope: link }'), [/no scope.*\[route-family\]/]);
  t.match(said("{ to: 10.0.0.0/8, dev: eth0, table: 0 }"), [
    /0 is outside 1\.\.4294967295.*\[out-of-range\]/,
  ]);
  t.match(said("{ to: 10.0.0.0/8, dev: eth0, table: local }"), [/\[unknown-value\]/]);
  t.match(said("{ to: 10.0.0.0/8, dev: dmz }"), [
    /virtual_routes\[0\].dev: .*no interface dmz.*\[interface-missing\]/,
  ]);
  t.match(said("{ to: default, via: 192.0.2.1 }, { to: 0.0.0.0/0, dev: eth1, table: main }"), [
    /virtual_routes\[1\]: a route of this destination, table and metric is there already \(line 6\).*\[duplicate-route\]/,
  ]);
  t.strictSame(said("{ to: default, via: 192.0.2.1 }, { to: default, dev: eth1, metric: 5 }"), []);
  t.match(
    complaints(
      `static_routes: [{ to: default, dev: eth1 }]\n${instance({ virtual_routes: "[{ to: default, via: 192.0.2.1 }]" })}`,
    ),
    [/is there already \(line 1\).*\[duplicate-route\]/],
  );
  t.end();
});

t.test("rules that cannot be meant", (t) => {
  const said = (entry: string) => complaints(instance({ virtual_rules: `[${entry}]` }));
  t.match(said("{ from: 192.0.2.100, table: 100 }"), [/priority: is missing \[missing-key\]/]);
  t.match(said("{ from: 192.0.2.100, priority: 1 }"), [/looks nothing up.*\[rule-table\]/]);
  t.match(said("{ action: blackhole, table: 5, priority: 1 }"), [
    /not looked up by blackhole.*\[rule-table\]/,
  ]);
  t.match(said("{ action: blackhole, suppress_prefixlength: 5, priority: 1 }"), [/\[rule-table\]/]);
  t.match(said('{ from: 192.0.2.1, to: "2001:db8::/32", table: 5, priority: 1 }'), [/\[route-family\]/]);
  for (const mark of ['"0x"', '"1/2/3"', "-1", "4294967296", "1.5"])
    t.match(said(`{ fwmark: ${mark}, table: 5, priority: 1 }`), [/is no mark.*\[out-of-range\]/], mark);
  t.match(said("{ table: 5, priority: 1 }, { table: 5, priority: 1, from: default }"), [
    /the same rule is there already.*\[duplicate-route\]/,
  ]);
  t.end();
});

t.test("routes that are tracked, but not the instance's own", (t) => {
  const { failover } = configOf(
    instance({
      track_route:
        '[default, 203.0.113.0/24, { to: "::/0", via: "fe80::1", dev: eth0, table: 100, weight: -5, reverse: true }]',
    }),
  );
  t.strictSame(failover.routers[0]?.tracks, [
    { kind: "route", object: "0.0.0.0/0", weight: 0, reverse: false },
    { kind: "route", object: "203.0.113.0/24", weight: 0, reverse: false },
    { kind: "route", object: "::/0 via fe80::1 dev eth0 table 100", weight: -5, reverse: true },
  ]);
  t.strictSame(failover.trackedRoutes["::/0 via fe80::1 dev eth0 table 100"], {
    family: 6,
    to: { address: "::", prefixLength: 0 },
    table: 100,
    type: "unicast",
    via: "fe80::1",
    interface: "eth0",
  });
  const own = { virtual_routes: "[{ to: default, via: 192.0.2.1 }]" };
  t.match(complaints(instance({ ...own, track_route: "[default]" })), [
    /track_route\[0\]: is one of the instance's own.*\[track-own-route\]/,
  ]);
  t.strictSame(complaints(instance({ ...own, track_route: "[{ to: default, via: 192.0.2.2 }]" })), []);
  t.match(codes(instance({ track_route: "[default, 0.0.0.0/0]" })), [/error duplicate-track/]);
  t.end();
});
