/**
 * Values on their own. Goal: each is read as an operator means it or refused with value, range and advice. Method: a
 * table of single keys with what is said about them, texts and positions by hand.
 */

import t from "tap";
import type { Probe } from "../../src/core/health/model.ts";
import { complaints, configOf, instance, serverWithChecks } from "./reading.ts";

/** What is said about a value of an instance's key, without the place. */
function said(key: string, value: string): string[] {
  return complaints(instance({ [key]: value })).map((line) => line.replace(/^\S+ (\w+): [^ ]+: /, "$1: "));
}

/** An instance's advert interval in microseconds, version 3. */
function interval(value: string): number | undefined {
  return configOf(instance({ version: "3", advert_int: value })).failover.routers[0]?.advertInterval;
}

t.test("an unknown key is told at the key, with the nearest one", (t) => {
  t.strictSame(complaints(instance({ prioritty: "100" })), [
    "6:5: error: vrrp_instances.web.prioritty: unknown key: did you mean priority? [unknown-key]",
  ]);
  t.match(said("Priority", "1"), [/did you mean priority\?/], "case does not matter for advice");
  t.match(said("track_src_ip", "[eth1]"), [/this keyword of keepalived's is not supported by this version/]);
  t.match(said("zzz", "1"), [/unknown key: known here are interface, virtual_router_id, version/]);
  t.match(complaints("virtual_server: 1\n"), [/is virtual_servers here/]);
  t.match(complaints(serverWithChecks("- TCP_CHECK: {}\n")), [/is checks: \[\{ tcp: \{\} \}\] here/]);
  for (const key of ["__proto__", "constructor", "toString", "''", '"a\\nb"']) {
    t.match(said(key, "1"), [/unknown key/], key);
  }
  t.end();
});

t.test("a missing key is told at what it is missing from", (t) => {
  t.strictSame(complaints("vrrp_instances:\n  web:\n    interface: eth0\n"), [
    "2:3: error: vrrp_instances.web.virtual_router_id: is missing [missing-key]",
    "2:3: error: vrrp_instances.web.virtual_ipaddress: is missing [missing-key]",
  ]);
  t.strictSame(complaints("virtual_servers:\n  - address: 192.0.2.100\n"), [
    "2:5: error: virtual_servers[0].port: is missing [missing-key]",
  ]);
  t.match(complaints("directors: { lvs1: {} }\n"), [/^1:14: error: directors\.lvs1\.priority: is missing/]);
  t.end();
});

t.test("a value of the wrong type is told with what to write instead", (t) => {
  t.strictSame(said("virtual_router_id", "x"), [
    'error: write a whole number from 1 to 255, not the text "x" [wrong-type]',
  ]);
  t.strictSame(said("virtual_router_id", ""), [
    "error: has no value: write a whole number from 1 to 255 [wrong-type]",
  ]);
  t.strictSame(said("nopreempt", "yes"), ['error: write true or false, not the text "yes" [wrong-type]']);
  t.strictSame(said("interface", "[eth0]"), ["error: write an interface's name, not a list [wrong-type]"]);
  t.strictSame(said("virtual_ipaddress", "192.0.2.100"), [
    'error: write a list, not the text "192.0.2.100" [wrong-type]',
  ]);
  t.strictSame(said("virtual_ipaddress", "[10.0]"), [
    'error: write an address such as "192.0.2.100/24 dev eth0" or a map of keys and values, not the number 10 ' +
      "[wrong-type]",
  ]);
  t.strictSame(said("priority", "[]"), [
    "error: write a whole number from 1 to 255 or a map of keys and values, not a list [wrong-type]",
  ]);
  t.match(complaints("3\n"), ["1:1: error: write a map of keys and values, not the number 3 [wrong-type]"]);
  t.match(complaints("metrics: true\n"), [/write false or a map of keys and values, not true/]);
  t.match(complaints("vrrp_instances:\n"), [
    "1:1: error: vrrp_instances: has no value: write a map of keys and values",
  ]);
  t.end();
});

t.test("a number out of range is told with the range", (t) => {
  const outside = (value: string, range: string): string[] => [
    `error: ${value} is outside ${range}: choose a number in that range [out-of-range]`,
  ];
  t.strictSame(said("virtual_router_id", "0"), outside("0", "1..255"));
  t.strictSame(said("virtual_router_id", "256"), outside("256", "1..255"));
  t.strictSame(said("virtual_router_id", "1e400"), outside("Infinity", "1..255"));
  t.strictSame(said("virtual_router_id", "99999999999999999999999"), outside("1e+23", "1..255"));
  t.match(said("virtual_router_id", ".nan"), [/NaN is outside 1\.\.255/]);
  t.match(said("virtual_router_id", "1.5"), [/1\.5 is not whole/]);
  t.strictSame(said("virtual_router_id", "1"), []);
  t.strictSame(said("virtual_router_id", "255"), []);
  t.strictSame(said("priority", "256"), outside("256", "1..255"));
  t.strictSame(said("version", "4"), outside("4", "2..3"));
  t.strictSame(said("garp_master_repeat", "0"), outside("0", "1..100"));
  t.match(said("garp_master_refresh", "25h"), [/25h is outside 0s\.\.24h: choose a duration in that range/]);
  t.match(said("garp_master_delay", "-1"), [/-1s is outside 0s\.\.1h/]);
  t.end();
});

t.test("a duration is a number of seconds, or text with a unit", (t) => {
  t.equal(interval("2"), 2_000_000);
  t.equal(interval("0.25"), 250_000);
  t.equal(interval("100ms"), 100_000);
  t.equal(interval("1.5s"), 1_500_000);
  t.equal(interval("0.5m"), 30_000_000);
  t.equal(interval("0.01h"), 36_000_000);
  for (const value of ["5 s", "1d", "'5'", "-1s", "1.s", ".5s", "1e3s", "''", "'1s '"]) {
    t.match(
      said("advert_int", value),
      [/is no duration: write 2 \(seconds\), 100ms, 1\.5s, 2m or 1h/],
      value,
    );
  }
  t.match(said("advert_int", "true"), [/write a duration such as .*, not true \[wrong-type\]/]);
  t.match(said("advert_int", ".nan"), [/is no duration/]);
  t.match(said("advert_int", ".inf"), [/out-of-range/]);
  t.end();
});

t.test("an address that no host can have is refused", (t) => {
  const refused: [string, RegExp][] = [
    ["192.0.2.0/24", /192\.0\.2\.0 is the network address of its \/24/],
    ["192.0.2.255/24", /192\.0\.2\.255 is the broadcast address of its \/24/],
    ["192.0.2.103/30", /192\.0\.2\.103 is the broadcast address of its \/30/],
    ["224.0.0.18", /224\.0\.0\.18 is a multicast address/],
    ["255.255.255.255", /broadcast/],
    ["240.0.0.1", /reserved/],
    ["0.0.0.0", /this-network/],
    ["192.0.2.256", /"192\.0\.2\.256" is no IPv4 address/],
    ["192.0.2.01", /is no IPv4 address/],
    ["'2001:db8::1::2'", /"2001:db8::1::2" is no IPv6 address, such as 2001:db8::1/],
    ["'fe80::1%eth0'", /leave the zone out/],
    ["'2001:db8::/64'", /2001:db8:: is the routers' anycast address of its \/64/],
    ["'2001:db8::8/125'", /anycast address of its \/125/],
    ["'2001:db8::1/129'", /the prefix length after the \/ is a number from 1 to 128/],
    ["'ff02::12'", /ff02::12 is a multicast address/],
    ["'::1'", /::1 is a loopback address/],
    ["'::'", /:: is a this-host address/],
    ["'::ffff:192.0.2.1'", /disguised IPv4/],
    ["192.0.2.1/33", /the prefix length after the \/ is a number from 1 to 32/],
    ["192.0.2.1/0", /the prefix length/],
    ["192.0.2.1/", /the prefix length/],
    ["192.0.2.1/24/24", /the prefix length/],
    ["192.0.2.1/24 no_track", /after the address only options can stand: dev, peer, label/],
    ["192.0.2.1/24 dev", /dev needs a value behind it/],
    ["192.0.2.1/24 dev eth0 dev eth1", /has dev twice/],
    ["192.0.2.1/24 label sixteen-bytes-xx", /label: "sixteen-bytes-xx" is no label/],
    ["192.0.2.1/24 scope 256", /scope: "256" is none of/],
    ["192.0.2.1/24 scope near", /scope: "near" is none of global, site, link, host, nowhere/],
    ["192.0.2.1/24 brd x", /brd: "x" is no broadcast address/],
    ["192.0.2.1/31 brd +", /a \/31 has no broadcast address/],
    ["192.0.2.1/24 peer 198.51.100.2", /write it there, and 192.0.2.1 without/],
    ["192.0.2.1 peer 192.0.2.1", /cannot be its own peer/],
    ["192.0.2.1 peer 2001:db8::1", /not of the family/],
    ["192.0.2.1/24 preferred_lft 0", /preferred_lft is for IPv6 only/],
    ["'fe80::1/64 preferred_lft 60'", /preferred_lft: "60" is neither 0/],
    ["'fe80::1/64 label x'", /label is for IPv4 only/],
    ["{ address: 'fe80::1/64', brd: '+' }", /brd is for IPv4 only/],
    ["192.0.2.1/24 dev interfacenametoolong", /"interfacenametoolong" is no interface/],
    ["''", /"" is no IPv4 address/],
  ];
  for (const [value, expected] of refused)
    t.match(said("virtual_ipaddress", `[${value}]`), [expected], value);
  for (const value of ["192.0.2.0/31", "192.0.2.255/32", "192.0.2.0", "192.0.2.255/23"]) {
    t.strictSame(said("virtual_ipaddress", `[${value}]`), [], value);
  }
  for (const value of ["2001:db8::/127", "2001:db8::8/124", "2001:DB8:0:0::1", "2001:db8::1/128 dev eth1"]) {
    t.match(said("virtual_ipaddress", `["${value}"]`), [/no-link-local/], value);
  }
  t.match(complaints('virtual_servers: [{ address: "2001:db8::x", port: 1 }]\n'), [/is no IPv6 address/]);
  t.match(complaints("virtual_servers: [{ address: 224.0.0.1, port: 1 }]\n"), [/multicast/]);
  t.end();
});

t.test("a lease is what the kernel can count, or none", (t) => {
  const lease = (value: string) =>
    configOf(instance({ vip_lease: value })).failover.routers[0]?.addresses[0]?.lease;
  t.equal(lease("1500ms"), 1_500_000);
  t.equal(lease("1h"), 3_600_000_000);
  t.equal(lease("0"), undefined);
  t.equal(lease("false"), undefined);
  t.match(said("vip_lease", "0.5"), [/0.5s is outside 1s..1h/]);
  t.match(said("vip_lease", "2h"), [/2h is outside/]);
  t.match(said("vip_lease", "true"), [/wrong-type/]);
  t.end();
});

t.test("names that could not be an interface, an instance or a user are refused", (t) => {
  for (const value of ["eth0:1", "'a b'", "a/b", "..", "sixteen-bytes-xx", "''"]) {
    t.match(said("interface", value), [/bad-name/], value);
  }
  t.strictSame(said("interface", "fifteen-bytes-x").length, 1, "allowed, though not on this machine");
  t.match(complaints("vrrp_instances: { 'a b': {} }\n"), [/"a b" is no name/]);
  t.match(complaints("vrrp_instances: { __proto__: {} }\n"), [/"__proto__" is no name/]);
  t.match(complaints(`global_defs: { script_user: "-x" }\n${instance()}`), [/"-x" is no user's name/]);
  t.end();
});

t.test("words are taken in keepalived's spelling or in lower case, and the nearest is offered", (t) => {
  const server = (keys: string): string[] =>
    complaints(`${instance()}virtual_servers: [{ address: 192.0.2.100, port: 80, ${keys} }]\n`);
  for (const keys of [
    "protocol: TCP",
    "protocol: udp",
    "lvs_method: NAT",
    "lvs_method: dr",
    "lvs_sched: lc",
  ]) {
    t.strictSame(server(keys), [], keys);
  }
  t.match(server("lvs_sched: wcl"), [
    /"wcl" is none of rr, wrr, lc, wlc, .*; did you mean wlc\? \[unknown-value\]/,
  ]);
  t.match(server("protocol: dccp"), [/none of TCP, UDP/]);
  t.match(server("lvs_method: Tunnel"), [/none of NAT, DR, TUN/]);
  t.end();
});

/** The bytes to send for a `send` as it stands in the file. */
function sent(send: string): number[] {
  const { balancer } = configOf(serverWithChecks(`- send_expect: { send: ${send}, expect: x }\n`));
  const probe = balancer.virtualServers[0]?.realServers[0]?.checks[0]?.probe as Extract<
    Probe,
    { type: "send_expect" }
  >;
  return [...probe.send];
}

t.test("send means the same in single and in double quotes", (t) => {
  const request = [...Buffer.from("GET / HTTP/1.0", "latin1")];
  const expected = [...request, 0x0d, 0x0a, 0x0d, 0x0a];
  t.strictSame(sent('"GET / HTTP/1.0\\r\\n\\r\\n"'), expected);
  t.strictSame(sent("'GET / HTTP/1.0\\r\\n\\r\\n'"), expected);
  t.strictSame(
    sent("'\\x00\\xff\\xFE\\t\\0\\\\x41'"),
    [0x00, 0xff, 0xfe, 0x09, 0x00, 0x5c, 0x78, 0x34, 0x31],
  );
  t.strictSame(sent('"\\\\\\\\"'), [0x5c], "a backslash in double quotes takes four");
  t.strictSame(sent('"\\\\xff"'), [0xff], "a raw byte in double quotes");
  t.strictSame(sent("é€😀"), [0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80], "UTF-8");
  t.strictSame(sent('""'), []);
  t.end();
});

t.test("an escape that does not exist is refused", (t) => {
  for (const escape of ["'\\q'", "'\\'", "'\\x4'", "'\\xg0'", "'a\\😀'"]) {
    const text = serverWithChecks(`- send_expect: { send: ${escape}, expect: x }\n`);
    t.match(complaints(text), [/is no escape: there are .* \[bad-text\]/], escape);
  }
  t.end();
});

t.test("a regular expression is compiled, and the engine's reason is told", (t) => {
  const expect = (expression: string): string[] =>
    complaints(serverWithChecks(`- send_expect: { expect: ${expression} }\n`));
  t.match(expect("'(200'"), [/Invalid regular expression: \/\(200\/: Unterminated group \[bad-expression\]/]);
  t.match(expect("''"), [/matches anything/]);
  t.match(expect("200"), [/write a regular expression as text, not the number 200/]);
  t.strictSame(expect("'^HTTP/1\\.[01] 200'"), []);
  t.match(expect("'größe'"), [/warning: .*bytes.* \[expect-not-ascii\]/]);
  t.strictSame(expect("'gr\\xc3\\xb6ße'").length, 1);
  t.end();
});

t.test("no character of the file's breaks a report into lines or reaches the terminal", (t) => {
  const [line = ""] = complaints('"\\e[31m\\nx": 1\n');
  t.notMatch(line, /\p{Cc}/u);
  const [second = ""] = complaints(serverWithChecks('- send_expect: { expect: "(\\n\\u2028\\e[0m" }\n'));
  t.notMatch(second, /[\p{Cc}\u2028]/u);
  t.match(second, /\\u001b\[0m/);
  t.end();
});
