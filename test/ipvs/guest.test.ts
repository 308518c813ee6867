/**
 * The ground that the other tests of this folder stand on: wherever this runs, here or in the guest, the kernel's IPVS
 * answers, and a namespace has a table of its own.
 */

import { spawnSync } from "node:child_process";
import t from "tap";
import { hasIpvs } from "./guest.ts";

const NAMESPACE = `relevo-test-${process.pid}`;

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 10_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr || error?.message || status}`);
  return stdout;
}

if (hasIpvs(t, import.meta.url)) {
  t.test("a service added in a namespace is there and nowhere else", async (t) => {
    run("ip", "netns", "add", NAMESPACE);
    t.teardown(() => run("ip", "netns", "del", NAMESPACE));
    // A real server is refused while the namespace has no table of local routes.
    run("ip", "-n", NAMESPACE, "link", "set", "lo", "up");
    const inside = (...args: string[]) => run("ip", "netns", "exec", NAMESPACE, "ipvsadm", ...args);
    inside("-A", "-t", "192.0.2.100:80", "-s", "wlc");
    inside("-a", "-t", "192.0.2.100:80", "-r", "198.51.100.21:80", "-m", "-w", "3");
    t.equal(
      inside("-S", "-n"),
      "-A -t 192.0.2.100:80 -s wlc\n-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 3\n",
    );
    t.notMatch(run("ipvsadm", "-S", "-n"), "192.0.2.100:80");
  });
}
