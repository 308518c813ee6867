/**
 * From a file's content to whom the supervisor tells of the states of instances and sync groups.
 */

import type {
  FifoSubject,
  GroupNotify,
  InstanceNotify,
  NotifyConfig,
  NotifyFifo,
  NotifyScript,
} from "../../core/supervision/notify.ts";
import {
  realWord,
  type ServiceNotify,
  type StateScripts,
  virtualWord,
} from "../../core/supervision/service-notify.ts";
import { realServerName } from "../../core/balance/model.ts";
import type { FifoKey } from "../schema/notify.ts";
import type { FileContent, InstanceContent, SyncGroupContent, VirtualServerContent } from "../schema/file.ts";
import { virtualServerName } from "../services.ts";
import { realServerIds, type UserOf } from "./balancer.ts";

/** What is written to which pipe. */
const FIFOS: Readonly<Record<FifoKey, readonly FifoSubject[]>> = {
  notify_fifo: ["instances", "services"],
  vrrp_notify_fifo: ["instances"],
  lvs_notify_fifo: ["services"],
};

/** Whom to tell. */
export function buildNotify(content: FileContent, userOf: UserOf): NotifyConfig {
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
    fifos: fifos(content.global_defs, userOf),
  };
}

/** One that is named twice gets all that it would get of either name. */
function fifos(globals: FileContent["global_defs"], userOf: UserOf): NotifyFifo[] {
  const found = new Map<string, NotifyFifo>();
  for (const [key, own] of Object.entries(FIFOS) as [keyof typeof FIFOS, readonly FifoSubject[]][]) {
    const path = globals[key];
    if (path === undefined) continue;
    const known = found.get(path);
    const about = [...new Set([...(known?.about ?? []), ...own])];
    const reader = known?.reader ?? script(globals[`${key}_script`], {}, userOf);
    found.set(path, { path, owner: userOf(undefined), about, reader });
  }
  return [...found.values()];
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
    word: virtualWord(server),
    quorum: stateScripts(server.quorum_up, server.quorum_down),
    realServers: server.real_servers.flatMap((real) =>
      realServerIds(real, server).map((id) => ({
        real: realServerName(id),
        word: realWord(id, server),
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
