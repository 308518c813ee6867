/**
 * From a file's content to what the failover process is told.
 */

import type { Announcing, FailoverConfig, VirtualAddress, VirtualRouter } from "../../core/vrrp/model.ts";
import type { FileContent, InstanceContent } from "../schema/file.ts";
import { familyOfInstance, versionOf } from "../schema/family.ts";
import { buildDelivery } from "./delivery.ts";

/** An instance's priority when neither it nor a director says: keepalived's default. */
const DEFAULT_PRIORITY = 100;

/** The failover process's part, for the director `node`. */
export function buildFailover(content: FileContent, node: string | undefined): FailoverConfig {
  return {
    routers: [...content.vrrp_instances].map(([name, instance]) => router(name, instance, content, node)),
    realtimePriority: content.global_defs.vrrp_rt_priority,
  };
}

function router(
  name: string,
  instance: InstanceContent,
  content: FileContent,
  node: string | undefined,
): VirtualRouter {
  return {
    name,
    interface: instance.interface,
    vrid: instance.virtual_router_id,
    version: versionOf(instance, content.global_defs.vrrp_version),
    family: familyOfInstance(instance) ?? 4,
    delivery: buildDelivery(instance, content, node),
    priority: priorityOf(instance, content, node),
    advertInterval: instance.advert_int,
    preempt: instance.preempt ?? !(instance.nopreempt ?? false),
    v3ChecksumAsV2: instance.v3_checksum_as_v2,
    addresses: addresses(instance),
    announcing: announcing(instance, content),
  };
}

function priorityOf(instance: InstanceContent, content: FileContent, node: string | undefined): number {
  const { priority } = instance;
  if (typeof priority === "number") return priority;
  if (node === undefined) return DEFAULT_PRIORITY;
  return priority?.get(node) ?? content.directors?.get(node)?.priority ?? DEFAULT_PRIORITY;
}

function addresses(instance: InstanceContent): VirtualAddress[] {
  return instance.virtual_ipaddress.map(({ address, dev }) => ({
    address: address.address,
    prefixLength: address.prefixLength,
    interface: dev ?? instance.interface,
  }));
}

function announcing(instance: InstanceContent, { global_defs: globals }: FileContent): Announcing {
  return {
    delay: instance.garp_master_delay ?? globals.vrrp_garp_master_delay,
    repeat: instance.garp_master_repeat ?? globals.vrrp_garp_master_repeat,
    refresh: instance.garp_master_refresh ?? globals.vrrp_garp_master_refresh,
    refreshRepeat: instance.garp_master_refresh_repeat ?? globals.vrrp_garp_master_refresh_repeat,
  };
}
