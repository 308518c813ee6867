/**
 * Goal: a director that does not reach its gateway gives way, and is back when it does; the gateway's own answer is all
 * that counts. Method: a third host is the gateway; ports of the switch that do not hear each other cut one director off
 * from it, and from it alone; the kernel's addresses are the witness.
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { TrackedGateway } from "../../src/core/track/gateway.ts";
import type { Tracked } from "../../src/core/track/model.ts";
import { parseIpAddress } from "../../src/core/units/ip-address.ts";
import { seconds } from "../../src/core/units/time.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Director, web } from "./director.ts";
import type { ForgedFrame } from "./frame-forger.ts";
import { type Host, Lan, plainEnvironment, run, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

function gateway(address: string | undefined, changes: Partial<TrackedGateway> = {}): TrackedGateway {
  return {
    name: "up",
    address: address === undefined ? undefined : parseIpAddress(address),
    family: address?.includes(":") === true ? 6 : 4,
    interface: "eth0",
    method: undefined,
    interval: seconds(0.1),
    timeout: seconds(0.1),
    rise: 2,
    fall: 3,
    ...changes,
  };
}

const tracking = (weight = 0): Tracked => ({ kind: "gateway", object: "up", weight, reverse: false });

/** Two ports of the switch do not hear each other any more, or do again. */
function separate(lan: Lan, one: Host, other: Host, apart: boolean): void {
  for (const { port } of [one, other])
    run(
      "bridge",
      "-n",
      lan.switchNamespace,
      "link",
      "set",
      "dev",
      port.eth0,
      "isolated",
      apart ? "on" : "off",
    );
}

const holders = (...hosts: readonly Host[]) => hosts.map((host) => host.holdsVip()).join(" ");

async function start(
  director: Director,
  router: Partial<VirtualRouter>,
  asked: TrackedGateway,
): Promise<void> {
  await director.configure([web({ tracks: [tracking()], ...router })], undefined, { gateways: [asked] });
}

const verdicts = (director: Director) =>
  director.named("track-changed").map(({ verdict, detail }) => `${String(verdict)}: ${String(detail)}`);

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  for (const method of ["arp", "icmp"] as const) {
    t.test(`${method}: answers, is cut off, returns`, async (t) => {
      const lan = new Lan(t);
      const up = lan.host("gateway", 1);
      const first = new Director(lan, lan.host("lvs1", 11));
      const second = new Director(lan, lan.host("lvs2", 12));
      await start(first, { priority: 150 }, gateway("192.0.2.1", { method }));
      await first.reaches("master");
      await start(second, { priority: 100 }, gateway("192.0.2.1", { method }));
      await second.reaches("backup");
      await until("it answers both", () => [first, second].every((one) => one.tracks[0]?.verdict === true));
      t.match(verdicts(first)[0], new RegExp(`^up: 192.0.2.1 answered \\(${method}\\) after`));

      separate(lan, first.host, up, true);
      await first.reaches("fault");
      await second.reaches("master");
      await until("one holder", () => holders(first.host, second.host) === "false true");
      t.match(first.named("vrrp-transition").at(-1), { detail: "tracked gateway up is down" });
      t.equal(verdicts(first).at(-1), "down: no answer from 192.0.2.1");
      t.equal(second.tracks[0]?.verdict, true);

      separate(lan, first.host, up, false);
      await first.reaches("master");
      await until("one holder", () => holders(first.host, second.host) === "true false");
      t.ok(first.counted("gateway_probes", { gateway: "up", result: "failed" }) >= 3);
      t.ok(first.counted("gateway_probes", { gateway: "up", result: "answered" }) >= 3);
    });
  }

  t.test("neighbour discovery and echo over IPv6", async (t) => {
    const lan = new Lan(t);
    const up = lan.host("gateway", 1);
    const director = new Director(lan, lan.host("lvs1", 11));
    for (const host of [up, director.host]) host.useIpv6();
    for (const [address, method] of [
      ["fe80::1", undefined],
      ["2001:db8::1", "ndp"],
      ["2001:db8::1", "icmp"],
    ] as const) {
      const before = verdicts(director).length;
      await start(director, {}, gateway(address, { name: "up", method }));
      if (before === 0) await until("it answers", () => director.tracks[0]?.verdict === true);
      const answered = director.counted("gateway_probes", { result: "answered" });
      await until(
        "it answers",
        () => director.counted("gateway_probes", { result: "answered" }) > answered + 2,
      );
      t.pass(`${address} ${method}`);
    }
    t.match(verdicts(director), [/^up: fe80::1 answered \(ndp\)/]);
    up.cable("eth0", "down");
    await director.reaches("fault");
    up.cable("eth0", "up");
    await director.reaches("master");
  });

  t.test("the default route, wherever it leads", async (t) => {
    const lan = new Lan(t);
    lan.host("gateway", 1);
    lan.host("other", 2);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    await start(director, {}, gateway(undefined));
    await director.reaches("fault");
    t.equal(verdicts(director).at(-1), "down: there is no default route over eth0");
    host.ip("route", "add", "default", "via", "192.0.2.9", "metric", "50");
    host.ip("route", "add", "default", "via", "198.51.100.1");
    host.ip("route", "add", "default", "via", "192.0.2.1", "metric", "20");
    await director.reaches("master");
    t.match(verdicts(director).at(-1), /^up: 192.0.2.1 answered \(arp\)/);
    host.ip("route", "del", "default", "via", "192.0.2.1");
    await director.reaches("fault");
    t.equal(verdicts(director).at(-1), "down: no answer from 192.0.2.9");
    host.ip("route", "replace", "default", "via", "192.0.2.2", "metric", "50");
    await director.reaches("master");
    t.match(verdicts(director).at(-1), /^up: 192.0.2.2 answered/);
  });

  t.test("with a weight, both cut off: the better one stays", async (t) => {
    const lan = new Lan(t);
    const up = lan.host("gateway", 1);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    const tracks = [tracking(-100)];
    await start(first, { priority: 150, tracks }, gateway("192.0.2.1"));
    await first.reaches("master");
    await start(second, { priority: 100, tracks }, gateway("192.0.2.1"));
    await second.reaches("backup");
    up.cable("eth0", "down");
    await until("both know", () => [first, second].every((one) => one.tracks[0]?.verdict === false));
    await first.nextReport();
    t.equal(first.instances[0]?.priority, 50);
    const heard = second.counted("adverts_received");
    await until("twenty adverts", () => second.counted("adverts_received") >= heard + 20);
    t.equal(holders(first.host, second.host), "true false");
    t.same(second.transitions, ["init -> backup (startup)"]);
  });

  t.test("with weight 0, both cut off: nobody has the address", async (t) => {
    const lan = new Lan(t);
    const up = lan.host("gateway", 1);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    await start(first, { priority: 150 }, gateway("192.0.2.1"));
    await start(second, { priority: 100 }, gateway("192.0.2.1"));
    await first.reaches("master");
    up.cable("eth0", "down");
    await first.reaches("fault");
    await second.reaches("fault");
    await until("nobody", () => holders(first.host, second.host) === "false false");
    up.cable("eth0", "up");
    await first.reaches("master");
    await until("one holder", () => holders(first.host, second.host) === "true false");
  });

  t.test("forged answers do not count", async (t) => {
    const lan = new Lan(t);
    const forger = lan.host("forger", 13);
    const director = new Director(lan, lan.host("lvs1", 11));
    const mac = (director.host.ip("-br", "link", "show", "eth0").match(/[0-9a-f:]{17}/)?.[0] ?? "")
      .split(":")
      .map((byte) => Number.parseInt(byte, 16));
    const theirs = [2, 0, 0, 0, 0, 13];
    const arp = (operation: number, sender: number, target: number): ForgedFrame =>
      Uint8Array.of(
        ...[...mac, ...theirs, 0x08, 0x06],
        ...[0, 1, 0x08, 0, 6, 4, 0, operation],
        ...[...theirs, 192, 0, 2, sender],
        ...[...mac, 192, 0, 2, target],
      );
    // A gratuitous reply for the gateway, another host's reply to us, the gateway's question to us.
    for (const frame of [arp(2, 1, 1), arp(2, 13, 11), arp(1, 1, 11)]) {
      const child = fork(fileURLToPath(new URL("frame-forger.js", import.meta.url)), [], {
        serialization: "advanced",
        execPath: "ip",
        execArgv: [...forger.inside(), process.execPath],
        env: plainEnvironment(),
      });
      lan.own(child);
      child.send(frame);
    }
    await start(director, {}, gateway("192.0.2.1"));
    await director.reaches("fault");
    await until("many questions", () => director.counted("gateway_probes", { result: "failed" }) > 20);
    t.equal(director.counted("gateway_probes", { result: "answered" }), 0);
    t.equal(director.state, "fault");
  });
}
