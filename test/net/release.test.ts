/**
 * Goal: the supervisor takes away all that a dead failover process has left, and nothing else. Method: addresses
 * and a record on a host, the release as a program of its own there, and `ip` as the witness.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { FAILOVER_RECORD, FILTER_RECORD, LINK_RECORD, ROUTING_RECORD } from "../../src/core/report/record.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { Director, web } from "./director.ts";
import { Lan, run } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { linksOnTop, setting, VMAC4 } from "./vmac.ts";

const CLI = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const RELEASE = new URL("../../src/supervisor/release.js", import.meta.url).href;
const RTNETLINK = new URL("../../src/linux/rtnetlink.js", import.meta.url).href;
const KERNEL_ERROR = new URL("../../src/linux/kernel-error.js", import.meta.url).href;

if (hasRoot(t, import.meta.url)) {
  t.test("addresses of one network, which the kernel takes off with the first of them", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const directory = mkdtempSync(join(lan.directory, "run-"));
    const record = join(directory, FAILOVER_RECORD);
    const addresses = ["203.0.113.1", "203.0.113.2", "203.0.113.3"];
    for (const address of addresses) host.ip("addr", "add", `${address}/24`, "dev", "eth0");
    writeFileSync(
      record,
      JSON.stringify({
        addresses: addresses.map((address) => ({ interface: "eth0", address, prefixLength: 24 })),
      }),
    );
    const script = `(await import("${RELEASE}")).releaseAddresses("${directory}")`;
    run("ip", ...host.inside(), process.execPath, "--input-type=module", "--eval", `await ${script}`);
    t.strictSame(host.addresses("eth0"), ["192.0.2.11/24"]);
    t.notOk(existsSync(record));
  });

  t.test("routes, rules and the tables of nf_tables, and nothing else", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const to = { address: "203.0.113.0" as IpAddress, prefixLength: 24 };
    const blackhole = { kind: "route", family: 4, to, table: 254, metric: 0, type: "blackhole" } as const;
    const rule = { kind: "rule", family: 4, priority: 9, not: false, action: "lookup", table: 100 } as const;
    await director.configure([
      web({
        accept: false,
        routing: [{ ...blackhole, scope: "global", nexthops: [], tracked: true }, rule],
      }),
    ]);
    await director.reaches("master");
    await director.kill();
    host.ip("route", "add", "blackhole", "203.0.113.0/25", "proto", "112");
    host.ip("rule", "add", "priority", "9", "lookup", "101");
    run("ip", ...host.inside(), "nft", "add table ip mine");
    const directory = join(lan.directory, host.namespace);
    const script = `
      const { releaseAddresses, releaseFilter, releaseRouting } = await import("${RELEASE}");
      await releaseRouting("${directory}");
      await releaseAddresses("${directory}");
      await releaseFilter("${directory}");`;
    run("ip", ...host.inside(), process.execPath, "--input-type=module", "--eval", script);
    t.equal(host.ip("route", "show", "proto", "112").trim(), "blackhole 203.0.113.0/25");
    t.match(host.ip("rule", "show", "priority", "9"), /^9:\s+from all lookup 101\s*$/);
    t.equal(run("ip", ...host.inside(), "nft", "list", "tables").trim(), "table ip mine");
    t.notOk(host.holdsVip());
    for (const record of [FAILOVER_RECORD, ROUTING_RECORD, FILTER_RECORD])
      t.notOk(existsSync(join(directory, record)), record);
  });

  t.test("interfaces that were made, and the settings that were changed for them", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const directory = mkdtempSync(join(lan.directory, "run-"));
    const record = join(directory, LINK_RECORD);
    for (const name of ["vrrp.51", "other"]) {
      const mac = name === "other" ? "02:00:00:00:00:01" : VMAC4;
      host.ip("link", "add", name, "link", "eth0", "address", mac, "type", "macvlan", "mode", "private");
    }
    host.ip("link", "add", "vrrp.52", "type", "veth", "peer", "name", "vrrp.99");
    for (const name of ["arp_ignore=1", "arp_announce=1"]) host.sysctl(`net.ipv4.conf.eth0.${name}`);
    const changed = (name: string, after: string) => ({ name: `net/ipv4/conf/${name}`, before: "0", after });
    writeFileSync(
      record,
      JSON.stringify({
        links: ["vrrp.51", "vrrp.52", "vrrp.53"].map((name) => ({ name, type: "macvlan" })),
        settings: [
          changed("eth0/arp_ignore", "1"),
          changed("eth0/arp_announce", "2"),
          changed("gone/rp_filter", "1"),
        ],
      }),
    );
    const script = `(await import("${RELEASE}")).releaseLinks("${directory}")`;
    run("ip", ...host.inside(), process.execPath, "--input-type=module", "--eval", `await ${script}`);
    t.same(linksOnTop(host), ["other macvlan private on eth0 02:00:00:00:00:01 DOWN"]);
    t.match(host.ip("link", "show", "dev", "vrrp.52"), "vrrp.52", "one that is no macvlan is not ours");
    t.equal(setting(host, "net/ipv4/conf/eth0/arp_ignore"), "0");
    t.equal(setting(host, "net/ipv4/conf/eth0/arp_announce"), "1", "changed since by another hand");
    t.notOk(existsSync(record));
  });

  t.test("what will not go is told, each by itself, and the rest goes", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const directory = mkdtempSync(join(lan.directory, "run-"));
    host.ip("addr", "add", "203.0.113.1/24", "dev", "eth0");
    const bad = (name: string) => [`net/ipv4/conf/eth0/${name}`, "none"] as const;
    const address = { interface: "eth0", address: "203.0.113.1", prefixLength: 24 };
    writeFileSync(
      join(directory, FAILOVER_RECORD),
      JSON.stringify({
        addresses: [address],
        sysctls: Object.fromEntries([bad("arp_ignore"), bad("arp_notify")]),
      }),
    );
    host.ip("link", "add", "vrrp.51", "link", "eth0", "address", VMAC4, "type", "macvlan");
    const links = [{ name: "vrrp.51", type: "macvlan" }];
    const change = { name: "net/ipv4/conf/eth0/rp_filter", before: "none", after: "0" };
    host.sysctl("net.ipv4.conf.eth0.rp_filter=0");
    writeFileSync(join(directory, LINK_RECORD), JSON.stringify({ links, settings: [change] }));

    const command = [...host.inside(), process.execPath, CLI, "release", "--run-dir", directory];
    const { status, stderr } = spawnSync("ip", command, { encoding: "utf8" });
    t.equal(status, 1);
    t.strictSame(
      stderr
        .trim()
        .split("\n")
        .map((line) => /^relevo: cannot .*(arp_ignore|arp_notify|rp_filter).*EINVAL/.exec(line)?.[1] ?? line),
      ["arp_ignore", "arp_notify", "rp_filter"],
    );
    t.strictSame(host.addresses("eth0"), ["192.0.2.11/24"], "the address has gone");
    t.same(linksOnTop(host), [], "and the interface");
    for (const record of [FAILOVER_RECORD, LINK_RECORD])
      t.ok(existsSync(join(directory, record)), "what is left stays on record");
  });

  t.test("an address that will not go is dropped at for as long as it stays", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    await director.configure([web({ accept: false })]);
    await director.reaches("master");
    await director.kill();
    const directory = join(lan.directory, host.namespace);
    const tables = (): string => run("ip", ...host.inside(), "nft", "list", "tables").trim();
    const before = tables();
    t.match(before, /^table ip \S+$/);
    const released = (stuck: string): string => {
      const script = `
        const { Rtnetlink } = await import("${RTNETLINK}");
        const { KernelError } = await import("${KERNEL_ERROR}");
        const { FAILOVER_RELEASES, holdsAddresses, release } = await import("${RELEASE}");
        const { removeAddress } = Rtnetlink.prototype;
        Rtnetlink.prototype.removeAddress = async function (address) {
          if (address.address === "${stuck}") throw new KernelError("remove " + address.address, "EPERM");
          return removeAddress.call(this, address);
        };
        const left = await release(FAILOVER_RELEASES, "${directory}");
        console.log(left.map(({ errno }) => errno).join(), await holdsAddresses("${directory}"));`;
      const node = [process.execPath, "--input-type=module", "--eval", script];
      return run("ip", ...host.inside(), ...node).trim();
    };
    t.equal(released("192.0.2.100"), "EPERM true");
    t.ok(host.holdsVip());
    t.equal(tables(), before, "nobody is answered");
    t.equal(released("none"), "false");
    t.notOk(host.holdsVip());
    t.equal(tables(), "");
  });
}
