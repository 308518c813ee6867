/**
 * From a file's content to whom the supervisor tells of the instances' states.
 */

import type { InstanceNotify, NotifyConfig, NotifyScript } from "../../core/supervision/notify.ts";
import type { FileContent, InstanceContent } from "../schema/file.ts";
import type { UserOf } from "./balancer.ts";

/** Whom to tell. */
export function buildNotify(content: FileContent, userOf: UserOf): NotifyConfig {
  const { notify_fifo: all, vrrp_notify_fifo: vrrp } = content.global_defs;
  const paths = new Set([all, vrrp].filter((path) => path !== undefined));
  return {
    instances: [...content.vrrp_instances].map(([name, instance]) => instanceNotify(name, instance, userOf)),
    fifos: [...paths].map((path) => ({ path, owner: userOf(undefined) })),
  };
}

function instanceNotify(name: string, instance: InstanceContent, userOf: UserOf): InstanceNotify {
  const script = (command: readonly string[] | undefined): NotifyScript | undefined => {
    const [program, ...rest] = command ?? [];
    if (program === undefined) return undefined;
    return { command: [program, ...rest], user: userOf(instance.notify_user) };
  };
  const own = {
    master: script(instance.notify_master),
    backup: script(instance.notify_backup),
    fault: script(instance.notify_fault),
    stop: script(instance.notify_stop),
  };
  return {
    instance: name,
    scripts: Object.fromEntries(Object.entries(own).filter(([, script]) => script !== undefined)),
    always: script(instance.notify),
    timeout: instance.notify_timeout,
  };
}
