/**
 * Goal: what an operator writes of BFD reaches the core, and what cannot be meant is told. Method: expected models and
 * complaints written out by hand; durations are microseconds.
 */

import t from "tap";
import { codes, complaints, configOf, instance } from "./reading.ts";

const DIRECTORS = "directors: { lvs1: { priority: 150 }, lvs2: { priority: 100 } }\n";

/** A file with one session, whose keys these are. */
function withSession(keys: string, tracks: Readonly<Record<string, string>> = {}): string {
  return `bfd_instances: { gw: { ${keys} } }\n${instance(tracks)}`;
}

t.test("the least that can be said, and all of it", (t) => {
  const { failover } = configOf(`
bfd_instances:
  gw: { neighbor_ip: 192.0.2.1 }
  far:
    neighbor_ip: "2001:db8:1::1"
    source_ip: "2001:db8::11"
    interface: eth0
    min_rx: 50ms
    min_tx: 0.02
    idle_tx: 2
    multiplier: 3
    passive: true
    multihop: true
    hoplimit: 64
    max_hops: 2
${instance()}`);
  t.strictSame(failover.bfdSessions, [
    {
      name: "gw",
      neighbor: "192.0.2.1",
      source: undefined,
      interface: undefined,
      multihop: false,
      ttl: 255,
      minTtl: 255,
      minRx: 100_000,
      minTx: 100_000,
      idleTx: 1_000_000,
      multiplier: 5,
      passive: false,
    },
    {
      name: "far",
      neighbor: "2001:db8:1::1",
      source: "2001:db8::11",
      interface: "eth0",
      multihop: true,
      ttl: 64,
      minTtl: 62,
      minRx: 50_000,
      minTx: 20_000,
      idleTx: 2_000_000,
      multiplier: 3,
      passive: true,
    },
  ]);
  t.end();
});

t.test("each director has its own neighbour and source", (t) => {
  const text = `${DIRECTORS}${withSession(
    "neighbor_ip: { lvs1: 192.0.2.12, lvs2: 192.0.2.11 }, source_ip: { lvs1: 192.0.2.11, lvs2: 192.0.2.12 }",
  )}`;
  const [first] = configOf(text, { node: "lvs1" }).failover.bfdSessions;
  t.match(first, { neighbor: "192.0.2.12", source: "192.0.2.11" });
  const [second] = configOf(text, { node: "lvs2" }).failover.bfdSessions;
  t.match(second, { neighbor: "192.0.2.11", source: "192.0.2.12" });
  t.strictSame(
    complaints(`${DIRECTORS}${withSession("neighbor_ip: { lvs1: 192.0.2.12 }, source_ip: 192.0.2.11")}`),
    [
      "2:24: error: bfd_instances.gw.neighbor_ip: is missing for lvs2: add its neighbour [missing-key]",
      "2:70: warning: bfd_instances.gw.source_ip: this address is the same on every director, and only one of them can have it: write one for each, such as { lvs1: 192.0.2.11, lvs2: 192.0.2.12 } [plain-source]",
    ],
  );
  t.match(complaints(withSession("neighbor_ip: { lvs1: 192.0.2.12 }")), [/names no directors/]);
  t.match(
    complaints(
      `${DIRECTORS}${withSession("neighbor_ip: { lvs1: 192.0.2.12, lvs2: 192.0.2.11, lvs3: 192.0.2.1 }")}`,
    ),
    [/none of the directors/],
  );
  t.end();
});

t.test("keepalived's milliseconds are not taken for seconds", (t) => {
  t.strictSame(complaints(withSession("neighbor_ip: 192.0.2.1, min_rx: 50, idle_tx: 1000")), [
    "1:56: error: bfd_instances.gw.min_rx: a bare number is seconds here, and keepalived's are milliseconds: write 50ms if that is meant, else 50s [bare-milliseconds]",
    "1:69: error: bfd_instances.gw.idle_tx: a bare number is seconds here, and keepalived's are milliseconds: write 1000ms if that is meant, else 1000s [bare-milliseconds]",
  ]);
  t.strictSame(codes(withSession("neighbor_ip: 192.0.2.1, min_tx: 2")), ["1:56 error bare-milliseconds"]);
  t.strictSame(codes(withSession("neighbor_ip: 192.0.2.1, min_tx: 1, min_rx: 2s, idle_tx: 60")), []);
  t.strictSame(codes(withSession("neighbor_ip: 192.0.2.1, min_tx: 9ms")), ["1:56 error out-of-range"]);
  t.strictSame(codes(withSession("neighbor_ip: 192.0.2.1, idle_tx: 500ms")), ["1:57 error out-of-range"]);
  t.end();
});

t.test("what one hop, several and a link-local neighbour go with", (t) => {
  const one = (keys: string) => codes(withSession(keys)).map((line) => line.replace(/^\S+ /, ""));
  t.strictSame(one("neighbor_ip: 192.0.2.1, ttl: 64"), ["error bfd-single-hop"]);
  t.strictSame(one("neighbor_ip: 192.0.2.1, ttl: 255, max_hops: 0"), []);
  t.strictSame(one("neighbor_ip: 192.0.2.1, max_hops: 1"), ["error bfd-single-hop"]);
  t.strictSame(one("neighbor_ip: 192.0.2.1, multihop: true"), ["warning bfd-any-distance"]);
  t.strictSame(one("neighbor_ip: 192.0.2.1, multihop: true, ttl: 64, max_hops: 255"), []);
  t.strictSame(one("neighbor_ip: 192.0.2.1, hoplimit: 255"), ["warning unused-bfd"]);
  t.strictSame(one('neighbor_ip: "2001:db8::1", ttl: 255'), ["warning unused-bfd"]);
  t.strictSame(one('neighbor_ip: "fe80::1"'), ["error bfd-interface"]);
  t.strictSame(one('neighbor_ip: "fe80::1", interface: eth0'), []);
  t.strictSame(one('neighbor_ip: "fe80::1", interface: eth0, multihop: true, max_hops: 1'), [
    "error bfd-interface",
  ]);
  t.strictSame(one('neighbor_ip: 192.0.2.1, source_ip: "2001:db8::1"'), ["error mixed-families"]);
  t.strictSame(one("neighbor_ip: 192.0.2.1, interface: eth7"), ["warning interface-missing"]);
  t.strictSame(one("neighbor_ip: 224.0.0.1"), ["error bad-address"]);
  t.strictSame(one("neighbour_ip: 192.0.2.1"), ["error missing-key", "error unknown-key"]);
  t.end();
});

t.test("two sessions with one neighbour could not be told apart", (t) => {
  const two = (first: string, second: string) =>
    codes(`bfd_instances:\n  a: { neighbor_ip: ${first} }\n  b: { neighbor_ip: ${second} }\n${instance()}`);
  t.strictSame(two("192.0.2.1", "192.0.2.1"), ["3:21 error duplicate-bfd"]);
  t.strictSame(two("192.0.2.1, interface: eth0", "192.0.2.1"), ["3:21 error duplicate-bfd"]);
  t.strictSame(two('"fe80::1", interface: eth0', '"fe80::1", interface: eth1'), []);
  t.strictSame(two("192.0.2.1", "192.0.2.1, multihop: true, max_hops: 0"), []);
  t.strictSame(two("192.0.2.1", "192.0.2.2"), []);
  t.end();
});

t.test("track_bfd has the session's weight, or its own", (t) => {
  const { failover } = configOf(`
bfd_instances:
  a: { neighbor_ip: 192.0.2.1, weight: -20, reverse: true }
  b: { neighbor_ip: 192.0.2.2 }
${instance({ track_bfd: "[a, { bfd: b, weight: 30 }]" })}`);
  t.strictSame(failover.routers[0]?.tracks, [
    { kind: "bfd", object: "a", weight: -20, reverse: true },
    { kind: "bfd", object: "b", weight: 30, reverse: false },
  ]);
  t.match(complaints(instance({ track_bfd: "[gw]" })), [/there is no gw: add it to bfd_instances/]);
  t.match(complaints(withSession("neighbor_ip: 192.0.2.1", { track_bfd: "[gw, gw]" })), [/duplicate-track/]);
  t.match(complaints("bfd_instance: {}\n"), [/is bfd_instances here/]);
  t.strictSame(codes("bfd_instances: { gw: { neighbor_ip: 192.0.2.1 } }\n"), [], "that is enough to do");
  t.end();
});
