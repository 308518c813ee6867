/**
 * Goal: on a kernel without IPVS the balancer says so once, and goes on with its checks.
 * Method: the process, forked as the supervisor forks it, on this machine's kernel; its real server is by direct
 * routing, so that no setting is touched.
 */

import { fork } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { milliseconds } from "../../src/core/units/time.ts";
import { BalancerProcess, kill, until } from "../ipvs/world.ts";
import { balancerConfig, realServer, virtualServer, WEB } from "../core/balance/servers.ts";
import { closedPort } from "../probes/servers.ts";

const MAIN = fileURLToPath(new URL("../../src/balancer/main.js", import.meta.url));
const HAS_IPVS = existsSync("/proc/net/ip_vs");

t.test("no IPVS is told once, and checks go on", { skip: HAS_IPVS && "this kernel has it" }, async (t) => {
  const runDir = mkdtempSync(join(tmpdir(), "relevo-balancer-"));
  const endpoint = await closedPort();
  const timing = {
    delayLoop: milliseconds(50),
    retry: 0,
    delayBeforeRetry: milliseconds(10),
    warmup: milliseconds(0),
  };
  const probe = { type: "tcp", endpoint, connectTimeout: milliseconds(5_000) } as const;
  const real = realServer(0, { ...endpoint, method: "dr", checks: [{ timing, probe }] });
  const config = balancerConfig(virtualServer({ ...WEB, port: endpoint.port }, [real]));

  const balancer = new BalancerProcess(fork(MAIN, [runDir], { serialization: "advanced" }));
  t.teardown(async () => {
    await kill(balancer.child);
    rmSync(runDir, { recursive: true });
  });
  await balancer.configure(config);
  await balancer.heard("real-server-down");
  await until("checks", () => balancer.checks.length > 5);
  await balancer.configure(config);
  t.equal(balancer.events.filter(({ name }) => name === "ipvs-unavailable").length, 1);
  await balancer.stop();
  t.ok(balancer.stopped);
  t.notOk(existsSync(join(runDir, "balancer.json")));
});
