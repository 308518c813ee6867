/**
 * Goal: preempt_delay lets a working master of lower priority go on for so long, and vrrp_startup_delay keeps a director
 * silent. Method: two failover processes and the kernel's addresses; what must not happen early is measured by the clock.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Director, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

if (hasRoot(t, import.meta.url)) {
  t.jobs = 2;

  t.test("preempt_delay", async (t) => {
    const lan = new Lan(t);
    const lesser = new Director(lan, lan.host("lvs1", 11));
    const greater = new Director(lan, lan.host("lvs2", 12));
    const holders = () => `${lesser.host.holdsVip()} ${greater.host.holdsVip()}`;
    await lesser.configure([web()]);
    await until("the lesser one holds the address", () => holders() === "true false");
    const since = performance.now();
    await greater.configure([web({ priority: 150, preemptDelay: seconds(3) })]);
    await until("the greater one holds it", () => holders() === "false true");
    t.ok(performance.now() - since > 3_000, "not before the delay is over");
    await greater.reaches("master");
    t.equal(greater.transitions.at(-1), "backup -> master (preempted-lower-priority)");

    await greater.stop();
    await until("the lesser one is back", () => holders() === "true false");
    greater.restart();
    await greater.configure([web({ priority: 150, preemptDelay: seconds(1_000) })]);
    await until("the greater one hears it", () => greater.counted("adverts_received") > 5);
    await lesser.kill();
    await greater.reaches("master");
    t.equal(
      greater.transitions.at(-1),
      "backup -> master (master-down)",
      "a dead master is followed at once",
    );
    t.ok(greater.host.holdsVip());
  });

  t.test("vrrp_startup_delay", async (t) => {
    const lan = new Lan(t);
    const director = new Director(lan, lan.host("lvs1", 11));
    director.startupDelay = seconds(6);
    const since = performance.now();
    await director.configure([web({ priority: 255 })]);
    await director.reaches("init");
    t.equal(director.counted("adverts_sent"), 0);
    t.notOk(director.host.holdsVip());
    await director.reaches("master");
    t.ok(performance.now() - since > 6_000, "not before the delay is over");
    t.ok(director.host.holdsVip());
  });
}
