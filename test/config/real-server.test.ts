/**
 * Goal: a real server reads the directors' file though it is none of them and has none of their programs, keys and accounts;
 * what is wrong with the file is told all the same. Method: texts.
 */

import t from "tap";
import { readRealServer } from "../../src/config/read.ts";

const FILE = `
directors:
  lvs1: { priority: 150, addresses: { a: 192.0.2.11, b: 198.51.100.11 } }
  lvs2: { priority: 100, addresses: { a: 192.0.2.12, b: 198.51.100.12 } }
heartbeat: { key_file: /nowhere/heartbeat.key }
global_defs: { script_user: nobody-here }
vrrp_instances:
  web: { interface: eth9, virtual_router_id: 51, virtual_ipaddress: [192.0.2.100/24], notify: [/nowhere/notify] }
virtual_servers:
  - address: 192.0.2.100
    port: 80
    lvs_method: DR
    real_servers: [{ address: 198.51.100.21, checks: [{ script: { command: [/nowhere/check] } }] }]
`;

t.test("the directors' file, on a machine that is none of them", (t) => {
  const { config, diagnostics } = readRealServer(FILE);
  t.strictSame(
    diagnostics.filter(({ severity }) => severity === "error"),
    [],
  );
  t.match(config, {
    interface: "lo",
    markAddresses: [],
    floating: ["192.0.2.100"],
    directors: ["lvs1", "lvs2"],
    virtualServers: [
      { name: "tcp 192.0.2.100:80", realServers: [{ address: "198.51.100.21", method: "dr" }] },
    ],
  });
  t.end();
});

t.test("what is said to the real servers", (t) => {
  const { config } = readRealServer(
    `${FILE}realserver: { interface: vips0, fwmark_addresses: [192.0.2.101, "2001:db8::1"] }\n`,
  );
  t.match(config, { interface: "vips0", markAddresses: ["192.0.2.101", "2001:db8::1"] });
  t.end();
});

t.test("a file with an error makes nothing", (t) => {
  const codes = (text: string) => readRealServer(text).diagnostics.map(({ code }) => code);
  t.strictSame(codes(`${FILE}realserver: { interface: "a/b" }\n`).slice(-1), ["bad-name"]);
  t.ok(codes(FILE.replace("DR", "WARP")).includes("unknown-value"));
  t.equal(readRealServer(FILE.replace("DR", "WARP")).config, undefined);
  t.end();
});
