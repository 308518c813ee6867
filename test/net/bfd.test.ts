/**
 * Goal: a path that fails takes the director out that depends on it, and nothing else does: no stranger's packet, no stall of
 * our own, no neighbour that is switched off. Method: Relevo on both ends; switches that stop forwarding, packets laid out by
 * hand, a process stopped in its tracks. The kernel's addresses and tcpdump are the witnesses.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Tracked } from "../../src/core/track/model.ts";
import { milliseconds } from "../../src/core/units/time.ts";
import { BfdCapture } from "./bfd-capture.ts";
import { bfdWith, pathOf } from "./bfd-session.ts";
import { Director, web } from "./director.ts";
import type { Forgery } from "./forger.ts";
import { type Host, Lan, plainEnvironment, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const FORGER = fileURLToPath(new URL("forger.js", import.meta.url));

const onGateway: Tracked = { kind: "bfd", object: "gw", weight: 0, reverse: false };

const holders = (...hosts: readonly Host[]) => hosts.map((host) => host.holdsVip()).join(" ");

const sessionState = (director: Director, name = "gw") =>
  director.bfd.find(({ session }) => session === name)?.state;

/** Something that sends packets of the test's making from a host. */
function forgerOn(lan: Lan, host: Host): (packet: Uint8Array) => Promise<void> {
  const child = fork(FORGER, {
    serialization: "advanced",
    execPath: "ip",
    execArgv: [...host.inside(), process.execPath],
    env: plainEnvironment(),
  });
  lan.own(child);
  return async (packet) => {
    child.send({ packet } satisfies Forgery);
    await once(child, "message");
  };
}

/** A BFD payload in IPv4 and UDP: from 192.0.2.`octet` port 49152 to 192.0.2.11 port 3784, no UDP checksum. */
function datagram(payload: readonly number[], { octet = 12, ttl = 255 } = {}): Uint8Array {
  return Uint8Array.of(
    ...[0x45, 0xc0, 0x00, 28 + payload.length, 0x00, 0x00, 0x00, 0x00, ttl, 17, 0x00, 0x00],
    ...[192, 0, 2, octet, 192, 0, 2, 11],
    ...[0xc0, 0x00, 0x0e, 0xc8, 0x00, 8 + payload.length, 0x00, 0x00],
    ...payload,
  );
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 2;

  t.test("the path to the gateway fails: the peer has the address until it is back", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    const gateway = new Director(lan, lan.host("gw", 13));
    const toGateway = { bfdSessions: [bfdWith("198.51.100.13")] };
    const both = [bfdWith("198.51.100.11"), bfdWith("198.51.100.12", { name: "other" })];
    await gateway.configure([], undefined, { bfdSessions: both });
    await first.configure([web({ priority: 150, tracks: [onGateway] })], undefined, toGateway);
    await first.reaches("master");
    await second.configure([web({ priority: 100, tracks: [onGateway] })], undefined, toGateway);
    await second.reaches("backup");
    await until("both are up", () => sessionState(first) === "up" && sessionState(second) === "up");

    pathOf(lan, first.host, "cut", "eth1");
    await first.reaches("fault");
    t.match(first.named("vrrp-transition").at(-1), { from: "master", detail: "tracked bfd gw is down" });
    t.match(first.named("track-changed").at(-1), {
      ...{ kind: "bfd", object: "gw", verdict: "down" },
      detail: "session down: control detection time expired",
    });
    await second.reaches("master");
    await until("the gateway notices", () => sessionState(gateway) === "down");
    t.equal(holders(first.host, second.host), "false true");
    t.equal(sessionState(second), "up");

    pathOf(lan, first.host, "whole", "eth1");
    await first.reaches("master");
    t.match(first.named("track-changed").at(-1), { object: "gw", verdict: "up", detail: "session up" });
    await until("one holder", () => holders(first.host, second.host) === "true false");

    // The gateway's session with the first is taken out of its file: no reason to move.
    await gateway.configure([], undefined, { bfdSessions: both.slice(1) });
    await until("the session is down", () => sessionState(first) === "down");
    t.match(first.named("bfd-down").at(-1), {
      diagnostic: "neighbor signaled session down",
      neighbor_state: "admin-down",
      neighbor_diagnostic: "administratively down",
    });
    await sleep(1_500);
    t.equal(first.state, "master");
    t.equal(sessionState(second), "up");

    // It stops in good order, and so nobody moves either; a loss of power is another matter.
    await gateway.configure([], undefined, { bfdSessions: both });
    await until("up again", () => sessionState(first) === "up");
    await gateway.stop();
    await until("both are down", () => sessionState(first) === "down" && sessionState(second) === "down");
    t.equal(first.state, "master");
    gateway.restart();
    await gateway.configure([], undefined, { bfdSessions: both });
    await until("up again", () => sessionState(first) === "up");
    await gateway.kill();
    await first.reaches("fault");
    t.same(first.named("bfd-packet-discarded"), []);
  });

  t.test("a neighbour that never answers: nothing is known for 3 s, then it is a fault", async (t) => {
    const lan = new Lan(t);
    const director = new Director(lan, lan.host("lvs1", 11));
    const startedAt = performance.now();
    await director.configure([web({ tracks: [onGateway] })], undefined, {
      bfdSessions: [bfdWith("198.51.100.13")],
    });
    await director.reaches("master");
    await director.reaches("fault");
    t.ok(performance.now() - startedAt > 2_900);
    t.same(director.named("bfd-down"), [], "it was never up");
  });

  t.test("a stall is not the neighbour's silence", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    // The second waits for 20 s, the first for 1 s.
    const patient = bfdWith("192.0.2.12", { multiplier: 200 });
    await first.configure([], undefined, { bfdSessions: [patient] });
    await second.configure([], undefined, { bfdSessions: [bfdWith("192.0.2.11")] });
    await until("up", () => sessionState(first) === "up" && sessionState(second) === "up");
    await sleep(500);
    for (let stall = 0; stall < 3; stall += 1) {
      first.signal("SIGSTOP");
      await sleep(2_500);
      first.signal("SIGCONT");
      await first.nextReport();
    }
    t.same(first.named("bfd-down"), []);
    t.same(second.named("bfd-down"), []);
    t.equal(sessionState(first), "up");
    // Stopped for good it is silent.
    second.signal("SIGSTOP");
    await until("down", () => sessionState(first) === "down");
  });

  t.test("forged packets have causes and no effect", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    const forge = forgerOn(lan, lan.host("stranger", 13));
    await first.configure([], undefined, { bfdSessions: [bfdWith("192.0.2.12")] });
    await second.configure([], undefined, { bfdSessions: [bfdWith("192.0.2.11")] });
    await until("up", () => sessionState(first) === "up" && sessionState(second) === "up");
    const capture = await new BfdCapture(lan, first.host).ready();
    const before = first.counted("bfd_received");
    await until("packets were seen", () => first.counted("bfd_received") > before + 3);
    const packet = (await capture.seen()).find(({ from, state }) => from === "192.0.2.12" && state === "up");
    const named = Number(packet?.yourDiscriminator);
    const ours = [named >>> 24, (named >>> 16) & 0xff, (named >>> 8) & 0xff, named & 0xff];
    const theirs = [0x0a, 0x0b, 0x0c, 0x0d];
    const times = [0, 0x0f, 0x42, 0x40, 0, 0x01, 0x86, 0xa0, 0, 0, 0, 0];
    const wrong = ours.with(0, (ours[0] ?? 0) ^ 0x80);
    const nobody = [0, 0, 0, 0];
    // Version 1, Down, multiplier 3, 24 bytes: it would take the session down.
    const down = [0x20, 0x40, 0x03, 0x18, ...theirs, ...ours, ...times];
    const toNobody = [0x20, 0x40, 0x03, 0x18, ...theirs, ...nobody, ...times];

    const forgeries = [
      ["ttl", datagram(down, { ttl: 254 })],
      ["your-discriminator", datagram([0x20, 0x40, 0x03, 0x18, ...theirs, ...wrong, ...times])],
      ["source", datagram(down, { octet: 13 })],
      ["source", datagram(toNobody, { octet: 13 })],
      ["state", datagram(toNobody.with(1, 0xc0))],
      ["version", datagram(down.with(0, 0x40))],
      ["length", datagram(down.with(3, 0x17))],
      ["length", datagram(down.slice(0, 23))],
      ["length", datagram([])],
      ["multiplier", datagram(down.with(2, 0))],
      ["multipoint", datagram(down.with(1, 0x41))],
      ["my-discriminator", datagram([0x20, 0x40, 0x03, 0x18, ...nobody, ...ours, ...times])],
      ["authentication", datagram([...down.with(1, 0x44).with(3, 26), 1, 2])],
    ] as const;
    for (const [, bytes] of forgeries) await forge(bytes);
    await until("all were judged", () => first.counted("bfd_discarded") === forgeries.length);
    for (const [cause] of forgeries) {
      const expected = forgeries.filter(([other]) => other === cause).length;
      t.equal(first.counted("bfd_discarded", { cause }), expected, cause);
    }
    t.equal(first.counted("bfd_discarded", { cause: "source", session: "" }), 1);
    t.equal(first.counted("bfd_discarded", { cause: "source", session: "gw" }), 1);
    const [told] = first.named("bfd-packet-discarded");
    t.same(told, { session: "gw", cause: "ttl", source: "192.0.2.12", suppressed: 0 });
    t.same(first.named("bfd-down"), []);
    t.equal(sessionState(first), "up");

    // The very same packet from where it should come from is believed.
    await forge(datagram(down));
    await until("the session went down", () => first.named("bfd-down").length === 1);
    t.match(first.named("bfd-down"), [{ diagnostic: "neighbor signaled session down" }]);
  });

  t.test("another program has the port: told once, and heard as soon as it is free", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    const program = "require('dgram').createSocket('udp4').bind(3784, () => console.log('bound'))";
    const squatter = first.host.spawn(process.execPath, "-e", program);
    await once(squatter.stdout ?? squatter, "data");
    await second.configure([], undefined, { bfdSessions: [bfdWith("192.0.2.11", { passive: true })] });
    const session = bfdWith("192.0.2.12", { minTx: milliseconds(50) });
    await first.configure([], undefined, { bfdSessions: [session] });
    await until("told", () => first.named("bfd-listen-failed").length > 0);
    t.match(first.named("bfd-listen-failed"), [{ port: 3_784, family: 4, error: /EADDRINUSE/ }]);
    squatter.kill("SIGKILL");
    await until("up", () => sessionState(first) === "up" && sessionState(second) === "up");
    t.equal(first.named("bfd-listen-failed").length, 1);
  });

  t.test("no such source yet: told once, and sent as soon as it is there", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    await second.configure([], undefined, { bfdSessions: [bfdWith("192.0.2.21")] });
    const session = bfdWith("192.0.2.12", { source: bfdWith("192.0.2.21").neighbor, interface: "eth0" });
    await first.configure([], undefined, { bfdSessions: [session] });
    await until("told", () => first.named("bfd-send-failed").length > 0);
    t.match(first.named("bfd-send-failed"), [{ session: "gw", error: /EADDRNOTAVAIL/ }]);
    first.host.ip("address", "add", "192.0.2.21/24", "dev", "eth0");
    await until("up", () => sessionState(first) === "up" && sessionState(second) === "up");

    // The interface is made anew under its old name.
    first.host.ip("link", "del", "eth0");
    await until("down", () => sessionState(first) === "down" && sessionState(second) === "down");
    first.host.connect("eth0");
    first.host.ip("address", "add", "192.0.2.21/24", "dev", "eth0");
    await until("up again", () => sessionState(first) === "up" && sessionState(second) === "up");
  });
}
