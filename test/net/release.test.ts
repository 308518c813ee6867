/**
 * Goal: the supervisor takes every address off that a dead failover process has left, and nothing else. Method: addresses
 * and a record on a host, the release as a program of its own there, and `ip` as the witness.
 */

import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { FAILOVER_RECORD } from "../../src/core/report/record.ts";
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
}
