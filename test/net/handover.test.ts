/**
 * Goal: a handover loses nothing: the peer has claimed and announced before the old master lets go, which says nothing to
 * the segment. Method: a client that asks the VIP every millisecond; tcpdump on the witness's wire; `ip monitor` on the old
 * master, whose clock is the same.
 */

import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { parseIpAddress } from "../../src/core/units/ip-address.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { seconds } from "../../src/core/units/time.ts";
import { MULTICAST6 } from "../../src/core/vrrp/delivery.ts";
import { Probe } from "../bench/failover/probe.ts";
import { Capture } from "./capture.ts";
import { INNER_VIP, VIP } from "./director.ts";
import { until } from "./namespace.ts";
import { LinkedPair } from "./pair-link.ts";
import { watchResignations } from "./resignation.ts";
import { hasRoot } from "./root.ts";

/** Instances of a director that has many. */
const MANY = 200;
const VIP6 = { address: parseIpAddress("2001:db8::100") as IpAddress, prefixLength: 64, interface: "eth0" };

if (hasRoot(t, import.meta.url)) {
  t.test(
    "a master that stops hands over, a director that returns is handed over to: no probe is lost",
    async (t) => {
      const pair = await new LinkedPair(t).start();
      const { a, b, lan } = pair;
      let monitored = "";
      const monitor = a.host.spawn("ip", "-ts", "monitor", "address", "dev", "eth0");
      monitor.stdout?.setEncoding("utf8").on("data", (text: string) => {
        monitored += text;
      });
      const capture = await new Capture(lan, pair.probe).ready();
      const client = new Probe(pair.probe, "192.0.2.100");
      await client.answered();
      // So long after it has become master a director speaks of another one's claims.
      await sleep(1_200);

      await a.stop();
      await b.reaches("master");
      t.equal(pair.holders(), "b");
      t.equal(b.transitions.at(-1), "backup -> master (handover)");
      await sleep(1_200);
      a.restart();
      await pair.configure(a, [{}]);
      await a.reaches("master");
      t.equal(a.transitions.at(-1), "backup -> master (handover)");
      await until("one holder", () => pair.holders() === "a");
      await b.reaches("backup");
      t.equal(b.transitions.at(-1), "master -> backup (handover)");
      await b.nextReport();
      for (const one of [a, b]) {
        t.same(
          [...one.named("vrrp-lower-priority"), ...one.named("address-conflict")],
          [],
          "nothing is wrong",
        );
        t.equal(one.counted("conflicts"), 0);
      }
      const { lost } = await client.end();
      t.equal(lost, 0, "no probe lost");

      const seen = await capture.seen();
      t.same(
        seen.filter(({ kind, priority }) => kind === "advert" && priority === 0),
        [],
        "nobody resigns",
      );
      const takeover = seen.find(({ from }) => from === "192.0.2.12");
      const announced = seen.find(({ mac, gratuitous }) => gratuitous && mac === takeover?.mac);
      const [, gone = ""] = /\[(\S+)\] Deleted .*192\.0\.2\.100/.exec(monitored.replaceAll("\n", " ")) ?? [];
      const goneAt = Date.parse(`${gone}Z`) / 1_000;
      t.equal(takeover?.kind, "advert", "first the peer's advert");
      t.ok(Number(takeover?.time) <= Number(announced?.time), "then its announcement");
      t.ok(Number(announced?.time) < goneAt, "then the old one's address goes");
      t.ok(goneAt - Number(takeover?.time) < 0.5, "within 50 ms, on a machine that is not busy");
    },
  );

  for (const [name, grouped] of [
    ["two hundred instances", false],
    ["a sync group of two hundred", true],
  ] as const) {
    t.test(`${name}: all of them are handed over, and nobody resigns`, async (t) => {
      const routers = Array.from({ length: MANY }, (_, index) => ({
        name: `web${index}`,
        vrid: index + 1,
        addresses: [{ ...VIP, address: `10.1.0.${index + 1}` as Ipv4, prefixLength: 32 }],
        ...(grouped ? { syncGroup: "all" } : {}),
      }));
      const pair = await new LinkedPair(t).start({ advertInterval: seconds(1) }, {}, routers);
      const { a, b, lan } = pair;
      const virtual = (one: typeof a) =>
        one.host.addresses("eth0").filter((address) => address.startsWith("10.1."));
      const capture = await new Capture(lan, pair.probe).ready();
      t.equal(virtual(a).length, MANY);
      await a.stop();
      t.equal(virtual(b).length, MANY, "all of them are there when the other one has gone");
      t.same(virtual(a), []);
      await until("b has told of all", () => b.instances.every(({ state }) => state === "master"));
      const causes = b.transitions.filter((move) => move.startsWith("backup -> master"));
      t.same(
        causes.filter((move) => !move.endsWith("(handover)")),
        [],
      );
      t.equal(causes.length, MANY);
      t.same([...a.named("handover-failed"), ...b.named("handover-failed")], []);
      const resignations = (await capture.seen()).filter(
        ({ kind, priority }) => kind === "advert" && priority === 0,
      );
      t.same(resignations, [], "nobody resigns");
    });
  }

  t.test("a sync group on two networks, and IPv6", async (t) => {
    const pair = new LinkedPair(t);
    const { a, b } = pair;
    for (const { host } of [a, b]) host.useIpv6();
    pair.probe.useIpv6();
    const path = (here: number, there: number) =>
      ({
        name: "six",
        local: `2001:db8::${here}` as IpAddress,
        remote: `2001:db8::${there}` as IpAddress,
      }) as const;
    const routers = [
      { syncGroup: "lan" },
      { syncGroup: "lan", name: "inner", interface: "eth1", vrid: 52, addresses: [INNER_VIP] },
      { name: "six", vrid: 53, family: 6, addresses: [VIP6], delivery: MULTICAST6 },
    ] as const;
    await pair.configure(a, routers, { paths: [path(11, 12)] });
    const all = (state: string) => (one: typeof a) =>
      one.instances.length === 3 && one.instances.every((found) => found.state === state);
    await until("a is master of all", () => all("master")(a));
    await pair.configure(b, routers, { paths: [path(12, 11)] });
    await until("b is backup", () => all("backup")(b));
    await until("it is heard", () => a.named("peer-heard").length + b.named("peer-heard").length === 2);
    const clients = [
      new Probe(pair.probe, "192.0.2.100"),
      new Probe(pair.probe, "198.51.100.1"),
      new Probe(pair.probe, "2001:db8::100"),
    ];
    for (const client of clients) await client.answered();
    await a.stop();
    await until("b is master of all", () => all("master")(b));
    a.restart();
    await pair.configure(a, routers, { paths: [path(11, 12)] });
    await until("a is master of all", () => all("master")(a) && all("backup")(b));
    for (const one of [a, b])
      t.same(
        one.transitions
          .filter((move) => move.startsWith("backup -> master"))
          .slice(-3)
          .map((move) => move.split(" ").at(-1)),
        ["(handover)", "(handover)", "(handover)"],
      );
    const [outer, inner, six] = await Promise.all(clients.map((client) => client.end()));
    t.same([outer?.lost, inner?.lost, six?.lost], [0, 0, 0]);
    t.same([...a.named("handover-failed"), ...b.named("handover-failed")], []);
  });

  t.test("a peer in fault refuses: the master resigns as ever", async (t) => {
    const pair = await new LinkedPair(t).start();
    const { a, b } = pair;
    const resignations = watchResignations(a.host);
    b.host.cable("eth0", "down");
    await b.reaches("fault");
    await until("a has heard of it", () => a.named("heartbeat-path-lost").length > 0);
    await a.stop();
    t.match(a.named("handover-failed"), [{ kind: "offer", reason: "fault", instances: "web" }]);
    t.same(resignations(), { held: 0, gone: 1 });
    t.equal(pair.holders(), "");
    b.host.cable("eth0", "up");
    await b.reaches("master");
  });

  t.test("an owner's own address stays, so it is not handed over: it resigns", async (t) => {
    const pair = new LinkedPair(t);
    const { a, b } = pair;
    a.host.ip("address", "add", "192.0.2.100/24", "dev", "eth0");
    await pair.configure(a, [{ priority: 255 }]);
    await a.reaches("master");
    await pair.configure(b, [{}]);
    await b.reaches("backup");
    await pair.acquainted();
    const resignations = watchResignations(a.host);
    await a.stop();
    t.match(a.named("handover-failed"), [{ kind: "offer", reason: "own-address", instances: "web" }]);
    t.equal(resignations().held, 1, "the address is there, and it says that it lets go");
    await b.reaches("master");
    t.notMatch(b.transitions.at(-1), /handover/);
    t.equal(pair.holders(), "ab", "as the documentation has it");
  });
}
