/**
 * Goal: keepalived is a peer like any other: one holder at rest, failover when either dies or leaves, return and
 * preemption. Method: Debian's keepalived on the one host, Relevo on the other, each way round, versions 2 and 3; the
 * kernel's addresses are the witness.
 *
 * keepalived 2.2.7 puts a pseudo-header into its version 3 checksum and knows no other form; so does Relevo here.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Director, web } from "./director.ts";
import { hasKeepalived, Keepalived } from "./keepalived.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const DIALECTS = [
  { version: 3, interval: 0.1 },
  { version: 2, interval: 1 },
] as const;

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;
  const skip = hasKeepalived() ? {} : { skip: "keepalived is not installed" };

  for (const { version, interval } of DIALECTS) {
    const ours = (priority: number) =>
      web({ priority, version, advertInterval: seconds(interval), v3ChecksumAsV2: false });
    const theirs = (priority: number) => ({ priority, version, advertInterval: interval });

    t.test(`version ${version}: keepalived 150, Relevo 100`, { ...skip }, async (t) => {
      const lan = new Lan(t);
      const peer = new Keepalived(lan, lan.host("lvs1", 11), theirs(150));
      const relevo = new Director(lan, lan.host("lvs2", 12));
      const holders = () => `${peer.host.holdsVip()} ${relevo.host.holdsVip()}`;
      peer.start();
      await until("keepalived holds the address", () => peer.host.holdsVip());
      await relevo.configure([ours(100)]);
      await relevo.reaches("backup");
      const heard = relevo.counted("adverts_received");
      await until("it hears five adverts", () => relevo.counted("adverts_received") >= heard + 5);
      t.equal(holders(), "true false");

      await peer.stop();
      await until("Relevo takes over", () => holders() === "false true");
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (master-resigned)");

      peer.start();
      await until("keepalived preempts", () => holders() === "true false");
      await relevo.reaches("backup");
      t.equal(relevo.transitions.at(-1), "master -> backup (higher-priority)");

      await peer.kill();
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (master-down)");
      t.ok(relevo.host.holdsVip());
      t.same(peer.complaints, []);
      t.equal(relevo.counted("adverts_discarded"), 0);
      t.same(relevo.named("vrrp-address-mismatch"), []);
    });

    t.test(`version ${version}: Relevo 150, keepalived 100`, { ...skip }, async (t) => {
      const lan = new Lan(t);
      const relevo = new Director(lan, lan.host("lvs1", 11));
      const peer = new Keepalived(lan, lan.host("lvs2", 12), theirs(100));
      const holders = () => `${relevo.host.holdsVip()} ${peer.host.holdsVip()}`;
      await relevo.configure([ours(150)]);
      await relevo.reaches("master");
      peer.start();
      await until("keepalived is a backup", () => peer.states.at(-1) === "BACKUP");
      const sent = relevo.counted("adverts_sent");
      await until("it has been sent five adverts", () => relevo.counted("adverts_sent") >= sent + 5);
      t.equal(holders(), "true false");
      t.same(peer.states, ["BACKUP"]);

      await relevo.stop();
      await until("keepalived takes over", () => holders() === "false true");
      relevo.restart();
      await relevo.configure([ours(150)]);
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (preempted-lower-priority)");
      await until("keepalived lets go", () => holders() === "true false");

      await relevo.kill();
      await until("keepalived takes over", () => peer.states.at(-1) === "MASTER" && peer.host.holdsVip());
      relevo.restart();
      await relevo.configure([ours(150)], relevo.diedAt);
      await until("Relevo returns", () => holders() === "true false");
      await until("keepalived has seen it", () => peer.states.at(-1) === "BACKUP");
      t.same(peer.states, ["BACKUP", "MASTER", "BACKUP", "MASTER", "BACKUP"]);
      t.same(peer.complaints, []);
      t.equal(relevo.counted("adverts_discarded"), 0);
    });
  }
}
