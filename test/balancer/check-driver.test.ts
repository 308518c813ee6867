/**
 * Goal: whoever was down and is up has come back, whatever made it so, and starts slowly.
 * Method: the driver with real checks of ports on this machine.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { type CheckDriver, driveChecks } from "../../src/balancer/check-driver.ts";
import type { BalancerConfig } from "../../src/core/balance/model.ts";
import type { Check, Endpoint } from "../../src/core/health/model.ts";
import { tableWeight } from "../../src/core/health/roster.ts";
import { milliseconds, seconds } from "../../src/core/units/time.ts";
import { now } from "../../src/linux/clock.ts";
import { openProgramRoll } from "../../src/linux/program-roll.ts";
import { balancerConfig, realServer, virtualServer, WEB } from "../core/balance/servers.ts";
import { until } from "../ipvs/world.ts";
import { closedPort, serve } from "../probes/servers.ts";

/** A driver, and what it told. */
function openDriver(t: { teardown(end: () => Promise<void>): void }): [CheckDriver, string[]] {
  const folder = mkdtempSync(join(tmpdir(), "relevo-checks-"));
  const told: string[] = [];
  const driver = driveChecks(
    {
      onProbed() {},
      onForgiven() {},
      onVerdict: (_, check, detail) => told.push(check === undefined ? detail : check.check.probe.type),
      onLate() {},
    },
    openProgramRoll(join(folder, "programs.json"), () => {}),
  );
  t.teardown(async () => {
    await driver.stop();
    rmSync(folder, { recursive: true });
  });
  return [driver, told];
}

function checkOf(endpoint: Endpoint): Check {
  const timing = {
    delayLoop: milliseconds(50),
    retry: 0,
    delayBeforeRetry: milliseconds(10),
    warmup: milliseconds(0),
  };
  return { timing, probe: { type: "tcp", endpoint, connectTimeout: seconds(30) } };
}

/** One real server with weight 100 that takes an hour to it. */
function slowServer(alpha: boolean, ...checks: readonly Check[]): BalancerConfig {
  const real = realServer(21, { weight: 100, slowStart: seconds(3_600), alpha, checks });
  return balancerConfig(virtualServer(WEB, [real]));
}

function weight(driver: CheckDriver): number {
  const [server] = driver.roster.values();
  return server === undefined ? -1 : tableWeight(server, now());
}

t.test("a reload that takes the failing check away starts it slowly", async (t) => {
  const [driver, told] = openDriver(t);
  const well = await serve(() => {});
  t.teardown(() => well.close());
  const good = checkOf(well.endpoint);
  driver.configure(slowServer(false, good, checkOf(await closedPort())), () => undefined);
  t.equal(weight(driver), 100, "it was up from the start");
  await until("it is down", () => told.length === 1);
  t.equal(weight(driver), 0);
  driver.configure(slowServer(false, good), () => undefined);
  t.equal(told.at(-1), "its checks have changed");
  t.equal(weight(driver), 10);
  driver.configure(slowServer(false, good, good), () => undefined);
  t.equal(weight(driver), 10, "and is on its way after another reload");
});

t.test("with alpha the first success is a return, without it there is none", async (t) => {
  const well = await serve(() => {});
  t.teardown(() => well.close());
  const [driver, told] = openDriver(t);
  driver.configure(slowServer(true, checkOf(well.endpoint)), () => undefined);
  t.equal(weight(driver), 0);
  await until("it is up", () => told.at(-1) === "tcp");
  t.equal(weight(driver), 10);
  const [other] = openDriver(t);
  other.configure(slowServer(false, checkOf(well.endpoint)), () => undefined);
  t.equal(weight(other), 100);
});
