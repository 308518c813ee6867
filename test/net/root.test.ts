/** The ground that the other tests of this folder stand on: a namespace and an address in it. */

import { spawnSync } from "node:child_process";
import t from "tap";
import { hasRoot } from "./root.ts";

const NAMESPACE = `relevo-test-${process.pid}`;

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 10_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr || error?.message || status}`);
  return stdout;
}

if (hasRoot(t, import.meta.url)) {
  t.test("a namespace has interfaces and addresses of its own", async (t) => {
    run("ip", "netns", "add", NAMESPACE);
    t.teardown(() => run("ip", "netns", "del", NAMESPACE));
    run("ip", "-n", NAMESPACE, "link", "add", "eth0", "type", "veth", "peer", "name", "eth1");
    run("ip", "-n", NAMESPACE, "address", "add", "192.0.2.11/24", "dev", "eth0");
    t.match(run("ip", "-n", NAMESPACE, "-o", "-4", "address", "show", "dev", "eth0"), "192.0.2.11/24");
    t.notMatch(run("ip", "-o", "-4", "address", "show"), "192.0.2.11");
  });
}
