/**
 * Goal: Relevo and FRRouting's vrrpd are one pair, each way round. Method: one of each on a segment; FRRouting's own word and
 * `ip` tell who is master.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Director, web } from "./director.ts";
import { Frr, hasFrr } from "./frr.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

/** FRRouting 8 computes the version 3 checksum with a pseudo-header. */
const VERSIONS = [
  { version: 3, milliseconds: 100 },
  { version: 2, milliseconds: 1_000 },
] as const;

if (hasRoot(t, import.meta.url)) {
  for (const { version, milliseconds } of VERSIONS) {
    const mine = (priority: number) =>
      web({ version, priority, advertInterval: seconds(milliseconds / 1_000), v3ChecksumAsV2: false });

    t.test(`version ${version}: FRRouting is master, Relevo backup`, { skip: !hasFrr() }, async (t) => {
      const lan = new Lan(t);
      const host = lan.host("lvs1", 11);
      const frr = new Frr(t, lan.host("frr", 12), { version, priority: 200, advertInterval: milliseconds });
      await frr.start();
      await until("FRRouting is master", () => frr.state === "Master");
      const relevo = new Director(lan, host);
      await relevo.configure([mine(100)]);
      await until("Relevo has heard it for a while", () => relevo.counted("adverts_received") >= 5);
      t.equal(relevo.state, "backup");
      t.notOk(host.holdsVip());
      t.equal(relevo.counted("adverts_discarded"), 0);
      t.same(relevo.named("vrrp-interval-mismatch"), []);
      t.same(relevo.named("vrrp-address-mismatch"), []);

      frr.kill();
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (master-down)");
      t.ok(host.holdsVip());

      await frr.start();
      await relevo.reaches("backup");
      t.equal(relevo.transitions.at(-1), "master -> backup (higher-priority)");
      t.notOk(host.holdsVip());
      t.equal(frr.state, "Master");
    });

    t.test(`version ${version}: Relevo is master, FRRouting backup`, { skip: !hasFrr() }, async (t) => {
      const lan = new Lan(t);
      const host = lan.host("lvs1", 11);
      const frr = new Frr(t, lan.host("frr", 12), { version, priority: 100, advertInterval: milliseconds });
      const relevo = new Director(lan, host);
      await relevo.configure([mine(200)]);
      await relevo.reaches("master");
      await frr.start();
      await until("FRRouting is backup", () => frr.state === "Backup");
      const before = relevo.counted("adverts_sent");
      await until("five more adverts", () => relevo.counted("adverts_sent") >= before + 5);
      t.equal(frr.state, "Backup");
      t.equal(relevo.state, "master");

      await relevo.stop();
      t.notOk(host.holdsVip());
      await until("FRRouting takes over", () => frr.state === "Master");

      relevo.restart();
      await relevo.configure([mine(200)]);
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (preempted-lower-priority)");
      await until("FRRouting gives way", () => frr.state === "Backup");
      t.ok(host.holdsVip());
      frr.kill();
    });
  }
}
