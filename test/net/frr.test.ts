/**
 * Goal: Relevo and FRRouting's vrrpd are one pair, each way round, over both families, with a virtual hardware address at
 * Relevo's and without. Method: one of each on a segment; FRRouting's own word and `ip` tell who is master, tshark judges
 * the packets.
 */

import t, { type Test } from "tap";
import { seconds } from "../../src/core/units/time.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Capture, type Seen } from "./capture.ts";
import { Director, web } from "./director.ts";
import { Frr, hasFrr } from "./frr.ts";
import { type Host, Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { addressesOn, VMAC4, VMAC6, withVmac } from "./vmac.ts";
import { web6 } from "./web6.ts";

/** FRRouting always has a macvlan; Relevo has one when asked for. */
const WAYS = [
  { name: "version 3", version: 3, milliseconds: 100, router: web() },
  { name: "version 2", version: 2, milliseconds: 1_000, router: web() },
  { name: "version 3 with use_vmac", version: 3, milliseconds: 100, router: withVmac(web()) },
  { name: "IPv6", version: 3, milliseconds: 100, router: web6() },
  { name: "IPv6 with use_vmac", version: 3, milliseconds: 100, router: withVmac(web6()) },
] as const;

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;

  for (const { name, version, milliseconds, router } of WAYS) {
    const { family } = router;
    // FRRouting 8 computes the version 3 checksum with a pseudo-header.
    const mine = (priority: number): VirtualRouter => ({
      ...router,
      version,
      priority,
      advertInterval: seconds(milliseconds / 1_000),
      v3ChecksumAsV2: false,
    });
    const theirs = (priority: number) => ({ version, priority, advertInterval: milliseconds, family });
    const [vip] = router.addresses;
    const holds = (host: Host) =>
      addressesOn(host, vip?.interface ?? "").some((address) => address.startsWith(`${vip?.address}/`));
    const hosts = (lan: Lan) => {
      const both = [lan.host("lvs1", 11), lan.host("frr", 12)] as const;
      if (family === 6) for (const host of both) host.useIpv6();
      return both;
    };
    /** What tshark makes of all adverts; Relevo's have the virtual hardware address when it has the interface for it. */
    const judge = (t: Test, packets: readonly Seen[]) => {
      t.ok(packets.length > 5);
      const mac = family === 6 ? VMAC6 : VMAC4;
      for (const packet of packets) {
        t.match(packet, { kind: "advert", ttl: 255, checksum: "1", complaint: "" });
        if (router.link !== undefined) t.equal(packet.mac, mac);
      }
    };

    t.test(`${name}: FRRouting is master, Relevo backup`, { skip: !hasFrr() }, async (t) => {
      const lan = new Lan(t);
      const [host, other] = hosts(lan);
      const capture = await new Capture(lan, host, "eth0", "proto 112").ready();
      const frr = new Frr(t, other, theirs(200));
      await frr.start();
      await until("FRRouting is master", () => frr.state === "Master");
      const relevo = new Director(lan, host);
      await relevo.configure([mine(100)]);
      await until("Relevo has heard it for a while", () => relevo.counted("adverts_received") >= 5);
      t.equal(relevo.state, "backup");
      t.notOk(holds(host));
      t.equal(relevo.counted("adverts_discarded"), 0);
      t.same(relevo.named("vrrp-interval-mismatch"), []);
      t.same(relevo.named("vrrp-address-mismatch"), []);

      frr.kill();
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (master-down)");
      t.ok(holds(host));

      await frr.start();
      await relevo.reaches("backup");
      t.equal(relevo.transitions.at(-1), "master -> backup (higher-priority)");
      t.notOk(holds(host));
      t.equal(frr.state, "Master");

      await relevo.configure([mine(250)]);
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (preempted-lower-priority)");
      await until("FRRouting gives way", () => frr.state === "Backup");
      t.ok(holds(host));
      judge(t, await capture.seen(false));
      frr.kill();
    });

    t.test(`${name}: Relevo is master, FRRouting backup`, { skip: !hasFrr() }, async (t) => {
      const lan = new Lan(t);
      const [host, other] = hosts(lan);
      const capture = await new Capture(lan, other, "eth0", "proto 112").ready();
      const frr = new Frr(t, other, theirs(100));
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
      t.notOk(holds(host));
      await until("FRRouting takes over", () => frr.state === "Master");

      relevo.restart();
      await relevo.configure([mine(200)]);
      await relevo.reaches("master");
      t.equal(relevo.transitions.at(-1), "backup -> master (preempted-lower-priority)");
      await until("FRRouting gives way", () => frr.state === "Backup");
      t.ok(holds(host));
      judge(t, await capture.seen(false));
      frr.kill();
    });
  }
}
