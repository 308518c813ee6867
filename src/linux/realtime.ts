/** Real-time scheduling for a whole process: a late advert is a false failover. */

import { readdirSync } from "node:fs";
import { SCHED_OTHER, SCHED_RESET_ON_FORK, SCHED_RR, setScheduler } from "./libc.ts";

/**
 * Gives every thread of this process SCHED_RR at `priority` (1..99), which processes that it starts do not inherit; 0
 * puts it back to normal scheduling. Throws a KernelError, EPERM without CAP_SYS_NICE or RLIMIT_RTPRIO.
 */
export function runInRealTime(priority: number): void {
  const policy = priority === 0 ? SCHED_OTHER : SCHED_RR | SCHED_RESET_ON_FORK;
  for (const thread of readdirSync("/proc/self/task")) setScheduler(Number(thread), policy, priority);
}
