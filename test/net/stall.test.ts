/**
 * Goal: a director that was stopped in its tracks fences itself when it goes on: what has queued is heard before a word is
 * said. Method: SIGSTOP for longer than the dead time, SIGCONT, and a capture.
 */

import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  t.test("a stalled master that has lost yields without an advert of its own", async (t) => {
    const lan = new Lan(t);
    const lesser = new Director(lan, lan.host("lvs1", 11));
    const greater = new Director(lan, lan.host("lvs2", 12));
    await lesser.configure([web()]);
    await lesser.reaches("master");
    await greater.configure([web({ priority: 150, preempt: false })]);
    await greater.reaches("backup");
    const capture = await new Capture(lan, lan.host("probe", 13)).ready();

    lesser.signal("SIGSTOP");
    await greater.reaches("master");
    // Long enough for more adverts than a batch takes.
    await sleep(7_000);
    lesser.signal("SIGCONT");
    await lesser.reaches("backup");
    t.equal(lesser.transitions.at(-1), "master -> backup (higher-priority)");
    await until("the address is gone", () => !lesser.host.holdsVip());
    t.ok(greater.host.holdsVip());
    await greater.nextReport();
    const [stalled] = lesser.named("vrrp-stalled");
    t.match(
      stalled,
      { instance: "web", state: "master", budget_ms: 260.938 },
      "2 * 100 ms + 156/256 * 100 ms",
    );
    t.ok(Number(stalled?.["late_ms"]) > 6_000, "it says how late it was");
    await until("and counts it", () => lesser.counted("stalls", { instance: "web" }) > 0);

    const adverts = (await capture.seen()).filter(({ kind }) => kind === "advert");
    const takeover = adverts.find(({ from }) => from === "192.0.2.12")?.time ?? 0;
    t.same(
      adverts.filter(({ from, time }) => from === "192.0.2.11" && time > takeover),
      [],
      "not a word of the one that stalled",
    );
    t.equal(greater.transitions.at(-1), "backup -> master (master-down)");
  });

  t.test("a stalled master that has not lost says so once, and has its address back", async (t) => {
    const lan = new Lan(t);
    const greater = new Director(lan, lan.host("lvs1", 11));
    const lesser = new Director(lan, lan.host("lvs2", 12));
    await greater.configure([web({ priority: 150 })]);
    await greater.reaches("master");
    await lesser.configure([web()]);
    await lesser.reaches("backup");
    const capture = await new Capture(lan, lan.host("probe", 13)).ready();

    greater.signal("SIGSTOP");
    await lesser.reaches("master");
    await sleep(3_000);
    greater.signal("SIGCONT");
    await lesser.reaches("backup");
    await until("one holder", () => greater.host.holdsVip() && !lesser.host.holdsVip());
    await greater.nextReport();
    t.equal(greater.state, "master");

    const seen = await capture.seen();
    const adverts = seen.filter(({ kind }) => kind === "advert");
    const last = adverts.findLast(({ from }) => from === "192.0.2.12")?.time ?? 0;
    const burst = adverts.filter(
      ({ from, time }) => from === "192.0.2.11" && time > last - 0.09 && time < last + 0.09,
    );
    t.ok(burst.length <= 3, `some thirty adverts had queued, ${burst.length} answers: no burst`);
    const [mac] = seen.filter(({ from }) => from === "192.0.2.11").map((packet) => packet.mac);
    t.ok(
      seen.some(
        (packet) => packet.announced === "192.0.2.100" && packet.mac === mac && packet.time > last - 0.09,
      ),
      "the clients are told where the address is",
    );
  });

  t.test("a stalled backup does not take over from a living master", async (t) => {
    const lan = new Lan(t);
    const master = new Director(lan, lan.host("lvs1", 11));
    const backup = new Director(lan, lan.host("lvs2", 12));
    await master.configure([web({ priority: 150 })]);
    await master.reaches("master");
    await backup.configure([web()]);
    await backup.reaches("backup");
    for (let stall = 0; stall < 3; stall += 1) {
      backup.signal("SIGSTOP");
      await sleep(1_000);
      backup.signal("SIGCONT");
      await backup.nextReport();
    }
    t.same(backup.transitions, ["init -> backup (startup)"]);
    t.equal(backup.counted("adverts_sent"), 0);
    t.equal(master.transitions.at(-1), "backup -> master (master-down)");
  });
}
