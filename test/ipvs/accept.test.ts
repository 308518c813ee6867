/**
 * Goal: a master with no_accept balances what is sent to its address, and is itself no host there; where the kernel has no
 * nf_tables it says so and does not pretend. Method: a client, a director with a service of IPVS, and a real server behind it;
 * by network address translation and by direct routing. A kernel without nf_tables plays the same without no_accept.
 */

import { spawnSync } from "node:child_process";
import t from "tap";
import { Director, web } from "../net/director.ts";
import { type Host, Lan, run, until } from "../net/namespace.ts";
import { hasIpvs } from "./guest.ts";

t.setTimeout(220_000);

/** Answers every request with a word. */
const SERVER = `
  const [port, word] = process.argv.slice(1);
  require("node:http").createServer((_, answer) => answer.end(word)).listen(Number(port), "0.0.0.0");
`;

function serve(host: Host, port: number, word: string): void {
  host.spawn(process.execPath, "--eval", SERVER, String(port), word);
}

/** What a client gets from an address and port; undefined when nothing. */
function fetched(client: Host, target: string): string | undefined {
  const curl = ["-s", "--noproxy", "*", "-m", "3", `http://${target}/`];
  const { status, stdout } = spawnSync("ip", [...client.inside(), "curl", ...curl], { encoding: "utf8" });
  return status === 0 ? stdout : undefined;
}

function ipvs(host: Host, ...command: readonly string[]): void {
  run("ip", ...host.inside(), "ipvsadm", ...command);
}

function hasNftables(host: Host): boolean {
  const nft = (what: string) => spawnSync("ip", [...host.inside(), "nft", what, "table", "ip", "trial"]);
  return nft("add").status === 0 && nft("delete").status === 0;
}

if (hasIpvs(t, import.meta.url)) {
  t.test("what is balanced passes, what is for the director is dropped", async (t) => {
    const lan = new Lan(t);
    const [lvs1, client, real] = [lan.host("lvs1", 11), lan.host("client", 13), lan.host("real", 21)];
    const accept = !hasNftables(lvs1);
    const own = accept ? "from the director" : undefined;
    lvs1.sysctl("net.ipv4.ip_forward=1");
    // What the real server gets by translation it answers by way of the director.
    real.ip("route", "add", "default", "via", "198.51.100.11");
    real.ip("address", "flush", "dev", "eth0");
    serve(real, 80, "from the real server");
    serve(lvs1, 81, "from the director");
    const director = new Director(lan, lvs1);
    await director.configure([web({ accept: false })]);
    if (accept) {
      await director.reaches("fault", 60);
      t.match(director.named("filter-failed"), [{ table: "relevo", error: /ENOTSUP|EOPNOTSUPP/ }]);
      t.notOk(lvs1.holdsVip());
      await director.configure([web()]);
    }
    await director.reaches("master", 60);
    await until("the director serves", () => fetched(client, "192.0.2.11:81") === "from the director", 60);
    ipvs(lvs1, "-A", "-t", "192.0.2.100:80", "-s", "rr");
    ipvs(lvs1, "-a", "-t", "192.0.2.100:80", "-r", "198.51.100.21:80", "-m");
    await until("it is balanced", () => fetched(client, "192.0.2.100:80") === "from the real server", 60);
    t.equal(fetched(client, "192.0.2.100:81"), own);

    t.comment("direct routing");
    ipvs(lvs1, "-d", "-t", "192.0.2.100:80", "-r", "198.51.100.21:80");
    ipvs(lvs1, "-a", "-t", "192.0.2.100:80", "-r", "198.51.100.21:80", "-g");
    // It has the address itself, does not answer for it, and speaks to the client directly.
    real.sysctl("net.ipv4.conf.all.arp_ignore=1");
    real.sysctl("net.ipv4.conf.all.arp_announce=2");
    real.sysctl("net.ipv4.conf.all.rp_filter=0");
    real.sysctl("net.ipv4.conf.eth1.rp_filter=0");
    real.ip("address", "add", "192.0.2.100/32", "dev", "lo");
    // An address of its own there, or it would ask for the client in the name of the other.
    real.ip("address", "add", "192.0.2.21/32", "dev", "eth0");
    real.ip("route", "add", "192.0.2.13/32", "dev", "eth0");
    await until("it is balanced", () => fetched(client, "192.0.2.100:80") === "from the real server", 60);
    t.equal(fetched(client, "192.0.2.100:81"), own);
    await director.configure([web()]);
    t.equal(fetched(client, "192.0.2.100:81"), "from the director", "a host there without no_accept");
  });
}
