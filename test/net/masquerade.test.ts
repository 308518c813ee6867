/**
 * Goal: what a real server sends by itself reaches a host that does not know its network, as long as the director masquerades,
 * over IPv4 and IPv6; nobody else's table of nf_tables is touched, a flush is put right, and nothing is left. Method: the
 * balancer process, forked as the supervisor forks it; ping, `nft` and `relevo release` as witnesses. No virtual server is there:
 * test/ipvs/masquerade.test.ts has one.
 */

import { fork, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { BalancerProcess } from "../ipvs/world.ts";
import { type Host, Lan, plainEnvironment, run, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const MAIN = fileURLToPath(new URL("../../src/balancer/main.js", import.meta.url));
const CLI = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const WITH = configOf(
  `${instance()}masquerade: { sources: [198.51.100.0/24, "2001:db8:2::/64"], interface: eth0 }\n`,
).balancer;
const WITHOUT = configOf(instance()).balancer;
const TABLE = `table ip relevo-masquerade {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "eth0" ip saddr 198.51.100.0/24 counter packets N bytes N masquerade
	}
}
table ip6 relevo-masquerade {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "eth0" ip6 saddr 2001:db8:2::/64 counter packets N bytes N masquerade
	}
}
`;
const MINE = "table ip mine {\n\tchain c {\n\t\taccept\n\t}\n}\n";

function ruleset(host: Host): string {
  const listing = run("ip", ...host.inside(), "nft", "list", "ruleset");
  return listing.replaceAll(/counter packets \d+ bytes \d+/g, "counter packets N bytes N");
}

function nft(host: Host, command: string): boolean {
  return spawnSync("ip", [...host.inside(), "nft", command]).status === 0;
}

/** A balancer on a host, its records in that directory. */
function balancerOn(lan: Lan, host: Host, runDir: string): BalancerProcess {
  const child = fork(MAIN, [runDir], {
    execPath: "ip",
    execArgv: [...host.inside(), process.execPath, "--enable-source-maps"],
    env: plainEnvironment(),
    serialization: "advanced",
  });
  return new BalancerProcess(lan.own(child));
}

/** A director, a real server behind it, and somebody outside who knows the public network only. */
function place(lan: Lan): { director: Host; pings: () => boolean; pings6: () => boolean } {
  const [director, real, outside] = [lan.host("lvs1", 11), lan.host("rs1", 21), lan.host("probe", 13)];
  real.ip("link", "set", "eth0", "down");
  real.ip("route", "add", "default", "via", "198.51.100.11");
  outside.ip("link", "set", "eth1", "down");
  for (const host of [director, real, outside]) host.useIpv6();
  for (const host of [director, real])
    host.ip("address", "add", `2001:db8:2::${host.octet}/64`, "dev", "eth1", "nodad");
  real.ip("-6", "route", "add", "default", "via", "2001:db8:2::11");
  const ping = [...real.inside(), "ping", "-q", "-c", "3", "-i", "0.2", "-W", "1"];
  return {
    director,
    pings: () => spawnSync("ip", [...ping, "192.0.2.13"]).status === 0,
    pings6: () => spawnSync("ip", [...ping, "2001:db8::13"]).status === 0,
  };
}

/** Whether this kernel can masquerade; the one of the guest cannot. */
function canMasquerade(host: Host): boolean {
  const able =
    nft(host, "add table ip trial") &&
    nft(host, "add chain ip trial c { type nat hook postrouting priority 100; }") &&
    nft(host, "add rule ip trial c masquerade");
  nft(host, "delete table ip trial");
  return able;
}

if (hasRoot(t, import.meta.url)) {
  t.test(
    "masqueraded, put right after a flush, and gone with the configuration and the process",
    async (t) => {
      const lan = new Lan(t);
      const { director, pings, pings6 } = place(lan);
      if (!canMasquerade(director)) return t.comment("skipped: this kernel cannot masquerade");
      nft(director, "add table ip mine; add chain ip mine c; add rule ip mine c accept");
      const runDir = lan.directory;
      const balancer = balancerOn(lan, director, runDir);
      await balancer.configure(WITHOUT);
      t.notOk(pings() || pings6(), "nobody knows the way back");
      await balancer.configure(WITH);
      await until("the table", () => ruleset(director) === MINE + TABLE);
      await until("an answer", pings);
      await until("an answer over IPv6", pings6);

      nft(director, "delete table ip relevo-masquerade");
      nft(director, "delete table ip6 relevo-masquerade");
      await until("the table again", () => ruleset(director) === MINE + TABLE);
      t.match(await balancer.heard("masquerade-drift"), { fields: { table: "relevo-masquerade" } });

      await balancer.configure(WITHOUT);
      t.equal(ruleset(director), MINE);
      t.notOk(pings() || pings6());
      await balancer.configure(WITH);
      t.equal(ruleset(director), MINE + TABLE);
      await balancer.stop();
      t.equal(ruleset(director), MINE);
      t.equal(run("ip", ...director.inside(), "cat", "/proc/sys/net/ipv4/ip_forward").trim(), "0");

      t.comment("killed, and released");
      const second = balancerOn(lan, director, runDir);
      await second.configure(WITH);
      second.child.kill("SIGKILL");
      await until("its end", () => second.child.signalCode !== null);
      t.equal(ruleset(director), MINE + TABLE);
      run("ip", ...director.inside(), process.execPath, CLI, "release", "--run-dir", runDir);
      t.equal(ruleset(director), MINE);
      t.notOk(spawnSync("ls", [join(runDir, "masquerade.json")]).status === 0);
    },
  );
}
