/**
 * Goal: `relevo realserver remove` undoes what `apply` did and nothing else, also when `apply` failed halfway and a person did the
 * rest. Method: a real server without IPv6, where the second of three addresses is refused; `ip` and `sysctl` are the witnesses.
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { instance } from "../config/reading.ts";
import { Lan, plainEnvironment, run } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const CLI = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const VIRTUAL_SERVERS = `virtual_servers:
  - { address: 192.0.2.100, port: 80, lvs_method: DR, real_servers: [{ address: 198.51.100.21 }] }
  - { address: "2001:db8:1::100", port: 80, lvs_method: DR, real_servers: [{ address: "2001:db8:2::21" }] }
  - { address: "2001:db8:1::101", port: 80, lvs_method: DR, real_servers: [{ address: "2001:db8:2::21" }] }
`;
const ADDRESSES = ["--address", "198.51.100.21", "--address", "2001:db8:2::21"];

if (hasRoot(t, import.meta.url)) {
  t.test("what a person did after an apply that failed stays", (t) => {
    const lan = new Lan(t);
    const host = lan.host("real", 21);
    const [file, runDir] = [join(lan.directory, "relevo.yaml"), join(lan.directory, "run")];
    writeFileSync(file, `${instance()}${VIRTUAL_SERVERS}`);
    const realserver = (action: "apply" | "remove", ...options: readonly string[]) => {
      const command = [process.execPath, CLI, "realserver", action, ...options, "--run-dir", runDir];
      const settings = { encoding: "utf8", env: plainEnvironment() } as const;
      const { status, stdout, stderr } = spawnSync("ip", [...host.inside(), ...command], settings);
      return { status, lines: `${stdout}${stderr}`.trim().split("\n") };
    };
    const onLo = () =>
      host
        .ip("-o", "address", "show", "dev", "lo")
        .split("\n")
        .map((line) => /inet6? (\S+)/.exec(line)?.[1] ?? "")
        .filter((address) => address !== "" && !address.startsWith("127.") && address !== "::1/128");
    const arpIgnore = () =>
      run("ip", ...host.inside(), "sysctl", "-n", "net.ipv4.conf.all.arp_ignore").trim();

    const { status, lines } = realserver("apply", "--config", file, ...ADDRESSES);
    t.equal(status, 1);
    t.match(lines.at(-2), /^ip address add 2001:db8:1::100\/128 dev lo/);
    t.match(lines.at(-1), /^relevo: cannot add address 2001:db8:1::100\/128/);
    t.strictSame(onLo(), ["192.0.2.100/32"]);
    t.equal(arpIgnore(), "1");
    t.match(JSON.parse(readFileSync(join(runDir, "realserver.json"), "utf8")), {
      addresses: [{ interface: "lo", address: "192.0.2.100" }],
    });

    host.sysctl("net.ipv6.conf.lo.disable_ipv6=0");
    for (const address of ["2001:db8:1::100/128", "2001:db8:1::101/128"])
      host.ip("address", "add", address, "dev", "lo", "nodad");
    t.match(realserver("remove"), { status: 0 });
    t.strictSame(onLo().toSorted(), ["2001:db8:1::100/128", "2001:db8:1::101/128"]);
    t.equal(arpIgnore(), "0");
    t.end();
  });
}
