/**
 * Goal: an instance's family, peers, groups and sources arrive, and each contradiction is told at its place with a cure.
 * Method: files with one instance, or one contradiction, each.
 */

import t from "tap";
import { codes, complaints, configOf, instance } from "./reading.ts";

const DIRECTORS = "directors: { lvs1: { priority: 150 }, lvs2: { priority: 100 } }\n";
const SIX = { virtual_ipaddress: '["fe80::100/64", "2001:db8::100/64"]' };

/** The one router of a file. */
function routerOf(text: string, node?: string) {
  const [router] = configOf(text, node === undefined ? {} : { node }).failover.routers;
  if (router === undefined) throw new Error("no router");
  return router;
}

t.test("an IPv6 instance speaks version 3, whatever the default is", (t) => {
  const wanted = {
    version: 3,
    family: 6,
    delivery: { type: "multicast", group: "ff02::12", source: undefined },
    addresses: [
      { address: "fe80::100", prefixLength: 64, interface: "eth0" },
      { address: "2001:db8::100", prefixLength: 64, interface: "eth0" },
    ],
  };
  t.match(routerOf(instance(SIX)), wanted);
  t.match(routerOf(`global_defs: { vrrp_version: 2 }\n${instance(SIX)}`), wanted);
  t.equal(routerOf(instance({ ...SIX, advert_int: "100ms" })).advertInterval, 100_000);
  t.match(complaints(instance({ ...SIX, version: "2" })), [
    /web\.version: version 2 knows IPv4 only: write version: 3, or leave it out \[ipv6-version\]/,
  ]);
  t.end();
});

t.test("addresses are read in any spelling and kept in RFC 5952's", (t) => {
  const spelled = '["FE80:0:0:0:0:0:0:0100/64", "2001:0DB8::0:1"]';
  t.match(routerOf(instance({ virtual_ipaddress: spelled })).addresses, [
    { address: "fe80::100", prefixLength: 64 },
    { address: "2001:db8::1", prefixLength: 128 },
  ]);
  t.match(codes(instance({ virtual_ipaddress: '["fe80::1/64", "FE80::0001/64"]' })), [/duplicate-address/]);
  t.end();
});

t.test("an instance is of one family, and has a link-local address when that is IPv6", (t) => {
  t.match(complaints(instance({ virtual_ipaddress: '[192.0.2.100/24, "fe80::1/64"]' })), [
    /virtual_ipaddress\[1\]: fe80::1 is IPv6, and this instance's first is IPv4: make an instance of its own.*\[mixed-families\]/,
  ]);
  t.match(codes(instance({ virtual_ipaddress: '["fe80::1/64", 192.0.2.100/24]' })), [/error mixed-families/]);
  t.match(codes(instance({ virtual_ipaddress: '["2001:db8::1/64"]' })), [/warning no-link-local/]);
  t.strictSame(codes(instance({ virtual_ipaddress: '["2001:db8::1/64", "fe80::1/64"]' })), []);
  t.strictSame(
    codes(instance({ virtual_ipaddress_excluded: '["2001:db8::1/64"]' })),
    [],
    "no advert names it",
  );
  t.end();
});

t.test("an IPv6 advert carries up to 90 addresses", (t) => {
  const many = (count: number) =>
    `[${Array.from({ length: count }, (_, index) => `"fe80::${index + 1}"`).join(", ")}]`;
  t.strictSame(codes(instance({ virtual_ipaddress: many(90) })), []);
  t.match(complaints(instance({ virtual_ipaddress: many(91) })), [/91 addresses are outside 1\.\.90/]);
  t.end();
});

t.test("a virtual router id is free once more in the other family", (t) => {
  const both = `${instance()}${instance(SIX).replace("vrrp_instances:\n", "").replace("web", "web6")}`;
  t.strictSame(codes(both), []);
  t.match(codes(both.replace("[192.0.2.100/24]", '["fe80::101/64"]')), [/duplicate-vrid/]);
  t.end();
});

t.test("unicast: peers with and without TTLs, the source, and what is left out", (t) => {
  t.strictSame(routerOf(instance({ unicast_peer: "[192.0.2.12]" })).delivery, {
    type: "unicast",
    peers: [{ address: "192.0.2.12", minTtl: 255, maxTtl: 255 }],
    source: undefined,
    ttl: 255,
    checkSource: true,
  });
  const all = instance({
    unicast_peer:
      "[{ address: 198.51.100.9, min_ttl: 60, max_ttl: 64 }, { address: 192.0.2.13, min_ttl: 254 }]",
    unicast_src_ip: "192.0.2.11",
    unicast_ttl: "64",
    check_unicast_src: "false",
  });
  t.strictSame(routerOf(all).delivery, {
    type: "unicast",
    peers: [
      { address: "198.51.100.9", minTtl: 60, maxTtl: 64 },
      { address: "192.0.2.13", minTtl: 254, maxTtl: 255 },
    ],
    source: "192.0.2.11",
    ttl: 64,
    checkSource: false,
  });
  t.end();
});

t.test("groups and the multicast source", (t) => {
  const globals = 'global_defs: { vrrp_mcast_group4: 224.0.0.99, vrrp_mcast_group6: "FF02::99" }\n';
  t.strictSame(routerOf(`${globals}${instance({ mcast_src_ip: "192.0.2.11" })}`).delivery, {
    type: "multicast",
    group: "224.0.0.99",
    source: "192.0.2.11",
  });
  t.match(routerOf(`${globals}${instance(SIX)}`).delivery, { group: "ff02::99" });
  t.match(complaints(`global_defs: { vrrp_mcast_group4: 192.0.2.1 }\n${instance()}`), [
    /"192\.0\.2\.1" is no IPv4 multicast address, such as 224\.0\.0\.18 \[bad-address\]/,
  ]);
  t.match(complaints(`global_defs: { vrrp_mcast_group6: "fe80::1" }\n${instance()}`), [
    /is no IPv6 multicast address, such as ff02::12/,
  ]);
  t.end();
});

t.test("one file, two machines: a source for each director", (t) => {
  const file = (key: string, more: Record<string, string> = {}) =>
    `${DIRECTORS}${instance({ [key]: "{ lvs1: 192.0.2.11, lvs2: 192.0.2.12 }", ...more })}`;
  const peers = { unicast_peer: "[192.0.2.11, 192.0.2.12]" };
  t.equal(routerOf(file("mcast_src_ip"), "lvs2").delivery.source, "192.0.2.12");
  t.equal(routerOf(file("unicast_src_ip", peers), "lvs1").delivery.source, "192.0.2.11");
  t.match(complaints(file("mcast_src_ip").replace("lvs2: 192", "lvs3: 192")), [
    /mcast_src_ip\.lvs3: "lvs3" is none of the directors: did you mean lvs1\?/,
  ]);
  t.match(complaints(file("mcast_src_ip").replace(DIRECTORS, "")), [
    /names no directors: write one address, or add `directors`/,
  ]);
  t.match(codes(`${DIRECTORS}${instance({ mcast_src_ip: "192.0.2.11" })}`), [/warning plain-source/]);
  t.end();
});

t.test("what cannot be meant is told", (t) => {
  const said = (keys: Record<string, string>) => complaints(instance(keys));
  t.match(said({ unicast_peer: "[]" }), [/unicast_peer: 0 peers: name at least one.*\[out-of-range\]/]);
  t.match(said({ unicast_peer: '["fe80::12"]' }), [/fe80::12 is IPv6, and this instance is IPv4.*mixed/]);
  t.match(said({ ...SIX, unicast_peer: '["fe80::12", "2001:db8::12"]' }), [
    /unicast_peer\[1\]: 2001:db8::12: link-local peers and others cannot be mixed/,
  ]);
  t.match(said({ unicast_peer: "[192.0.2.12, 192.0.2.12]" }), [/named twice.*duplicate-peer/]);
  t.match(said({ unicast_peer: "[{ address: 192.0.2.12, max_ttl: 64 }]" }), [
    /min_ttl 255 is more than max_ttl 64.*\[peer-ttl\]/,
  ]);
  t.match(said({ unicast_peer: "[192.0.2.12]", unicast_src_ip: '"fe80::1"' }), [/mixed-families/]);
  t.match(said({ mcast_src_ip: '"fe80::1"' }), [/mixed-families/]);
  t.match(said({ unicast_ttl: "64" }), [/unicast_ttl: has no effect without unicast_peer.*unused-delivery/]);
  t.match(said({ unicast_src_ip: "192.0.2.11" }), [/unused-delivery/]);
  t.match(said({ check_unicast_src: "true" }), [/unused-delivery/]);
  t.match(said({ unicast_peer: "[192.0.2.12]", mcast_src_ip: "192.0.2.11" }), [
    /has no effect with unicast_peer: write unicast_src_ip instead/,
  ]);
  t.match(said({ unicast_peer: "[{ address: 192.0.2.12, ttl: 3 }]" }), [/unknown-key/]);
  t.end();
});
