/** Goal: the examples that are shipped are good on both of their directors. Method: each file of etc is read. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readRealServer } from "../../src/config/read.ts";
import { read } from "./reading.ts";

const FILES = readdirSync("etc").filter((name) => name.endsWith(".yaml"));

t.test("each example is read without a word", (t) => {
  t.ok(FILES.includes("relevo.yaml"));
  for (const file of FILES) {
    const text = readFileSync(join("etc", file), "utf8");
    for (const hostname of ["lvs1", "lvs2"]) t.strictSame(read(text, { hostname }).diagnostics, [], file);
    t.ok(readRealServer(text).config, `${file}, on a real server`);
  }
  t.end();
});

t.test("with the example for NAT the way back floats together with the virtual address", (t) => {
  const { config } = read(readFileSync("etc/relevo-nat.yaml", "utf8"));
  t.match(config?.failover.routers, [
    { name: "web", syncGroup: "site", addresses: [{ address: "192.0.2.100", interface: "eth0" }] },
    { name: "lan", syncGroup: "site", addresses: [{ address: "198.51.100.1", interface: "eth1" }] },
  ]);
  t.match(config?.balancer.masquerade, { interface: "eth0", sources: [{ address: "198.51.100.0" }] });
  t.end();
});
