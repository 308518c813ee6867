/**
 * The failover process's entry point: `main.js RUN_DIRECTORY VERSION`, forked by the supervisor.
 */

import { join } from "node:path";
import { FAILOVER_RECORD, FILTER_RECORD, LINK_RECORD, ROUTING_RECORD } from "../core/report/record.ts";
import type { FailoverReport } from "../core/report/channel.ts";
import type { FailoverConfig } from "../core/vrrp/model.ts";
import { lock, unlock } from "../linux/lock.ts";
import { openParentChannel } from "../linux/parent-channel.ts";
import { Failover } from "./failover.ts";

const [runDirectory = "/run/relevo", version = "0.0.0"] = process.argv.slice(2);

const lockPath = join(runDirectory, "failover.lock");

process.title = "relevo-failover";
await lock(lockPath);
const records = {
  addresses: join(runDirectory, FAILOVER_RECORD),
  routing: join(runDirectory, ROUTING_RECORD),
  filter: join(runDirectory, FILTER_RECORD),
  links: join(runDirectory, LINK_RECORD),
};
const failover = new Failover(records, version, {
  event: (event) => channel.event(event),
  reportSoon: () => channel.reportSoon(),
  late: (seconds) => channel.late(seconds),
});
const channel = openParentChannel<FailoverConfig, FailoverReport>({
  configure: (config, diedAt) => failover.configure(config, diedAt),
  findings: (findings) => failover.found(findings),
  report: (lateness) => failover.report(lateness),
  async stop() {
    await failover.stop();
    unlock(lockPath);
  },
});
