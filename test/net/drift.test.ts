/**
 * Goal: whoever changes a virtual address behind our back finds it put right, and counted. Method: `ip address` by another
 * hand, on the master and on the backup.
 */

import t from "tap";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

if (hasRoot(t, import.meta.url)) {
  t.test("an address is where its router is master, and nowhere else", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2, probe] = [lan.host("lvs1", 11), lan.host("lvs2", 12), lan.host("probe", 13)];
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    await first.configure([web({ priority: 150 })]);
    await first.reaches("master");
    await second.configure([web()]);
    await second.reaches("backup");

    t.test("taken from the master: it returns, is announced and counted", async (t) => {
      const capture = await new Capture(lan, probe).ready();
      const announced = first.counted("announcements_sent");
      lvs1.ip("address", "del", "192.0.2.100/24", "dev", "eth0");
      await until("it is back", () => lvs1.holdsVip());
      await until("it is counted", () => first.counted("drift", { kind: "address" }) === 1);
      t.match(first.named("address-drift"), [
        { interface: "eth0", address: "192.0.2.100/24", found: "missing" },
      ]);
      await until("it is announced", () => first.counted("announcements_sent") > announced);
      const seen = await capture.seen();
      t.ok(seen.some(({ kind, announced }) => kind === "reply" && announced === "192.0.2.100"));
    });

    t.test("given to the backup: it is removed and counted", async (t) => {
      lvs2.ip("address", "add", "192.0.2.100/24", "dev", "eth0");
      await until("it is gone", () => !lvs2.holdsVip());
      await until("it is counted", () => second.counted("drift", { kind: "address" }) === 1);
      t.match(second.named("address-drift"), [
        { interface: "eth0", address: "192.0.2.100/24", found: "foreign" },
      ]);
    });

    t.test("an address that is not ours is left alone", async (t) => {
      for (const { host } of [first, second]) host.ip("address", "add", "192.0.2.200/24", "dev", "eth0");
      await first.nextReport();
      await second.nextReport();
      for (const { host } of [first, second]) t.ok(host.addresses("eth0").includes("192.0.2.200/24"));
      lvs1.ip("address", "del", "192.0.2.200/24", "dev", "eth0");
      await first.nextReport();
      t.same(lvs1.addresses("eth0"), ["192.0.2.11/24", "192.0.2.100/24"]);
    });

    t.test("nobody changed state, and our own changes are no drift", async (t) => {
      t.same(first.transitions, ["init -> backup (startup)", "backup -> master (master-down)"]);
      t.same(second.transitions, ["init -> backup (startup)"]);
      await first.kill();
      await second.reaches("master");
      await second.nextReport();
      t.equal(second.counted("drift"), 1);
      t.equal(first.counted("drift"), 1);
    });
  });
}
