/**
 * From a file's content to whom the supervisor tells of the states of instances and sync groups.
 */

import type {
  GroupNotify,
  InstanceNotify,
  NotifyConfig,
  NotifyScript,
} from "../../core/supervision/notify.ts";
import type { FileContent, InstanceContent, SyncGroupContent } from "../schema/file.ts";
import type { UserOf } from "./balancer.ts";

/** Whom to tell. */
export function buildNotify(content: FileContent, userOf: UserOf): NotifyConfig {
  const { notify_fifo: all, vrrp_notify_fifo: vrrp } = content.global_defs;
  const paths = new Set([all, vrrp].filter((path) => path !== undefined));
  return {
    instances: [...content.vrrp_instances].map(
      ([instance, own]): InstanceNotify => ({
        instance,
        ...scripts(own, userOf),
        priorityChanges: own.notify_priority_changes ?? content.global_defs.vrrp_notify_priority_changes,
        lowerPriority: script(own.notify_master_rx_lower_pri, own, userOf),
      }),
    ),
    groups: [...content.vrrp_sync_groups].map(
      ([group, own]): GroupNotify => ({
        group,
        members: own.group,
        ...scripts(own, userOf),
      }),
    ),
    fifos: [...paths].map((path) => ({ path, owner: userOf(undefined) })),
  };
}

type Notifying = InstanceContent | SyncGroupContent;

function scripts(own: Notifying, userOf: UserOf) {
  const states = {
    master: script(own.notify_master, own, userOf),
    backup: script(own.notify_backup, own, userOf),
    fault: script(own.notify_fault, own, userOf),
    stop: script(own.notify_stop, own, userOf),
  };
  return {
    scripts: Object.fromEntries(Object.entries(states).filter(([, script]) => script !== undefined)),
    always: script(own.notify, own, userOf),
    timeout: own.notify_timeout,
  };
}

function script(
  command: readonly string[] | undefined,
  { notify_user: user }: Notifying,
  userOf: UserOf,
): NotifyScript | undefined {
  const [program, ...rest] = command ?? [];
  return program === undefined ? undefined : { command: [program, ...rest], user: userOf(user) };
}
