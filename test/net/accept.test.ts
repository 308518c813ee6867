/**
 * Goal: with no_accept a master answers for its addresses on the link and is no host there; nobody else's table of nf_tables
 * is touched. Method: a client that asks by ARP and neighbour discovery, pings and connects; `nft` as the witness.
 */

import { spawnSync } from "node:child_process";
import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { Director, VIP, web } from "./director.ts";
import { type Host, Lan, run, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { web6 } from "./web6.ts";

/** What `nft` lists on a host. */
function ruleset(host: Host): string {
  return run("ip", ...host.inside(), "nft", "list", "ruleset");
}

function nft(host: Host, command: string): void {
  run("ip", ...host.inside(), "nft", command);
}

/** Whether one ping of three is answered. */
function answers(from: Host, address: string, ...options: readonly string[]): boolean {
  const ping = ["ping", "-q", "-c", "3", "-i", "0.2", "-W", "1", ...options, address];
  return spawnSync("ip", [...from.inside(), ...ping]).status === 0;
}

/** Forgets what a host knows of its neighbours, and says what it learns of one. */
function neighbour(from: Host, address: string): string {
  return from.ip("neighbour", "show", address, "dev", "eth0");
}

const TABLE = `table ip relevo {
	set vips {
		type ipv4_addr
		elements = { 192.0.2.100 }
	}

	chain input {
		type filter hook input priority 110; policy accept;
		ip daddr @vips counter packets N bytes N drop
	}
}
`;
const TABLE6 = `table ip6 relevo {
	set vips {
		type ipv6_addr
		elements = { 2001:db8::100,
			     fe80::100 }
	}

	chain input {
		type filter hook input priority 110; policy accept;
		ip6 daddr @vips icmpv6 type nd-neighbor-solicit accept
		ip6 daddr @vips icmpv6 type nd-neighbor-advert accept
		ip6 daddr @vips counter packets N bytes N drop
	}
}
`;
const OTHERS = "table ip mine {\n\tchain c {\n\t\tip daddr 192.0.2.100 accept\n\t}\n}\n";

function plain(listing: string): string {
  return listing.replaceAll(/counter packets \d+ bytes \d+/g, "counter packets N bytes N");
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  t.test("no_accept: ARP is answered, ping is not; the interface's own address is a host", async (t) => {
    const lan = new Lan(t);
    const [lvs1, probe] = [lan.host("lvs1", 11), lan.host("probe", 13)];
    nft(lvs1, "add table ip mine; add chain ip mine c; add rule ip mine c ip daddr 192.0.2.100 accept");
    const director = new Director(lan, lvs1);
    await director.configure([web({ accept: false, advertInterval: seconds(15) })]);
    t.notOk(lvs1.holdsVip(), "it listens for another while");
    t.equal(plain(ruleset(lvs1)), OTHERS + TABLE, "the table is there before the address");
    await director.configure([web({ accept: false })]);
    await director.reaches("master");
    t.notOk(answers(probe, "192.0.2.100"));
    t.match(neighbour(probe, "192.0.2.100"), /lladdr/, "ARP is answered");
    t.ok(answers(probe, "192.0.2.11"));
    t.match(ruleset(lvs1), /counter packets [1-9]\d* bytes/, "they were counted");

    t.test("a reload switches it off and on, without a change of state", async (t) => {
      await director.configure([web()]);
      t.equal(ruleset(lvs1), OTHERS);
      t.ok(answers(probe, "192.0.2.100"));
      await director.configure([web({ accept: false })]);
      t.equal(plain(ruleset(lvs1)), OTHERS + TABLE);
      t.notOk(answers(probe, "192.0.2.100"));
      t.same(director.transitions, ["init -> backup (startup)", "backup -> master (master-down)"]);
    });

    t.test("the same again writes nothing", async (t) => {
      const counted = () => Number(/counter packets (\d+)/.exec(ruleset(lvs1))?.[1]);
      const before = counted();
      t.ok(before > 0);
      await director.configure([web({ accept: false, priority: 99 })]);
      t.ok(counted() >= before, "a new table would count from zero");
    });

    t.test("a firewall that flushes all rules, or a single one: made anew and counted", async (t) => {
      nft(lvs1, "flush ruleset");
      await until("it is back", () => plain(ruleset(lvs1)) === TABLE);
      await until("it is counted", () => director.counted("drift", { kind: "filter" }) === 1);
      nft(lvs1, "flush chain ip relevo input");
      await until("it is back", () => plain(ruleset(lvs1)) === TABLE);
      nft(lvs1, "delete element ip relevo vips { 192.0.2.100 }");
      await until("it is back", () => plain(ruleset(lvs1)) === TABLE);
      nft(lvs1, "add table ip mine; add chain ip mine c; add rule ip mine c ip daddr 192.0.2.100 accept");
      await director.nextReport();
      t.equal(director.counted("drift", { kind: "filter" }), 3, "another's table is no drift");
      t.equal(director.named("filter-drift").length, 3);
    });

    t.test("killed and back: it is still there, and gone when it has stopped", async (t) => {
      await director.kill();
      t.match(plain(ruleset(lvs1)), "table ip relevo");
      director.restart();
      await director.configure([web({ accept: false })]);
      await director.reaches("master");
      t.notOk(answers(probe, "192.0.2.100"));
      await director.kill();
      director.restart();
      await director.configure([]);
      t.equal(ruleset(lvs1), OTHERS, "what an earlier life left");
      await director.configure([web({ accept: false })]);
      await director.stop();
      t.equal(ruleset(lvs1), OTHERS);
      t.equal(run("find", lan.directory, "-name", "filter.json"), "", "no record is left");
    });
  });

  t.test("over IPv6 neighbours still find the address, by multicast and by unicast", async (t) => {
    const lan = new Lan(t);
    const [lvs1, probe] = [lan.host("lvs1", 11), lan.host("probe", 13)];
    for (const host of [lvs1, probe]) host.useIpv6();
    const director = new Director(lan, lvs1);
    await director.configure([web6({ accept: false })]);
    await director.reaches("master");
    t.equal(plain(ruleset(lvs1)), TABLE6);
    t.notOk(answers(probe, "2001:db8::100", "-6"));
    t.ok(answers(probe, "2001:db8::11", "-6"));
    t.match(neighbour(probe, "2001:db8::100"), /lladdr/);
    // A stale entry is verified with a question to the address itself.
    const mac = /lladdr (\S+)/.exec(neighbour(probe, "2001:db8::100"))?.[1] ?? "";
    probe.ip("neighbour", "replace", "2001:db8::100", "lladdr", mac, "dev", "eth0", "nud", "probe");
    await until("it is verified", () => /REACHABLE/.test(neighbour(probe, "2001:db8::100")));
    await director.stop();
    t.equal(ruleset(lvs1), "");
  });

  t.test("by default it is a host there", async (t) => {
    const lan = new Lan(t);
    const [lvs1, probe] = [lan.host("lvs1", 11), lan.host("probe", 13)];
    const director = new Director(lan, lvs1);
    await director.configure([web()]);
    await director.reaches("master");
    t.ok(answers(probe, "192.0.2.100"));
    t.equal(ruleset(lvs1), "");
  });

  t.test("a thousand addresses fit", async (t) => {
    const lan = new Lan(t);
    const lvs1 = lan.host("lvs1", 11);
    const director = new Director(lan, lvs1);
    const addresses = Array.from({ length: 1_000 }, (_, index) => ({
      ...VIP,
      address: `10.0.${index >> 8}.${index & 255}` as IpAddress,
      prefixLength: 32,
      ...(index > 0 ? { excluded: true as const } : {}),
    }));
    await director.configure([web({ accept: false, addresses })]);
    t.equal(ruleset(lvs1).match(/10\.0\.\d+\.\d+/g)?.length, 1_000);
    t.same(director.named("filter-failed"), []);
  });
}
