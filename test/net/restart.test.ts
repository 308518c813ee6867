/**
 * Goal: a failover process that was killed and started again either goes on where it was, unnoticed, or removes what the
 * earlier life left before it does anything else. Method: SIGKILL, a new process in the same run directory, and a peer
 * that would notice.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Capture } from "./capture.ts";
import { Director, INNER_VIP, VIP, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

if (hasRoot(t, import.meta.url)) {
  t.jobs = 2;

  t.test("back at once: it resumes as master, and the peer does not notice", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    await first.configure([web({ priority: 254 })]);
    await first.reaches("master");
    await second.configure([web()]);
    await second.reaches("backup");
    // A pace so slow that even a busy machine starts a process within two intervals.
    const mine = web({ priority: 254, advertInterval: seconds(15) });
    await first.configure([mine]);
    await until("the peer has learnt it", () => second.named("vrrp-interval-mismatch").length === 1);
    await second.nextReport();
    const heard = second.counted("adverts_received");
    await first.kill();
    t.ok(first.host.holdsVip(), "nobody took the address away");
    first.restart();
    await first.configure([mine], first.diedAt);
    await first.reaches("master");
    t.equal(first.transitions.at(-1), "init -> master (resumed)");
    t.ok(first.host.holdsVip());
    await until("the peer has heard it", () => second.counted("adverts_received") > heard);
    await second.nextReport();
    t.same(second.transitions, ["init -> backup (startup)"]);
    t.equal(second.state, "backup");
    t.same(first.named("address-left-over"), []);
  });

  t.test(
    "back late: what is left over is removed first, each address once, and it is a backup",
    async (t) => {
      const lan = new Lan(t);
      const host = lan.host("lvs1", 11);
      const first = new Director(lan, host);
      const mine = web({ addresses: [VIP, INNER_VIP], advertInterval: seconds(0.5) });
      await first.configure([mine]);
      await first.reaches("master");
      await first.kill();
      t.ok(host.holdsVip());
      await until("two intervals have passed", async () => {
        await new Promise((resolve) => setTimeout(resolve, 1_100));
        return true;
      });
      const capture = await new Capture(lan, host).ready();
      const told = first.events.length;
      first.restart();
      await first.configure([mine], first.diedAt);
      t.notOk(host.holdsVip(), "gone before the configuration is in force");
      t.same(host.addresses("eth1"), ["198.51.100.11/24"]);
      const names = first.events
        .slice(told)
        .map(({ name, fields }) => `${name} ${String(fields.address ?? fields.to)}`);
      t.same(
        names.filter((name) => !name.startsWith("realtime")),
        ["address-left-over 192.0.2.100/24", "address-left-over 198.51.100.1/24", "vrrp-transition backup"],
      );
      await first.reaches("master");
      t.same(first.transitions.slice(-2), ["init -> backup (startup)", "backup -> master (master-down)"]);
      const [claim] = (await capture.seen()).filter(({ kind }) => kind === "advert");
      t.equal(claim?.priority, 100, "no word of the earlier life's end");
    },
  );

  t.test("an address that is no longer in the configuration is removed, too", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const first = new Director(lan, host);
    await first.configure([web({ addresses: [VIP, INNER_VIP] })]);
    await first.reaches("master");
    await first.kill();
    first.restart();
    await first.configure([web()], first.diedAt);
    t.same(host.addresses("eth1"), ["198.51.100.11/24"]);
    t.same(first.named("address-left-over").at(-1)?.address, "198.51.100.1/24");
  });

  t.test("an orphan lets go by itself", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const first = new Director(lan, host);
    await first.configure([web()]);
    await first.reaches("master");
    first.abandon();
    await until("the address is gone", () => !host.holdsVip());
  });

  t.test("an orphan that had no time for a configuration lets go of what an earlier life left", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const first = new Director(lan, host);
    await first.configure([web()]);
    await first.reaches("master");
    await first.kill();
    t.ok(host.holdsVip());
    first.restart();
    first.abandon();
    await first.ended();
    t.notOk(host.holdsVip());
  });
}
