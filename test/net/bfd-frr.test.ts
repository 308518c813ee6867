/**
 * Goal: Relevo and FRRouting's bfdd keep BFD sessions with one another: up, down when the path is cut and up again, changed
 * without a flap, and closed without an alarm. Method: one of each on a segment; bfdd's own word, tcpdump and tshark are the
 * witnesses.
 */

import t from "tap";
import { milliseconds } from "../../src/core/units/time.ts";
import { Bfdd, hasBfdd } from "./bfdd.ts";
import { bfdWith, pathOf } from "./bfd-session.ts";
import { BfdCapture, type SeenBfd } from "./bfd-capture.ts";
import { Director } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const TIMES = " detect-multiplier 10\n receive-interval 100\n transmit-interval 100\n";

const WAYS = [
  {
    name: "one hop, IPv4",
    peer: "192.0.2.11",
    bfdd: ` peer 192.0.2.11 local-address 192.0.2.12 interface eth0\n${TIMES}`,
    session: bfdWith("192.0.2.12"),
    multihop: false,
  },
  {
    name: "one hop, IPv6",
    peer: "2001:db8::11",
    bfdd: ` peer 2001:db8::11 local-address 2001:db8::12 interface eth0\n${TIMES}`,
    session: bfdWith("2001:db8::12", { interface: "eth0" }),
    multihop: false,
  },
  {
    name: "one hop, link-local",
    peer: "fe80::11",
    bfdd: ` peer fe80::11 local-address fe80::12 interface eth0\n${TIMES}`,
    session: bfdWith("fe80::12", { interface: "eth0", source: bfdWith("fe80::11").neighbor }),
    multihop: false,
  },
  {
    name: "several hops, IPv4",
    peer: "192.0.2.11",
    bfdd: ` peer 192.0.2.11 multihop local-address 192.0.2.12\n${TIMES}  minimum-ttl 250\n`,
    session: bfdWith("192.0.2.12", {
      multihop: true,
      minTtl: 253,
      source: bfdWith("192.0.2.11").neighbor,
    }),
    multihop: true,
  },
  {
    name: "several hops, IPv6",
    peer: "2001:db8::11",
    bfdd: ` peer 2001:db8::11 multihop local-address 2001:db8::12\n${TIMES}`,
    session: bfdWith("2001:db8::12", {
      multihop: true,
      minTtl: 253,
      source: bfdWith("2001:db8::11").neighbor,
    }),
    multihop: true,
  },
];

if (hasRoot(t, import.meta.url)) {
  t.jobs = 2;
  for (const { name, peer, bfdd, session, multihop } of WAYS) {
    t.test(name, { skip: !hasBfdd() }, async (t) => {
      const lan = new Lan(t);
      const host = lan.host("lvs1", 11);
      const neighbor = lan.host("frr", 12);
      for (const one of [host, neighbor]) one.useIpv6();
      const frr = new Bfdd(t, neighbor, bfdd);
      await frr.start();
      const capture = await new BfdCapture(lan, neighbor).ready();
      const relevo = new Director(lan, host);
      await relevo.configure([], undefined, { bfdSessions: [session] });
      await until("Relevo is up", () => relevo.bfd[0]?.state === "up");
      await frr.sees(peer, "up");
      await until(
        "the intervals are agreed",
        () => frr.peers.get(peer)?.["remote-transmit-interval"] === 100,
      );

      await until("a rhythm can be told", () => relevo.counted("bfd_sent") > 20);

      // The intervals change, and no side goes down for it.
      const slower = { ...session, minTx: milliseconds(400), minRx: milliseconds(250), multiplier: 7 };
      await relevo.configure([], undefined, { bfdSessions: [slower] });
      await until("bfdd knows", () => frr.peers.get(peer)?.["remote-transmit-interval"] === 400);
      t.match(frr.peers.get(peer), {
        "remote-receive-interval": 250,
        "remote-detect-multiplier": 7,
        status: "up",
      });
      await relevo.configure([], undefined, { bfdSessions: [session] });
      await until("bfdd knows", () => frr.peers.get(peer)?.["remote-transmit-interval"] === 100);
      t.equal(frr.downs(peer), 0);
      t.same(relevo.named("bfd-down"), []);

      // The path is cut in the middle, so that no side loses its carrier; both notice.
      pathOf(lan, neighbor, "cut");
      await until("Relevo notices", () => relevo.bfd[0]?.state === "down");
      await frr.sees(peer, "down");
      t.match(relevo.named("bfd-down"), [{ session: "gw", diagnostic: "control detection time expired" }]);
      t.match(frr.peers.get(peer), { diagnostic: "control detection time expired" });
      pathOf(lan, neighbor, "whole");
      await until("Relevo is up again", () => relevo.bfd[0]?.state === "up");
      await frr.sees(peer, "up");
      t.equal(relevo.named("bfd-up").length, 2);

      // Relevo leaves.
      await relevo.stop();
      await frr.sees(peer, "down");
      t.match(frr.peers.get(peer), { "remote-diagnostic": "administratively down" });
      t.equal(relevo.counted("bfd_discarded"), 0);

      const seen = await capture.seen();
      const ours = seen.filter(({ from }) => from === (session.source ?? peer));
      t.ok(ours.length > 20, `${ours.length} packets of ours`);
      t.same(
        seen.filter(({ complaint }) => complaint !== ""),
        [],
        "tshark has nothing to complain of",
      );
      for (const packet of ours) {
        t.equal(packet.ttl, 255);
        t.equal(packet.destinationPort, multihop ? 4_784 : 3_784);
        t.ok(packet.sourcePort >= 49_152, `source port ${packet.sourcePort}`);
        t.equal(packet.echo, 0);
        t.ok(packet.state === "up" || packet.desiredMinTx >= 1_000_000, "slow unless up");
      }
      t.equal(new Set(ours.map(({ sourcePort }) => sourcePort)).size, 1);
      t.equal(new Set(ours.map(({ discriminator }) => discriminator)).size, 1);
      t.equal(ours.at(-1)?.state, "admin-down");
      t.ok(ours.some(({ final }) => final) && ours.some(({ poll }) => poll), "polls and answers");
      t.ok(Math.min(...rhythm(ours)) < 0.095, "the rhythm is up to a quarter faster than agreed");
    });
  }
}

/** Seconds between the first packets of ours that were nothing but one more. */
function rhythm(packets: readonly SeenBfd[]): number[] {
  const plain = packets.filter(({ state, poll, final }) => state === "up" && !poll && !final).slice(0, 15);
  return plain.slice(1).map(({ time }, index) => time - (plain[index]?.time ?? time));
}
