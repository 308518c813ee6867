/**
 * Goal: a packet that fails any check touches no timer and no state. Method: 10,000 packets of each fault from a third host,
 * with priority 255, at a master and a backup at once; tcpdump's timestamps of the master's own adverts, the events of
 * both, and the counts by cause, which must be exact.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { type Host, Lan, plainEnvironment, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import type { Volley } from "./sender.ts";

const EACH = 10_000;
const INTERVAL_S = 0.2;
/** A machine of two cores under the load of a flood and its witnesses: half an interval either way. */
const LATE_S = 0.1;

// The version 3 advert of priority 255: 3133 + ff01 + 0014 + c000 + 0264 = 1f2ac -> f2ad -> 0d52.
const GOOD = [0x31, 0x33, 0xff, 0x01, 0x00, 0x14, 0x0d, 0x52, 0xc0, 0x00, 0x02, 0x64];
// Version 2 with 1 s: 2133 + ff01 + 0001 + c000 + 0264 = 1e299 -> e29a -> 1d65.
const GOOD_V2 = [
  0x21, 0x33, 0xff, 0x01, 0x00, 0x01, 0x1d, 0x65, 0xc0, 0x00, 0x02, 0x64, 0, 0, 0, 0, 0, 0, 0, 0,
];

const FAULTS: readonly [cause: string, message: readonly number[], ttl: number][] = [
  ["checksum", GOOD.with(7, 0x53), 255],
  ["ttl", GOOD, 254],
  ["length", [...GOOD, 0, 0, 0, 0], 255],
  ["version", GOOD.with(0, 0x41).with(6, 0xfd), 255],
  ["version-mismatch", GOOD_V2, 255],
  ["vrid", GOOD.with(1, 0x34).with(7, 0x51), 255],
  ["type", GOOD.with(0, 0x32).with(6, 0x0c), 255],
  ["interval", GOOD.with(5, 0).with(7, 0x66), 255],
];

/** The message in an IPv4 packet from 192.0.2.13 to 224.0.0.18. */
function packet(message: readonly number[], ttl: number): Uint8Array {
  const addresses = [192, 0, 2, 13, 224, 0, 0, 18];
  return Uint8Array.of(
    0x45,
    0xc0,
    0,
    20 + message.length,
    0,
    0,
    0,
    0,
    ttl,
    112,
    0,
    0,
    ...addresses,
    ...message,
  );
}

function startSender(lan: Lan, host: Host): ChildProcess {
  const child = fork(fileURLToPath(new URL("sender.js", import.meta.url)), {
    serialization: "advanced",
    execPath: "ip",
    execArgv: [...host.inside(), process.execPath],
    env: plainEnvironment(),
  });
  return lan.own(child);
}

/** Packets that the kernel had no room for in the raw sockets of a process's namespace. */
function dropped(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/net/raw`, "utf8").trim().split("\n").slice(1);
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/).at(-1)), 0);
}

if (hasRoot(t, import.meta.url)) {
  t.test("a flood of invalid adverts moves nothing", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2, probe] = [lan.host("lvs1", 11), lan.host("lvs2", 12), lan.host("probe", 13)];
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    const pace = { advertInterval: seconds(INTERVAL_S) };
    await first.configure([web({ priority: 150, ...pace })]);
    await first.reaches("master");
    await second.configure([web(pace)]);
    await second.reaches("backup");
    const both = [first, second];
    const watched = both.map(({ pid }) => pid);

    const sender = startSender(lan, probe);
    const capture = await new Capture(lan, lvs1, "eth0", "ip proto 112 and src 192.0.2.11").ready();
    const transitions = both.map((director) => director.transitions);
    const fire = async (volley: Volley) => {
      sender.send(volley);
      await once(sender, "message");
    };
    for (const [, message, ttl] of FAULTS) await fire({ packet: packet(message, ttl), count: EACH, watched });

    for (const director of both) {
      for (const [cause] of FAULTS) {
        const instance = cause === "vrid" ? "" : "web";
        const counted = () => director.counted("adverts_discarded", { cause, instance, interface: "eth0" });
        await until(`${cause} is counted`, () => counted() >= EACH, 5).catch(() => {});
        t.equal(counted(), EACH, `${director.host.namespace} counts each ${cause}`);
      }
      t.equal(director.counted("adverts_discarded"), EACH * FAULTS.length, "and nothing else");
      t.equal(dropped(director.pid), 0, "the kernel delivered them all");
      t.equal(
        director.named("vrrp-advert-discarded").length,
        FAULTS.length,
        "an operator is told once of each cause",
      );
    }
    t.same([first.state, second.state], ["master", "backup"]);
    t.same(
      both.map((director) => director.transitions),
      transitions,
    );
    t.ok(lvs1.holdsVip());
    t.notOk(lvs2.holdsVip());

    const seen = await capture.seen();
    const gaps = seen.slice(1).map(({ time }, index) => time - (seen[index]?.time ?? 0));
    t.ok(gaps.length > 5, `${gaps.length} gaps seen`);
    const [shortest, longest] = [Math.min(...gaps), Math.max(...gaps)];
    t.ok(shortest > INTERVAL_S - LATE_S, `none is extra: ${shortest}`);
    t.ok(longest < INTERVAL_S + LATE_S, `none is missing: ${longest}`);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    t.ok(Math.abs(mean - INTERVAL_S) < 0.01, `and the pace is kept: ${mean}`);
    t.comment(`${gaps.length} gaps of ${shortest} to ${longest} s, ${mean} s on average`);
  });

  t.test("the same packet, but valid, does move them: the flood above could have", async (t) => {
    const lan = new Lan(t);
    const [lvs1, probe] = [lan.host("lvs1", 11), lan.host("probe", 13)];
    const first = new Director(lan, lvs1);
    await first.configure([web({ advertInterval: seconds(INTERVAL_S) })]);
    await first.reaches("master");
    const sender = startSender(lan, probe);
    sender.send({ packet: packet(GOOD, 255), count: 1, watched: [] } satisfies Volley);
    await until("it yields", () => first.transitions.includes("master -> backup (higher-priority)"));
    t.notOk(lvs1.holdsVip());
  });
}
