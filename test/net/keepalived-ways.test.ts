/**
 * Goal: keepalived is a peer over every way that adverts can take: IPv6 by multicast, and unicast over both families, each
 * way round. Method: as in keepalived.test.ts, with a third host's capture or the peer's own as the witness of the packets.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import type { Delivery } from "../../src/core/vrrp/delivery.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { hasKeepalived, Keepalived, type KeepalivedOptions } from "./keepalived.ts";
import { type Host, Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { ALL_OF_IT, between, web6 } from "./web6.ts";

interface Way {
  readonly name: string;
  readonly version: 2 | 3;
  /** Seconds. */
  readonly interval: number;
  readonly router: VirtualRouter;
  readonly theirs: Partial<KeepalivedOptions>;
  /** keepalived's address, where it is told. */
  readonly unicast?: (octet: number) => string;
}

/** keepalived 2.2.7 leaves the hop limit of IPv6 unicast to the kernel, whose default is 64. */
function fromAfar(delivery: Delivery): Delivery {
  if (delivery.type === "multicast") return delivery;
  return { ...delivery, peers: delivery.peers.map((peer) => ({ ...peer, minTtl: 64 })) };
}

const SIX = { addresses: ["fe80::100/64", "2001:db8::100/64"] };

const WAYS: readonly Way[] = [
  { name: "IPv6 multicast", version: 3, interval: 0.1, router: web6(), theirs: SIX },
  {
    name: "IPv6 multicast, without a link-local address",
    version: 3,
    interval: 0.1,
    router: web6({ addresses: web6().addresses.slice(0, 1) }),
    theirs: { addresses: ["2001:db8::100/64"] },
  },
  {
    name: "IPv6 unicast",
    version: 3,
    interval: 0.1,
    router: web6({ delivery: fromAfar(between(6, 11, 12)) }),
    theirs: SIX,
    unicast: (octet) => `2001:db8::${octet}`,
  },
  {
    name: "IPv6 unicast, link-local",
    version: 3,
    interval: 0.1,
    router: web6({ delivery: fromAfar(between(6, "fe80::11", "fe80::12")) }),
    theirs: SIX,
    unicast: (octet) => `fe80::${octet}`,
  },
  {
    name: "IPv4 unicast, version 3",
    version: 3,
    interval: 0.1,
    router: web({ delivery: between(4, 11, 12), v3ChecksumAsV2: false }),
    theirs: {},
    unicast: (octet) => `192.0.2.${octet}`,
  },
  {
    name: "IPv4 unicast, version 2",
    version: 2,
    interval: 1,
    router: web({ delivery: between(4, 11, 12), version: 2, advertInterval: seconds(1) }),
    theirs: {},
    unicast: (octet) => `192.0.2.${octet}`,
  },
];

/** Whether a host holds all the virtual addresses of a way, usable. */
function holds(host: Host, { router }: Way): boolean {
  if (router.family === 4) return host.holdsVip();
  const virtual = host.addresses6("eth0").filter((address) => address.includes("::100/"));
  return (
    virtual.length === router.addresses.length && !virtual.some((address) => address.includes("tentative"))
  );
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;
  const skip = hasKeepalived() ? {} : { skip: "keepalived is not installed" };

  for (const way of WAYS) {
    const { version, interval: advertInterval, unicast } = way;
    const theirs = (priority: number, own: number, other: number): KeepalivedOptions => {
      const ends = unicast && ([unicast(own), unicast(other)] as const);
      return { version, priority, advertInterval, ...way.theirs, ...(ends && { unicast: ends }) };
    };
    const ours = (priority: number) => ({ ...way.router, priority });

    t.test(`${way.name}: keepalived 150, Relevo 100`, { ...skip }, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
      for (const host of [lvs1, lvs2]) host.useIpv6();
      const capture = await new Capture(lan, lvs1, "eth0", ALL_OF_IT).ready();
      const peer = new Keepalived(lan, lvs1, theirs(150, 11, 12));
      const relevo = new Director(lan, lvs2);
      const holders = () => `${holds(lvs1, way)} ${holds(lvs2, way)}`;
      peer.start();
      await until("keepalived holds the address", () => holds(lvs1, way));
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
      t.ok(holds(lvs2, way));
      t.same(peer.complaints, []);
      t.equal(relevo.counted("adverts_discarded"), 0);
      t.same(relevo.named("vrrp-address-mismatch"), []);

      const told = relevo.counted("adverts_sent");
      await until("it sends three more", () => relevo.counted("adverts_sent") >= told + 3);
      // What Relevo sent, as it arrived at keepalived's.
      const packets = await capture.seen(false);
      const source = unicast?.(12) ?? "fe80::12";
      const adverts = packets.filter(({ kind, from }) => kind === "advert" && from === source);
      t.ok(adverts.length >= 3);
      const to = unicast?.(11) ?? "ff02::12";
      for (const advert of adverts) t.match(advert, { to, ttl: 255, checksum: "1", complaint: "" });
      for (const packet of packets.filter(({ kind }) => kind === "neighbour"))
        t.match(packet, { checksum: "1", complaint: "" });
    });

    t.test(`${way.name}: Relevo 150, keepalived 100`, { ...skip }, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
      for (const host of [lvs1, lvs2]) host.useIpv6();
      const relevo = new Director(lan, lvs1);
      const peer = new Keepalived(lan, lvs2, theirs(100, 12, 11));
      const holders = () => `${holds(lvs1, way)} ${holds(lvs2, way)}`;
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
      await until("keepalived has seen it", () => peer.states.at(-1) === "BACKUP");
      t.same(peer.states, ["BACKUP", "MASTER", "BACKUP"]);
      t.same(peer.complaints, []);
      t.equal(relevo.counted("adverts_discarded"), 0);
    });
  }
}
