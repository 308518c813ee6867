/**
 * Goal: the supervisor takes every address off that a dead failover process has left, and nothing else. Method: addresses
 * and a record on a host, the release as a program of its own there, and `ip` as the witness.
 */

import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { FAILOVER_RECORD, LINK_RECORD } from "../../src/core/report/record.ts";
import { Lan, run } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { linksOnTop, setting, VMAC4 } from "./vmac.ts";

const RELEASE = new URL("../../src/supervisor/release.js", import.meta.url).href;

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
}
