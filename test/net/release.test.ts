/**
 * Goal: the supervisor takes away all that a dead failover process has left, and nothing else. Method: addresses
 * and a record on a host, the release as a program of its own there, and `ip` as the witness.
 */

import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { FAILOVER_RECORD, FILTER_RECORD, ROUTING_RECORD } from "../../src/core/report/record.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { Director, web } from "./director.ts";
import { Lan, run } from "./namespace.ts";
import { hasRoot } from "./root.ts";

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
      releaseFilter("${directory}");`;
    run("ip", ...host.inside(), process.execPath, "--input-type=module", "--eval", script);
    t.equal(host.ip("route", "show", "proto", "112").trim(), "blackhole 203.0.113.0/25");
    t.match(host.ip("rule", "show", "priority", "9"), /^9:\s+from all lookup 101\s*$/);
    t.equal(run("ip", ...host.inside(), "nft", "list", "tables").trim(), "table ip mine");
    t.notOk(host.holdsVip());
    for (const record of [FAILOVER_RECORD, ROUTING_RECORD, FILTER_RECORD])
      t.notOk(existsSync(join(directory, record)), record);
  });
}
