/** The balancer process's entry point: `main.js RUN_DIRECTORY`, forked by the supervisor. */

import { join } from "node:path";
import type { BalancerConfig } from "../core/balance/model.ts";
import type { BalancerAnswer, BalancerCall, BalancerReport } from "../core/report/channel.ts";
import { lock, unlock } from "../linux/lock.ts";
import { openParentChannel } from "../linux/parent-channel.ts";
import { openBalancer } from "./balancer.ts";

const runDirectory = process.argv[2] ?? "/run/relevo";
const lockPath = join(runDirectory, "balancer.lock");

process.title = "relevo-balancer";
await lock(lockPath);
const balancer = openBalancer(runDirectory, {
  event: (event) => channel.event(event),
  reportSoon: () => channel.reportSoon(),
  late: (seconds) => channel.late(seconds),
});
const channel = openParentChannel<BalancerConfig, BalancerReport, BalancerCall, BalancerAnswer>({
  ...balancer,
  reportsAreLarge: true,
  async stop() {
    await balancer.stop();
    unlock(lockPath);
  },
});
