/**
 * Goal: what befalls the ways between two directors, and either of them, moves the VIP when it has to move and not
 * otherwise, with one holder all the time. Method: a pair with its link on two networks; ports of the switch that forward
 * nothing or do not hear each other, packet filters, cables, signals; the witnesses are the kernels' addresses.
 *
 * Where a takeover is to come by heartbeat the adverts are 30 s apart, so that VRRP would take 90 s and more.
 */

import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { parseIpAddress } from "../../src/core/units/ip-address.ts";
import { milliseconds, seconds } from "../../src/core/units/time.ts";
import { pathOf } from "./bfd-session.ts";
import { Capture } from "./capture.ts";
import { run, until } from "./namespace.ts";
import { LinkedPair, SLOW } from "./pair-link.ts";
import { hasRoot } from "./root.ts";

/** Longer than the paths' dead time of 400 ms, and than three adverts of 100 ms. */
const A_WHILE_MS = 1_500;

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;

  t.test("the public path cut between the directors only: nobody changes", async (t) => {
    const pair = await new LinkedPair(t).start();
    const { a, b } = pair;
    const before = [a.transitions, b.transitions];
    pair.isolate("eth0", true);
    await until("b is held back", () => b.named("vrrp-peer-held-back").length > 0);
    await until("both miss the path", () =>
      [a, b].every((one) => one.named("heartbeat-path-lost").some(({ path }) => path === "public")),
    );
    await sleep(A_WHILE_MS);
    t.equal(pair.holders(), "a");
    t.match(b.named("vrrp-peer-held-back"), [{ instance: "web", peer: "lvs11" }]);
    pair.isolate("eth0", false);
    await until("both have it back", () =>
      [a, b].every((one) => one.named("heartbeat-path-up").some(({ silent_ms: ms }) => Number(ms) > 1_000)),
    );
    t.same([a.transitions, b.transitions], before);
    t.same([...a.named("peer-silent"), ...b.named("peer-silent")], []);
  });

  t.test("a host that is gone is replaced when the last path is silent", async (t) => {
    const pair = await new LinkedPair(t).start(SLOW);
    const { a, b, lan } = pair;
    pathOf(lan, a.host, "cut", "eth1");
    await until("the private path is lost", () => b.named("heartbeat-path-lost").length > 0);
    await sleep(500);
    t.equal(b.state, "backup", "silence on one path is not death");
    pathOf(lan, a.host, "cut", "eth0");
    await b.reaches("master");
    t.equal(b.transitions.at(-1), "backup -> master (peer-silent)");
    t.ok(b.host.holdsVip());
  });

  t.test("not so with takeover: false", async (t) => {
    const pair = await new LinkedPair(t).start(SLOW, { takeover: false });
    for (const name of ["eth0", "eth1"] as const) pathOf(pair.lan, pair.a.host, "cut", name);
    await until("the peer is silent", () => pair.b.named("peer-silent").length > 0);
    t.match(pair.b.named("peer-silent"), [{ takeover: false }]);
    await sleep(A_WHILE_MS);
    t.equal(pair.holders(), "a");
  });

  t.test("heartbeats are filtered on every path, and adverts pass: nobody changes", async (t) => {
    const pair = await new LinkedPair(t).start();
    const { a, b } = pair;
    const before = [a.transitions, b.transitions];
    const nft = (...words: string[]) => run("ip", ...b.host.inside(), "nft", ...words);
    nft("add table inet cut; add chain inet cut in { type filter hook input priority 0 ; }");
    nft("add rule inet cut in udp dport 539 drop");
    await until("its silence is given the lie", () => b.named("takeover-contradicted").length > 0);
    await sleep(A_WHILE_MS);
    t.same([a.transitions, b.transitions], before);
    t.equal(pair.holders(), "a");
    nft("delete table inet cut");
    await until("it is heard again", () => b.named("peer-heard").length > 1);
    t.same([a.transitions, b.transitions], before);
  });

  t.test(
    "carrier lost on the master's public side: it lets go first, and says so on the other",
    async (t) => {
      const pair = await new LinkedPair(t).start(SLOW);
      const { a, b } = pair;
      a.host.cable("eth0", "down");
      await b.reaches("master");
      t.equal(b.transitions.at(-1), "backup -> master (peer-let-go)");
      t.equal(a.transitions.at(-1), "master -> fault (fault)");
      t.equal(pair.holders(), "b");
      a.host.cable("eth0", "up");
      await a.reaches("backup");
      t.equal(pair.holders(), "b");
    },
  );

  t.test("two masters that hear each other again on one path settle, and the winner announces", async (t) => {
    const pair = await new LinkedPair(t).start(SLOW);
    const { a, b, lan } = pair;
    pair.isolate("eth0", true);
    pathOf(lan, a.host, "cut", "eth1");
    await b.reaches("master");
    t.equal(pair.holders(), "ab");
    await sleep(500);
    const capture = await new Capture(lan, pair.probe, "eth0", "arp or ip proto 112").ready();
    const announced = a.counted("announcements_sent");
    pathOf(lan, a.host, "whole", "eth1");
    await b.reaches("backup");
    await until("one holder", () => pair.holders() === "a");
    await until("the winner has announced", () => a.counted("announcements_sent") > announced);
    t.equal(b.transitions.at(-1), "master -> backup (higher-priority)");
    await until("it is over", () => [a, b].every((one) => one.named("split-brain-over").length === 1));
    const [over] = a.named("split-brain-over");
    t.match(over, { instance: "web", master: "here", paths: "public, private" });
    t.ok(Number(over?.["lasted_ms"]) >= 500, `it lasted ${String(over?.["lasted_ms"])} ms`);
    t.match(b.named("split-brain-over"), [{ master: "lvs11", paths: "public, private" }]);
    t.equal(a.counted("split_brains", { instance: "web" }), 1);
    const seen = await capture.seen();
    t.ok(
      seen.some(({ gratuitous, announced: address }) => gratuitous && address === "192.0.2.100"),
      "the clients are told where the address is",
    );
    t.equal(a.transitions.length, 2, "the winner has been master throughout");
  });

  t.test("another configuration or version is told once, and nobody changes", async (t) => {
    const pair = new LinkedPair(t);
    await pair.start();
    const { a, b } = pair;
    const before = [a.transitions, b.transitions];
    await pair.configure(b, [{}], { digest: "00000000000000bb" });
    const skews = () => [a, b].map((one) => one.named("peer-skew").length);
    await until("both say so", () => skews().join() === "1,1");
    await sleep(500);
    t.same(skews(), [1, 1], "once");
    t.match(a.named("peer-skew"), [{ digest: "00000000000000aa", peer_digest: "00000000000000bb" }]);
    await pair.configure(b, [{}]);
    await until("it is over", () => [a, b].every((one) => one.named("peer-skew-over").length === 1));
    t.same([a.transitions, b.transitions], before);
    await b.kill();
    b.version = "1.1.0";
    b.restart();
    await pair.configure(b, [{}]);
    await until("the version differs", () => a.named("peer-skew").length === 2);
    t.match(a.named("peer-skew").at(-1), { version: "1.0.0", peer_version: "1.1.0" });
    t.same(a.transitions, before[0]);
    t.equal(pair.holders(), "a");
  });

  t.test("a process that died goes on as master only while the peer has patience", async (t) => {
    const pair = await new LinkedPair(t).start(SLOW, { interval: seconds(4) });
    const { a, b } = pair;
    await a.kill();
    a.restart();
    await pair.configure(a, [SLOW], { interval: seconds(4) }, a.diedAt);
    t.equal(a.transitions.at(-1), "init -> master (resumed)");
    await until("b knows", () => b.named("peer-restarted").length === 1);
    await sleep(500);
    t.same(b.transitions, ["init -> backup (startup)"]);
    t.equal(pair.holders(), "a");

    await a.kill();
    await b.reaches("master", 40);
    t.equal(b.transitions.at(-1), "backup -> master (peer-silent)");
    a.restart();
    // 90 s by VRRP's count, 12 s by the peer's.
    await pair.configure(a, [{ ...SLOW, preempt: false }], { interval: seconds(4) }, a.diedAt);
    await a.reaches("backup");
    t.equal(pair.holders(), "b", "what the earlier life left is gone");
    t.equal(a.transitions.at(-1), "init -> backup (startup)");
  });

  t.test("a master that was started anew as a backup is replaced at once", async (t) => {
    const pair = await new LinkedPair(t).start(SLOW, { interval: seconds(2) });
    const { a, b } = pair;
    await a.kill();
    a.restart();
    await pair.configure(a, [{ ...SLOW, preempt: false }], { interval: seconds(2) });
    await b.reaches("master", 7);
    t.equal(b.transitions.at(-1), "backup -> master (peer-let-go)");
    t.equal(pair.holders(), "b");
  });

  t.test("a director that hears nobody and misses its gateway stays out", async (t) => {
    const pair = new LinkedPair(t);
    const { a, b, lan } = pair;
    const gateway = {
      name: "up",
      address: parseIpAddress("192.0.2.13"),
      family: 4,
      interface: "eth0",
      method: undefined,
      interval: milliseconds(100),
      timeout: milliseconds(100),
      rise: 2,
      fall: 3,
    } as const;
    const tracked = { tracks: [{ kind: "gateway", object: "up", weight: 0, reverse: false }] } as const;
    await pair.configure(a, [tracked], {}, undefined, { gateways: [gateway] });
    await a.reaches("master");
    await pair.configure(b, [tracked], {}, undefined, { gateways: [gateway] });
    await b.reaches("backup");
    await pair.acquainted();
    for (const name of ["eth0", "eth1"] as const) pathOf(lan, a.host, "cut", name);
    await a.reaches("fault");
    await b.reaches("master");
    await until("one holder", () => pair.holders() === "b");
    await sleep(A_WHILE_MS);
    t.equal(pair.holders(), "b", "and it stays out");
    for (const name of ["eth0", "eth1"] as const) pathOf(lan, a.host, "whole", name);
    await a.reaches("master");
    await until("one holder", () => pair.holders() === "a");
  });
}
