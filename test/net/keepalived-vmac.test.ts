/**
 * Goal: keepalived and Relevo, both with use_vmac, are one pair with one hardware address: one holder at rest, failover when
 * either dies or leaves, return, and a change of priority, in versions 2 and 3 and over IPv6. Method: Debian's keepalived
 * on the one host, Relevo on the other, each way round; a third host pings, and is the witness of the packets.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { hasKeepalived, Keepalived, type KeepalivedOptions } from "./keepalived.ts";
import { type Host, Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { addressesOn, linksOnTop, neighbour, reaches, VMAC4, VMAC6, withVmac } from "./vmac.ts";
import { web6 } from "./web6.ts";

const FOUR = { link: "vrrp.51", mac: VMAC4, vip: "192.0.2.100", theirs: {}, router: web() };
const SIX = {
  link: "vrrp6.51",
  mac: VMAC6,
  vip: "2001:db8::100",
  theirs: { addresses: ["fe80::100/64", "2001:db8::100/64"] },
  router: web6(),
};
const WAYS = [
  { name: "version 3", version: 3, interval: 0.1, ...FOUR },
  { name: "version 2", version: 2, interval: 1, ...FOUR },
  { name: "IPv6", version: 3, interval: 0.1, ...SIX },
] as const;

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;
  const skip = hasKeepalived() ? {} : { skip: "keepalived is not installed" };

  for (const { name, version, interval, link, mac, vip, router, theirs: more } of WAYS) {
    const ours = (priority: number) =>
      withVmac({ ...router, priority, version, advertInterval: seconds(interval), v3ChecksumAsV2: false });
    const theirs = (priority: number): KeepalivedOptions => ({
      version,
      priority,
      advertInterval: interval,
      vmac: true,
      ...more,
    });
    const holds = (host: Host) => addressesOn(host, link).some((address) => address.startsWith(`${vip}/`));
    const hosts = (lan: Lan) => {
      const all = [lan.host("lvs1", 11), lan.host("lvs2", 12), lan.host("probe", 13)] as const;
      // keepalived leaves it to the operator: else it asks for its neighbours' addresses from the virtual one, with the
      // hardware address of eth0, and they believe that.
      for (const host of all) host.sysctl("net.ipv4.conf.all.arp_announce=2");
      if (router.family === 6) for (const host of all) host.useIpv6();
      return all;
    };

    t.test(`${name}: keepalived 150, Relevo 100`, { ...skip }, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2, probe] = hosts(lan);
      const capture = await new Capture(lan, probe, "eth0", "proto 112").ready();
      const peer = new Keepalived(lan, lvs1, theirs(150));
      const relevo = new Director(lan, lvs2);
      const holders = () => `${holds(lvs1)} ${holds(lvs2)}`;
      const believes = async (who: string) => {
        await until(`the probe reaches ${who}`, () => reaches(probe, vip));
        t.equal(neighbour(probe, vip), mac, `at ${who}`);
      };
      peer.start();
      await until("keepalived holds the address", () => holds(lvs1));
      await relevo.configure([ours(100)]);
      await relevo.reaches("backup");
      const heard = relevo.counted("adverts_received");
      await until("it hears five adverts", () => relevo.counted("adverts_received") >= heard + 5);
      t.equal(holders(), "true false");
      await believes("keepalived");

      await peer.stop();
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (master-resigned)");
      await until("Relevo has taken over", () => holders() === "false true");
      await believes("Relevo");

      peer.start();
      await until("keepalived preempts", () => holders() === "true false");
      await relevo.reaches("backup");
      t.equal(relevo.transitions.at(-1), "master -> backup (higher-priority)");
      await believes("keepalived");

      await relevo.configure([ours(200)]);
      await relevo.reaches("master");
      await until("keepalived gives way", () => holders() === "false true");
      await believes("Relevo");
      await relevo.configure([ours(100)]);
      await until("keepalived preempts again", () => holders() === "true false");
      await relevo.reaches("backup");

      await peer.kill();
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (master-down)");
      t.ok(holds(lvs2));
      t.same(peer.complaints, []);
      t.equal(relevo.counted("adverts_discarded"), 0);
      t.same(relevo.named("vrrp-address-mismatch"), []);
      await relevo.stop();
      t.same(linksOnTop(lvs2), []);
      const packets = await capture.seen(false);
      t.ok(packets.length > 10);
      for (const packet of packets)
        t.match(packet, { kind: "advert", mac, ttl: 255, checksum: "1", complaint: "" });
    });

    t.test(`${name}: Relevo 150, keepalived 100`, { ...skip }, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2, probe] = hosts(lan);
      const relevo = new Director(lan, lvs1);
      const peer = new Keepalived(lan, lvs2, theirs(100));
      const holders = () => `${holds(lvs1)} ${holds(lvs2)}`;
      await relevo.configure([ours(150)]);
      await relevo.reaches("master");
      peer.start();
      await until("keepalived is a backup", () => peer.states.at(-1) === "BACKUP");
      const sent = relevo.counted("adverts_sent");
      await until("it has been sent five adverts", () => relevo.counted("adverts_sent") >= sent + 5);
      t.equal(holders(), "true false");
      t.same(peer.states, ["BACKUP"]);
      await until("the probe reaches Relevo", () => reaches(probe, vip));
      t.equal(neighbour(probe, vip), mac);

      await relevo.stop();
      await until("keepalived takes over", () => holders() === "false true");
      await until("the probe reaches keepalived", () => reaches(probe, vip));
      t.equal(neighbour(probe, vip), mac);
      relevo.restart();
      await relevo.configure([ours(150)]);
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (preempted-lower-priority)");
      await until("keepalived lets go", () => holders() === "true false");
      await until("keepalived has seen it", () => peer.states.at(-1) === "BACKUP");

      await relevo.kill();
      await until("keepalived takes over again", () => peer.states.at(-1) === "MASTER" && holds(lvs2));
      relevo.restart();
      await relevo.configure([ours(150)], relevo.diedAt);
      await until("Relevo returns", () => holders() === "true false");
      await until("keepalived has seen that", () => peer.states.at(-1) === "BACKUP");
      t.same(peer.states, ["BACKUP", "MASTER", "BACKUP", "MASTER", "BACKUP"]);
      t.same(peer.complaints, []);
      t.equal(relevo.counted("adverts_discarded"), 0);
    });
  }
}
