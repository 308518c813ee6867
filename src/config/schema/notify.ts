/**
 * Whom to tell of an instance's state: scripts of an instance, named pipes of the whole director.
 */

import { z } from "zod";
import { seconds } from "../../core/units/time.ts";
import { duration } from "./duration.ts";
import { argument, refuse, textLeaf, toggle, userName } from "./leaf.ts";

/** The keys that name a script. */
export const SCRIPT_KEYS = [
  "notify_master",
  "notify_backup",
  "notify_fault",
  "notify_stop",
  "notify",
] as const;

/** The keys that name a pipe; each has one for the program that reads it. */
export const FIFO_KEYS = ["notify_fifo", "vrrp_notify_fifo", "lvs_notify_fifo"] as const;
/** One of them. */
export type FifoKey = (typeof FIFO_KEYS)[number];

/** The pipes of `global_defs`. */
export const fifoShape = {
  notify_fifo: absolutePath().optional(),
  notify_fifo_script: z.array(argument()).optional(),
  vrrp_notify_fifo: absolutePath().optional(),
  vrrp_notify_fifo_script: z.array(argument()).optional(),
  lvs_notify_fifo: absolutePath().optional(),
  lvs_notify_fifo_script: z.array(argument()).optional(),
};

/** The notify keys of an instance and of a sync group. */
export const notifyShape = {
  notify_master: z.array(argument()).optional(),
  notify_backup: z.array(argument()).optional(),
  notify_fault: z.array(argument()).optional(),
  notify_stop: z.array(argument()).optional(),
  notify: z.array(argument()).optional(),
  notify_user: userName().optional(),
  notify_timeout: duration("10ms", "1h").default(seconds(30)),
};

/** Those of an instance alone. */
export const instanceNotifyShape = {
  ...notifyShape,
  notify_master_rx_lower_pri: z.array(argument()).optional(),
  notify_priority_changes: toggle().optional(),
};

/** Where a named pipe is. */
export function absolutePath(): z.ZodType<string> {
  return textLeaf("an absolute path", (value) =>
    /^\/[^\0]*[^\0/]$/.test(value)
      ? { value }
      : refuse(
          "bad-text",
          `${JSON.stringify(value)} is no absolute path of a file: begin with / and end with a name`,
        ),
  );
}
