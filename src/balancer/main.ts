/** The balancer process: the supervisor forks it with the run directory as its one argument. */

import type { BalancerConfig } from "../core/balance/model.ts";
import type { BalancerReport } from "../core/report/channel.ts";
import { openParentChannel } from "../linux/parent-channel.ts";
import { openBalancer } from "./balancer.ts";

const [runDir] = process.argv.slice(2);
if (runDir === undefined) throw new Error("the run directory is missing");

const balancer = openBalancer(runDir, {
  event: (event) => channel.event(event),
  reportSoon: () => channel.reportSoon(),
  late: (seconds) => channel.late(seconds),
});

const channel = openParentChannel<BalancerConfig, BalancerReport>(balancer);
