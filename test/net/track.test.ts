/**
 * Goal: what an instance tracks decides who is master: a weight lets the better one have the address, weight 0 takes the
 * director out, and a delay forgives a flap. Method: the cable of the second interface pulled on the master, findings
 * told as the supervisor tells them, with Relevo and with keepalived as the peer; the kernel's addresses are the witness.
 */

import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { Tracked } from "../../src/core/track/model.ts";
import { seconds } from "../../src/core/units/time.ts";
import { Director, web } from "./director.ts";
import { hasKeepalived, Keepalived } from "./keepalived.ts";
import { type Host, Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const onEth1 = (weight: number): Tracked => ({ kind: "interface", object: "eth1", weight, reverse: false });
const onScript = (weight: number): Tracked => ({ kind: "script", object: "proxy", weight, reverse: false });
const onFile = (weight: number): Tracked => ({ kind: "file", object: "load", weight, reverse: false });

const holders = (...hosts: readonly Host[]) => hosts.map((host) => host.holdsVip()).join(" ");

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  t.test("a weight: the peer becomes the better one, and gives back", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    await first.configure([web({ priority: 150, tracks: [onEth1(-100)] })]);
    await first.reaches("master");
    await second.configure([web({ priority: 100, tracks: [onEth1(-100)] })]);
    await second.reaches("backup");

    first.host.cable("eth1", "down");
    await second.reaches("master");
    await first.reaches("backup");
    t.equal(second.transitions.at(-1), "backup -> master (preempted-lower-priority)");
    t.equal(first.transitions.at(-1), "master -> backup (higher-priority)");
    await until("one holder", () => holders(first.host, second.host) === "false true");
    t.equal(first.instances[0]?.priority, 50);
    t.match(first.named("vrrp-priority-changed"), [{ instance: "web", from: 150, to: 50 }]);
    t.match(first.named("track-changed").at(-1), { kind: "interface", object: "eth1", verdict: "down" });
    t.match(first.tracks, [{ kind: "interface", object: "eth1", verdict: false }]);

    first.host.cable("eth1", "up");
    await first.reaches("master");
    t.equal(first.transitions.at(-1), "backup -> master (preempted-lower-priority)");
    await until("one holder", () => holders(first.host, second.host) === "true false");
    t.equal(first.instances[0]?.priority, 150);
  });

  t.test("both lose it: who was the better one is so still", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    second.host.cable("eth1", "down");
    await first.configure([web({ priority: 150, tracks: [onEth1(-40)] })]);
    await first.reaches("master");
    await second.configure([web({ priority: 100, tracks: [onEth1(-40)] })]);
    await second.reaches("backup");
    t.equal(second.instances[0]?.priority, 60);
    first.host.cable("eth1", "down");
    await until("it has noticed", () => first.instances[0]?.priority === 110);
    await sleep(1_000);
    t.equal(holders(first.host, second.host), "true false");
    t.same(second.transitions, ["init -> backup (startup)"]);
  });

  t.test("weight 0: out of the game while it is down", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    await first.configure([web({ priority: 150, tracks: [onEth1(0)] })]);
    await first.reaches("master");
    await second.configure([web({ priority: 100 })]);
    await second.reaches("backup");

    first.host.cable("eth1", "down");
    await first.reaches("fault");
    t.match(first.named("vrrp-transition").at(-1), {
      from: "master",
      detail: "tracked interface eth1 is down",
    });
    await second.reaches("master");
    t.equal(second.transitions.at(-1), "backup -> master (master-resigned)");
    t.equal(holders(first.host, second.host), "false true");

    first.host.cable("eth1", "up");
    await first.reaches("master");
    t.equal(first.transitions.at(-2), "fault -> backup (fault-cleared)");
  });

  t.test("down before the start: it starts in fault, at the adjusted priority", async (t) => {
    const lan = new Lan(t);
    const director = new Director(lan, lan.host("lvs1", 11));
    director.find({ kind: "script", object: "proxy", verdict: false });
    director.find({ kind: "file", object: "load", verdict: 30 });
    await director.configure([web({ priority: 150, tracks: [onScript(0), onFile(-1)] })]);
    await director.reaches("fault");
    t.same(director.transitions, ["init -> fault (fault)"]);
    t.equal(director.instances[0]?.priority, 120);
    director.find({ kind: "script", object: "proxy", verdict: true });
    await director.reaches("master");
    t.same(director.named("vrrp-priority-changed"), []);
  });

  t.test("what the supervisor finds out, and what it does not know yet", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    await first.configure([web({ priority: 150, tracks: [onScript(-100), onFile(1)] })]);
    await first.reaches("master");
    t.same(first.tracks, []);
    await second.configure([web({ priority: 100 })]);
    await second.reaches("backup");
    first.find({ kind: "script", object: "proxy", verdict: false });
    await second.reaches("master");
    first.find({ kind: "file", object: "load", verdict: 60 });
    await first.reaches("master");
    t.equal(first.instances[0]?.priority, 110);
    first.find({ kind: "file", object: "load", verdict: -254 });
    await first.reaches("fault");
    t.match(first.named("vrrp-transition").at(-1), { detail: "tracked file load says -254" });
    await second.reaches("master");
  });

  t.test("a delay: a flap changes nothing, a loss that lasts does", async (t) => {
    const lan = new Lan(t);
    const director = new Director(lan, lan.host("lvs1", 11));
    const delays = { eth1: { down: seconds(2), up: seconds(1) } };
    await director.configure([web({ priority: 150, tracks: [onEth1(0)] })], undefined, {
      linkDelays: delays,
    });
    await director.reaches("master");
    director.host.cable("eth1", "down");
    await sleep(200);
    director.host.cable("eth1", "up");
    await sleep(2_500);
    t.equal(director.state, "master");
    t.match(director.named("track-changed"), [{ verdict: "up" }]);

    const pulledAt = performance.now();
    director.host.cable("eth1", "down");
    await director.reaches("fault");
    t.ok(performance.now() - pulledAt > 1_900, "not before it has lasted");
    const putBackAt = performance.now();
    director.host.cable("eth1", "up");
    await director.reaches("backup");
    t.ok(performance.now() - putBackAt > 900);
  });

  t.test(
    "keepalived as the peer preempts, and is preempted",
    hasKeepalived() ? {} : { skip: "keepalived is not installed" },
    async (t) => {
      const lan = new Lan(t);
      const relevo = new Director(lan, lan.host("lvs1", 11));
      const peer = new Keepalived(lan, lan.host("lvs2", 12), {
        priority: 100,
        version: 3,
        advertInterval: 0.1,
      });
      await relevo.configure([web({ priority: 150, v3ChecksumAsV2: false, tracks: [onEth1(-100)] })]);
      await relevo.reaches("master");
      peer.start();
      await until("keepalived is a backup", () => peer.states.at(-1) === "BACKUP");
      relevo.host.cable("eth1", "down");
      await until("keepalived has it", () => holders(relevo.host, peer.host) === "false true");
      await relevo.reaches("backup");
      relevo.host.cable("eth1", "up");
      await relevo.reaches("master");
      await until("Relevo has it", () => holders(relevo.host, peer.host) === "true false");
      await until("keepalived says so", () => peer.states.length >= 3);
      t.same(peer.states, ["BACKUP", "MASTER", "BACKUP"]);
      t.same(peer.complaints, []);
    },
  );
}
