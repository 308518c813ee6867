/**
 * From a file's content to whom the supervisor tells of the states of instances and sync groups.
 */

import type {
  GroupNotify,
  InstanceNotify,
  NotifyConfig,
  NotifyScript,
} from "../../core/supervision/notify.ts";
import type { ServiceNotify, StateScripts } from "../../core/supervision/service-notify.ts";
import type { FileContent, InstanceContent, SyncGroupContent, VirtualServerContent } from "../schema/file.ts";
import { virtualServerName } from "../services.ts";
import { realServerNames, type UserOf } from "./balancer.ts";

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
    services: content.virtual_servers.map((server) => serviceNotify(server, content, userOf)),
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

function serviceNotify(server: VirtualServerContent, content: FileContent, userOf: UserOf): ServiceNotify {
  const stateScripts = (up: Command, down: Command): StateScripts => ({
    up: script(up, server, userOf),
    down: script(down, server, userOf),
  });
  return {
    virtual: virtualServerName(server, content.virtual_server_groups) ?? "",
    quorum: stateScripts(server.quorum_up, server.quorum_down),
    realServers: server.real_servers.flatMap((real) =>
      realServerNames(real, server).map((name) => ({
        real: name,
        scripts: stateScripts(real.notify_up, real.notify_down),
      })),
    ),
    omega: server.omega,
    timeout: server.notify_timeout,
  };
}

type Command = readonly string[] | undefined;

function script(
  command: Command,
  { notify_user: user }: { readonly notify_user?: string | undefined },
  userOf: UserOf,
): NotifyScript | undefined {
  const [program, ...rest] = command ?? [];
  return program === undefined ? undefined : { command: [program, ...rest], user: userOf(user) };
}
