/**
 * Goal: a director that is killed as a whole leaves its VIP for no longer than the lease, or until `relevo release`; and
 * one that runs is safe from that. Method: SIGKILL to all three processes; `ip`, sysctl and the run directory are the
 * witnesses.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";
import { hasRoot } from "../net/root.ts";
import { configuration, type Director, Pair, until, VIP } from "./pair.ts";

const RELEVO = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const SERVER = `
virtual_servers:
  - { address: 192.0.2.100, port: 80, real_servers: [{ address: 192.0.2.11, port: 9, checks: [] }] }
`;

/** The lease when nobody says otherwise, and what the kernel may take to notice. */
const LEASE_MS = 3_000;
const SLACK_MS = 1_500;

function release({ namespace, runDirectory }: Director): { status: number | null; stderr: string } {
  const command = [process.execPath, RELEVO, "release", "--run-dir", runDirectory];
  return spawnSync("ip", ["netns", "exec", namespace, ...command], { encoding: "utf8", timeout: 30_000 });
}

async function killAll(director: Director): Promise<void> {
  for (const name of ["supervisor", "failover", "balancer"] as const)
    process.kill(director.pid(name), "SIGKILL");
  await until("nothing runs there", () => director.processes().length === 0);
}

if (hasRoot(t, import.meta.url)) {
  t.test("without anybody's help the VIP goes with its lease", async (t) => {
    const pair = new Pair(configuration());
    t.teardown(() => pair.close());
    const { lvs1 } = pair;
    await lvs1.start();
    await until("lvs1 holds the VIP", () => lvs1.holds(VIP));
    const killed = performance.now();
    await killAll(lvs1);
    await until("the VIP is gone", () => !lvs1.holds(VIP));
    const after = performance.now() - killed;
    t.ok(after < LEASE_MS + SLACK_MS, `after ${after} ms`);
    await lvs1.start();
    await until("it holds the VIP again", () => lvs1.holds(VIP));
  });

  t.test("relevo release", async (t) => {
    const pair = new Pair(configuration(`${SERVER}\nglobal_defs: { vip_lease: false }`));
    t.teardown(() => pair.close());
    const { lvs1 } = pair;
    t.equal(release(lvs1).status, 0, "there is no run directory: nothing to do");
    await lvs1.start();
    await until("lvs1 holds the VIP", () => lvs1.holds(VIP));
    const forwarding = (): string => lvs1.run("sysctl", "-n", "net.ipv4.ip_forward").trim();
    await until("it forwards", () => forwarding() === "1");
    const refused = release(lvs1);
    t.equal(refused.status, 1);
    t.match(refused.stderr, /another relevo \(process \d+\) runs with the run directory/);
    t.ok(lvs1.holds(VIP), "nothing was touched");

    await killAll(lvs1);
    t.ok(lvs1.holds(VIP), "without a lease nobody takes it off");
    const released = release(lvs1);
    t.equal(released.status, 0, released.stderr);
    t.notOk(lvs1.holds(VIP));
    t.same(lvs1.addresses(), ["192.0.2.11/24"]);
    t.equal(forwarding(), "0", "as it was before Relevo");
    t.same(lvs1.runFiles(), [], "no record is left");
    t.equal(release(lvs1).status, 0, "again: nothing to do");
  });
}
