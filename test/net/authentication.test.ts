/**
 * Goal: PASS and AH work with keepalived as master and as backup, and a wrong password moves nothing. Method: Debian's
 * keepalived on the other host, each way round; tshark decodes what both send; a stranger with another password, and
 * tcpdump's timestamps of the master's own adverts meanwhile.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { hasKeepalived, Keepalived } from "./keepalived.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const PASSWORD = "secret12";
const V2 = { version: 2, advertInterval: seconds(1), v3ChecksumAsV2: false } as const;

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;
  const skip = hasKeepalived() ? {} : { skip: "keepalived is not installed" };

  for (const type of ["PASS", "AH"] as const) {
    const ours = (priority: number, password = PASSWORD) =>
      web({
        ...V2,
        priority,
        authentication: { type: type === "PASS" ? "pass" : "ah", key: new TextEncoder().encode(password) },
      });
    const theirs = (priority: number) => ({
      version: 2 as const,
      priority,
      advertInterval: 1,
      authentication: { type, password: PASSWORD },
    });

    t.test(`${type}: keepalived 150, Relevo 100`, { ...skip }, async (t) => {
      const lan = new Lan(t);
      const peer = new Keepalived(lan, lan.host("lvs1", 11), theirs(150));
      const relevo = new Director(lan, lan.host("lvs2", 12));
      const holders = () => `${peer.host.holdsVip()} ${relevo.host.holdsVip()}`;
      peer.start();
      await until("keepalived holds the address", () => peer.host.holdsVip());
      await relevo.configure([ours(100)]);
      await relevo.reaches("backup");
      await until("it hears five adverts", () => relevo.counted("adverts_received") >= 5);
      t.equal(holders(), "true false");

      await peer.stop();
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (master-resigned)");
      peer.start();
      await until("keepalived preempts", () => holders() === "true false");
      t.equal(relevo.counted("adverts_discarded"), 0);
      t.same(peer.complaints, []);
    });

    t.test(`${type}: Relevo 150, keepalived 100; Relevo dies and returns`, { ...skip }, async (t) => {
      const lan = new Lan(t);
      const relevo = new Director(lan, lan.host("lvs1", 11));
      const peer = new Keepalived(lan, lan.host("lvs2", 12), theirs(100));
      const holders = () => `${relevo.host.holdsVip()} ${peer.host.holdsVip()}`;
      const filter = "ip proto 112 or ip proto 51";
      const capture = await new Capture(lan, relevo.host, "eth0", filter).ready();
      await relevo.configure([ours(150)]);
      await relevo.reaches("master");
      peer.start();
      await until("keepalived is a backup", () => peer.states.at(-1) === "BACKUP");
      const sent = relevo.counted("adverts_sent");
      await until("it has been sent five adverts", () => relevo.counted("adverts_sent") >= sent + 5);
      t.equal(holders(), "true false");
      t.same(peer.states, ["BACKUP"]);

      await relevo.kill();
      await until("keepalived takes over", () => peer.states.at(-1) === "MASTER" && peer.host.holdsVip());
      relevo.restart();
      await relevo.configure([ours(150)], relevo.diedAt);
      await until("Relevo returns", () => holders() === "true false");
      await until("keepalived has seen it", () => peer.states.at(-1) === "BACKUP");
      t.same(peer.complaints, []);
      t.equal(relevo.counted("adverts_discarded"), 0);

      const seen = await capture.seen();
      const from = new Set(seen.map((packet) => packet.from));
      t.same(from, new Set(["192.0.2.11", "192.0.2.12"]));
      for (const packet of seen) {
        t.match(packet, { kind: "advert", version: 2, vrid: 51, checksum: "1", complaint: "" });
        t.equal(packet.authentication, type === "PASS" ? "1" : "2");
      }
    });

    t.test(`${type}: adverts with a wrong password silence nobody`, async (t) => {
      const lan = new Lan(t);
      const relevo = new Director(lan, lan.host("lvs1", 11));
      const stranger = new Director(lan, lan.host("lvs2", 12));
      await relevo.configure([ours(100)]);
      await relevo.reaches("master");
      const filter = "src 192.0.2.11 and (ip proto 112 or ip proto 51)";
      const capture = await new Capture(lan, relevo.host, "eth0", filter).ready();
      await stranger.configure([ours(200, "secret13")]);
      const cause = "auth-fail";
      await until("six are discarded", () => relevo.counted("adverts_discarded", { cause }) >= 6);
      t.equal(relevo.counted("adverts_discarded"), relevo.counted("adverts_discarded", { cause }));
      t.equal(relevo.counted("adverts_received"), 0);
      t.equal(relevo.state, "master");
      t.equal(relevo.named("vrrp-advert-discarded").length, 1);
      t.notMatch(JSON.stringify([relevo.events, stranger.events]), /secret1/);

      const times = (await capture.seen()).map(({ time }) => time);
      const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      t.ok(gaps.length >= 5, `${gaps.length} gaps`);
      t.ok(Math.max(...gaps) < 1.5 && Math.min(...gaps) > 0.5, `${gaps.join(" ")}`);
    });
  }
}
