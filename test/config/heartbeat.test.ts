/**
 * `heartbeat` and the directors' addresses. Goal: each director gets its side of every path and the keys; what cannot work is
 * told with place and cure; a key is in no diagnostic and no digest. Method: small files with what is said about them, by hand.
 */

import t from "tap";
import { milliseconds, seconds } from "../../src/core/units/time.ts";
import { complaints, configOf, instance } from "./reading.ts";

const DIRECTORS = `directors:
  lvs1: { priority: 150, addresses: { public: 192.0.2.11, private: "2001:db8::11" } }
  lvs2: { priority: 100, addresses: { public: 192.0.2.12, private: "2001:db8::12" } }
`;
const KEY = "key_file: /etc/relevo/heartbeat.key";

function file(heartbeat = `{ ${KEY} }`, directors = DIRECTORS): string {
  return `${directors}heartbeat: ${heartbeat}\n${instance()}`;
}

t.test("each director has its own side of every path; defaults", (t) => {
  const key = { id: 1, key: new Uint8Array(32).fill(0x5e) };
  const common = { port: 539, interval: milliseconds(100), deadAfter: 4, takeover: true, keys: [key] };
  const { failover: one, digest } = configOf(file(), { node: "lvs1" });
  t.strictSame(one.heartbeat, {
    node: "lvs1",
    peer: "lvs2",
    paths: [
      { name: "private", local: "2001:db8::11", remote: "2001:db8::12" },
      { name: "public", local: "192.0.2.11", remote: "192.0.2.12" },
    ],
    ...common,
    digest,
  });
  const { failover: two } = configOf(file(), { node: "lvs2" });
  t.strictSame(two.heartbeat, {
    node: "lvs2",
    peer: "lvs1",
    paths: [
      { name: "private", local: "2001:db8::12", remote: "2001:db8::11" },
      { name: "public", local: "192.0.2.12", remote: "192.0.2.11" },
    ],
    ...common,
    digest,
  });
  t.strictSame(complaints(file()), []);
  t.notOk("heartbeat" in configOf(instance()).failover);
  t.end();
});

t.test("its values", (t) => {
  const { failover } = configOf(
    file(`{ interval: 20ms, dead_after: 3, takeover: false, port: 5390, ${KEY} }`),
  );
  t.match(failover.heartbeat, { interval: milliseconds(20), deadAfter: 3, takeover: false, port: 5_390 });
  t.equal(configOf(file(`{ interval: 10, ${KEY} }`)).failover.heartbeat?.interval, seconds(10));
  t.match(complaints(file(`{ interval: 9ms, ${KEY} }`)), [/9ms is outside 10ms\.\.10s/]);
  t.match(complaints(file(`{ interval: 10.1, ${KEY} }`)), [/outside 10ms\.\.10s/]);
  t.match(complaints(file(`{ dead_after: 1, ${KEY} }`)), [/1 is outside 2\.\.100/]);
  t.match(complaints(file(`{ deadtime: 1, ${KEY} }`)), [/unknown key/]);
  t.match(complaints(file("{ key_file: heartbeat.key }")), [/no absolute path/]);
  t.end();
});

t.test("several keys: in their order, the first one signs", (t) => {
  const keys = `{ keys: [{ id: 2, file: /etc/relevo/next.key }, { id: 1, file: /etc/relevo/heartbeat.key }] }`;
  t.strictSame(
    configOf(file(keys)).failover.heartbeat?.keys.map(({ id }) => id),
    [2, 1],
  );
  t.end();
});

t.test("a key is there once, by one of the two ways", (t) => {
  t.strictSame(complaints(file("{}")), [
    "4:1: error: heartbeat: there is no key: write key_file, or keys while one key takes another's place; " +
      "`relevo keygen` makes a key [heartbeat-keys]",
  ]);
  t.match(complaints(file(`{ ${KEY}, keys: [] }`)), [/key_file and keys are both there/]);
  t.match(complaints(file("{ keys: [] }")), [/0 keys: name at least one/]);
  const twice = `{ keys: [{ id: 1, file: /etc/relevo/heartbeat.key }, { id: 1, file: /etc/relevo/heartbeat.key }] }`;
  t.match(complaints(file(twice)), [/^4:\d+: error: heartbeat\.keys\[1\]\.id: there is a key 1 already/]);
  t.match(complaints(file("{ keys: [{ id: 3, file: /etc/relevo/next.key }] }")), [
    /next\.key says that it has key 2, not 3: mend one of the two \[key-mismatch\]/,
  ]);
  t.match(complaints(file("{ keys: [{ id: 256, file: /etc/relevo/next.key }] }")), [
    /256 is outside 0\.\.255/,
  ]);
  t.end();
});

const FILES: [string, RegExp][] = [
  [
    "/etc/relevo/none.key",
    /error: .* there is no .*relevo keygen --output \/etc\/relevo\/none\.key.*\[key-missing\]/,
  ],
  ["/etc/relevo/open.key", /error: .* has mode 0640, .*chmod 600.*\[key-unsafe\]/],
  ["/etc/relevo/foreign.key", /error: .* belongs to uid 1001, .*chown it to root \[key-unsafe\]/],
  ["/etc/relevo", /error: .* is no regular file \[key-unsafe\]/],
  ["/etc/relevo/torn.key", /error: .* is no key file: its key is not random; .*\[key-malformed\]/],
];
for (const [path, said] of FILES) {
  t.test(`a key that cannot be used: ${path}`, (t) => {
    t.match(complaints(file(`{ key_file: ${path} }`)), [said]);
    t.match(complaints(file(`{ keys: [{ id: 1, file: ${path} }] }`)), [said]);
    t.end();
  });
}

t.test("a key that may not be read: a warning to who looks, an error to who runs", (t) => {
  const text = file("{ key_file: /root/secret }");
  t.match(complaints(text), [
    /warning: heartbeat\.key_file: \/root\/secret could not be looked at .*\[key-unverified\]/,
  ]);
  t.match(complaints(text, { running: true }), [/error: .*run as root, or chown it \[key-unreadable\]/]);
  t.strictSame(configOf(text).failover.heartbeat?.keys, []);
  t.end();
});

t.test("it goes between two directors", (t) => {
  const pair = /it goes between two directors, and the file names .*\[heartbeat-pair\]/;
  t.match(complaints(file(undefined, "")), [pair]);
  t.match(
    complaints(file(undefined, "directors: { lvs1: { priority: 1, addresses: { a: 192.0.2.1 } } }\n")),
    [pair],
  );
  const third = `${DIRECTORS}  lvs3: { priority: 50, addresses: { public: 192.0.2.13, private: "2001:db8::13" } }\n`;
  t.match(complaints(file(undefined, third)), [pair]);
  t.end();
});

function directors(one: string, other: string): string {
  return `directors:\n  lvs1: { priority: 150${one} }\n  lvs2: { priority: 100${other} }\n`;
}

t.test("both have an address on every path, none twice, of one family, and no link-local one", (t) => {
  const said = (one: string, other: string) =>
    complaints(file(undefined, directors(`, addresses: ${one}`, `, addresses: ${other}`)));
  t.strictSame(said("{ a: 192.0.2.11, b: 192.0.2.21 }", "{ a: 192.0.2.12, c: 192.0.2.22 }"), [
    "2:3: error: directors.lvs1: the other director has an address on c: add this one's [director-addresses]",
    "3:3: error: directors.lvs2: the other director has an address on b: add this one's [director-addresses]",
  ]);
  t.match(said("{ a: 192.0.2.11, b: 192.0.2.21 }", "{ a: 192.0.2.12, b: 192.0.2.11 }"), [
    /^3:\d+: error: directors\.lvs2\.addresses\.b: 192\.0\.2\.11 is lvs1 on a's already: give each its own/,
  ]);
  t.match(said('{ a: 192.0.2.11, b: "2001:db8::1" }', "{ a: 192.0.2.12, b: 192.0.2.22 }"), [
    /192\.0\.2\.22 is IPv4, and the other director's on b is IPv6/,
  ]);
  t.match(said('{ a: 192.0.2.11, b: "fe80::1" }', '{ a: 192.0.2.12, b: "fe80::2" }'), [
    /fe80::1 is good on one link only/,
    /fe80::2 is good on one link only/,
  ]);
  t.match(said("{ a: 192.0.2.11 }", "{ a: 192.0.2.12 }"), [
    /^4:1: warning: heartbeat: there is one path, .*\[lonely-path\]/,
  ]);
  t.match(complaints(file(undefined, directors("", ""))), [
    /directors\.lvs1: heartbeat needs its addresses/,
    /directors\.lvs2: heartbeat needs its addresses/,
  ]);
  t.match(said("{ a: 192.0.2.300 }", "{ a: 192.0.2.12 }"), [/is no IPv4 address/], "and no more than that");
  t.end();
});

t.test("addresses without a heartbeat are told", (t) => {
  t.match(complaints(`${DIRECTORS}${instance()}`), [/unused-addresses/, /unused-addresses/]);
  t.end();
});

t.test("names that would be the same number in a heartbeat", (t) => {
  // FNV-1a makes 0x5e4daa9d of either name.
  const other = instance({ virtual_ipaddress: "[192.0.2.101]", virtual_router_id: "52" })
    .replace("vrrp_instances:\n", "")
    .replace("web", "costarring");
  t.match(complaints(file().replace("  web:", "  liquid:") + other), [
    /^10:3: error: vrrp_instances\.costarring: costarring and liquid have the same number .*\[name-collision\]/,
  ]);
  const paths = DIRECTORS.replaceAll("public", "liquid").replaceAll("private", "costarring");
  t.match(complaints(file(undefined, paths)), [/name-collision/, /name-collision/]);
  t.end();
});

t.test("the digest is the same on both directors, and changes with a key", (t) => {
  const digest = (text: string, node = "lvs1"): string => configOf(text, { node }).digest;
  t.equal(digest(file(), "lvs1"), digest(file(), "lvs2"));
  const others = [
    file(),
    `${DIRECTORS}${instance()}`,
    file(`{ interval: 20ms, ${KEY} }`),
    file("{ key_file: /etc/relevo/next.key }"),
    file(undefined, DIRECTORS.replace("192.0.2.12", "192.0.2.13")),
  ];
  t.equal(new Set(others.map((text) => digest(text))).size, others.length);
  t.end();
});

t.test("a key is in no diagnostic", (t) => {
  const hex = Buffer.alloc(32, 0x5e).toString("hex");
  const said = complaints(file(`{ ${KEY}, keys: [] }`)).join("\n");
  t.notMatch(said, hex);
  t.end();
});

t.test("a takeover by heartbeat that nobody can be asked about is said to have no effect", (t) => {
  const said = (keys: Record<string, string>, globals = "", heartbeat = `{ ${KEY} }`) =>
    complaints(`${DIRECTORS}heartbeat: ${heartbeat}\n${globals}${instance(keys)}`);
  t.strictSame(said({ lower_prio_no_advert: "true" }), [
    "10:5: warning: vrrp_instances.web.lower_prio_no_advert: a takeover by heartbeat has no effect here: a master does " +
      "not answer when it is asked whether it lives, so that VRRP's own timer is waited for; leave lower_prio_no_advert " +
      "out, or write takeover: false into heartbeat [unused-takeover]",
  ]);
  t.match(said({}, "global_defs: { vrrp_lower_prio_no_advert: true }\n"), [
    /vrrp_instances\.web: a takeover .* leave lower_prio_no_advert out/,
  ]);
  t.strictSame(said({ lower_prio_no_advert: "true" }, "", `{ takeover: false, ${KEY} }`), []);
  const owner = { priority: "{ lvs1: 255, lvs2: 100 }" };
  t.strictSame(said(owner), []);
  t.match(said({ ...owner, owner_ignore_adverts: "true" }), [
    /owner_ignore_adverts: .*an owner \(priority 255\)/,
  ]);
  t.match(said({ ...owner, strict_mode: "true" }), [/strict_mode: .*an owner .* leave strict_mode out/]);
  t.strictSame(said({ strict_mode: "true" }), [], "nobody owns the addresses");
  t.strictSame(said({ owner_ignore_adverts: "true" }), []);
  t.end();
});

t.test("with strict_mode an owner listens to owners alone, and with owner_ignore_adverts to nobody", (t) => {
  const heeds = (keys: Record<string, string>) => configOf(instance(keys)).failover.routers[0]?.ownerHeeds;
  t.equal(heeds({ priority: "255" }), undefined);
  t.equal(heeds({ priority: "255", strict_mode: "true" }), "owners");
  t.equal(heeds({ priority: "255", strict_mode: "true", owner_ignore_adverts: "true" }), "nobody");
  t.end();
});
