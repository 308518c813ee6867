/**
 * From a file's content to whom the supervisor tells of the instances' states.
 */

import type { InstanceNotify, NotifyConfig, NotifyScript } from "../../core/supervision/notify.ts";
import type { ServiceNotify, StateScripts } from "../../core/supervision/service-notify.ts";
import type { FileContent, InstanceContent, VirtualServerContent } from "../schema/file.ts";
import { realServerNames, type UserOf } from "./balancer.ts";
import { virtualServerName } from "../services.ts";

/** Whom to tell. */
export function buildNotify(content: FileContent, userOf: UserOf): NotifyConfig {
  const { notify_fifo: all, vrrp_notify_fifo: vrrp } = content.global_defs;
  const paths = new Set([all, vrrp].filter((path) => path !== undefined));
  return {
    instances: [...content.vrrp_instances].map(([name, instance]) => instanceNotify(name, instance, userOf)),
    services: content.virtual_servers.map((server) => serviceNotify(server, content, userOf)),
    fifos: [...paths].map((path) => ({ path, owner: userOf(undefined) })),
  };
}

function instanceNotify(name: string, instance: InstanceContent, userOf: UserOf): InstanceNotify {
  const script = (command: Command): NotifyScript | undefined =>
    notifyScript(command, instance.notify_user, userOf);
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

function serviceNotify(server: VirtualServerContent, content: FileContent, userOf: UserOf): ServiceNotify {
  const scripts = (up: Command, down: Command): StateScripts => ({
    up: notifyScript(up, server.notify_user, userOf),
    down: notifyScript(down, server.notify_user, userOf),
  });
  return {
    virtual: virtualServerName(server, content.virtual_server_groups) ?? "",
    quorum: scripts(server.quorum_up, server.quorum_down),
    realServers: server.real_servers.flatMap((real) =>
      realServerNames(real, server).map((name) => ({
        real: name,
        scripts: scripts(real.notify_up, real.notify_down),
      })),
    ),
    omega: server.omega,
    timeout: server.notify_timeout,
  };
}

type Command = readonly string[] | undefined;

function notifyScript(command: Command, user: string | undefined, userOf: UserOf): NotifyScript | undefined {
  const [program, ...rest] = command ?? [];
  return program === undefined ? undefined : { command: [program, ...rest], user: userOf(user) };
}
