/**
 * From a file's content to what the failover process is told.
 */

import type {
  Announcing,
  Authentication,
  Contention,
  FailoverConfig,
  VirtualAddress,
  VirtualRouter,
} from "../../core/vrrp/model.ts";
import { seconds, ZERO } from "../../core/units/time.ts";
import type { VirtualLink } from "../../core/vrrp/virtual-link.ts";
import type { FileContent, InstanceContent } from "../schema/file.ts";
import { familyOfInstance, versionOf } from "../schema/family.ts";
import { buildBfd } from "./bfd.ts";
import { buildDelivery } from "./delivery.ts";
import { buildHeartbeat, type LinkSecrets } from "./heartbeat.ts";
import { buildRouting } from "./routing.ts";
import { linkDelays, trackedGateways, trackedRoutes, trackers, tracksOf } from "./tracking.ts";
import type { VirtualAddressEntry } from "../schema/virtual-address.ts";
import { buildAddress } from "./address.ts";
import { buildLink } from "./virtual-link.ts";

/** An instance's priority when neither it nor a director says: keepalived's default. */
const DEFAULT_PRIORITY = 100;

/** keepalived's defaults for garp_master_delay and garp_master_repeat, unless vrrp_min_garp is on. */
const SECOND_BURST_AFTER = seconds(5);
const BURST = 5;

/** The failover process's part, for the director `node`. */
export function buildFailover(
  content: FileContent,
  node: string | undefined,
  secrets: LinkSecrets,
): FailoverConfig {
  const heartbeat = buildHeartbeat(content, node, secrets);
  const routers = [...trackers(content)].map(([name, instance]) => router(name, instance, content, node));
  return {
    routers,
    startupDelay: content.global_defs.vrrp_startup_delay,
    realtimePriority: content.global_defs.vrrp_rt_priority,
    announcementPace: { 4: content.global_defs.vrrp_garp_interval, 6: content.global_defs.vrrp_gna_interval },
    gateways: trackedGateways(content),
    linkDelays: { ...inherited(routers, linkDelays(content)), ...linkDelays(content) },
    staticAddresses: content.static_ipaddress.map((entry) => buildAddress(entry, entry.dev, ZERO)),
    staticRouting: buildRouting(content.static_routes, content.static_rules, 4),
    trackedRoutes: trackedRoutes(content),
    bfdSessions: buildBfd(content, node),
    ...(heartbeat && { heartbeat }),
  };
}

function router(
  name: string,
  instance: InstanceContent,
  content: FileContent,
  node: string | undefined,
): VirtualRouter {
  const link = buildLink(instance, content, node);
  const delivery = buildDelivery(instance, content, node);
  return {
    name,
    interface: instance.interface,
    ...(link && { link, sendsByLink: link.type === "macvlan" && instance.vmac_xmit_base !== true }),
    vrid: instance.virtual_router_id,
    version: versionOf(instance, content.global_defs.vrrp_version),
    family: familyOfInstance(instance) ?? 4,
    delivery: link?.type === "ipvlan" ? { ...delivery, source: link.address?.address } : delivery,
    priority: priorityOf(instance, content, node),
    advertInterval: instance.advert_int,
    ...(instance.authentication === undefined
      ? {}
      : { authentication: authentication(instance.authentication) }),
    downTimerAdverts: instance.down_timer_adverts ?? content.global_defs.vrrp_down_timer_adverts,
    preempt: instance.preempt ?? !(instance.nopreempt ?? false),
    preemptDelay: instance.preempt_delay,
    v3ChecksumAsV2: instance.v3_checksum_as_v2 ?? strictWithTwoChecksums(instance, content),
    addresses: addresses(instance, content, link),
    accept: accepts(instance, content, node),
    routing: buildRouting(instance.virtual_routes, instance.virtual_rules, familyOfInstance(instance) ?? 4),
    ...(instance.promote_secondaries ? { promoteSecondaries: true } : {}),
    announcing: announcing(instance, content),
    contention: contention(instance, content),
    ...ownerHeeds(instance, content),
    syncGroup: [...content.vrrp_sync_groups].find(([, { group }]) => group.includes(name))?.[0],
    tracks: tracksOf(instance, content),
  };
}

/** RFC 9568 §7.1 has an owner discard the adverts of others; two owners it does not know. */
function ownerHeeds(
  instance: InstanceContent,
  content: FileContent,
): Pick<VirtualRouter, "ownerHeeds"> | undefined {
  const ignores = instance.owner_ignore_adverts ?? content.global_defs.vrrp_owner_ignore_adverts;
  if (ignores) return { ownerHeeds: "nobody" };
  return isStrict(instance, content) ? { ownerHeeds: "owners" } : undefined;
}

/** RFC 9568 §6.1: Accept_Mode is off unless switched on, and the owner accepts whatever it says. */
function accepts(instance: InstanceContent, content: FileContent, node: string | undefined): boolean {
  if (priorityOf(instance, content, node) === 255) return true;
  if (instance.no_accept !== undefined) return !instance.no_accept;
  return instance.accept ?? !isStrict(instance, content);
}

/** An interface on top of another is waited for as that one is, as in keepalived. */
function inherited(
  routers: readonly VirtualRouter[],
  delays: FailoverConfig["linkDelays"],
): FailoverConfig["linkDelays"] {
  return Object.fromEntries(
    routers.flatMap(({ link }) => {
      const delay = link && delays[link.base];
      return delay === undefined ? [] : [[link?.name ?? "", delay]];
    }),
  );
}

function authentication({
  auth_type: type,
  auth_pass: key,
}: NonNullable<InstanceContent["authentication"]>): Authentication {
  return { type, key };
}

/** RFC 9568 §5.2.8 has one form of the version 3 checksum; version 2 never had another. */
function strictWithTwoChecksums(instance: InstanceContent, content: FileContent): boolean {
  const { global_defs: globals } = content;
  return isStrict(instance, content) && versionOf(instance, globals.vrrp_version) === 3;
}

function isStrict(instance: InstanceContent, { global_defs: globals }: FileContent): boolean {
  return instance.strict_mode ?? globals.vrrp_strict;
}

function priorityOf(instance: InstanceContent, content: FileContent, node: string | undefined): number {
  const { priority } = instance;
  if (typeof priority === "number") return priority;
  if (node === undefined) return DEFAULT_PRIORITY;
  return priority?.get(node) ?? content.directors?.get(node)?.priority ?? DEFAULT_PRIORITY;
}

/** What would go to the instance's interface goes to the one on top of it, where there is one. */
function addresses(
  instance: InstanceContent,
  { global_defs: globals }: FileContent,
  link: VirtualLink | undefined,
): VirtualAddress[] {
  const lease = instance.vip_lease ?? globals.vip_lease;
  const on = (dev: string): string => (dev === instance.interface && link !== undefined ? link.name : dev);
  const built = (entry: VirtualAddressEntry) =>
    buildAddress(entry, on(entry.dev ?? instance.interface), lease);
  const excluded = instance.virtual_ipaddress_excluded.map(built);
  return [
    ...instance.virtual_ipaddress.map(built),
    ...excluded.map((address) => ({ ...address, excluded: true }) as const),
  ];
}

/** What a master announces that has seen a lesser one follows what it announces at a claim, as in keepalived. */
function contention(instance: InstanceContent, content: FileContent): Contention {
  const { global_defs: globals } = content;
  const { delay, repeat } = announcing(instance, content);
  return {
    announceDelay: instance.garp_lower_prio_delay ?? globals.vrrp_garp_lower_prio_delay ?? delay,
    announceRepeat: instance.garp_lower_prio_repeat ?? globals.vrrp_garp_lower_prio_repeat ?? repeat,
    answer: !(instance.lower_prio_no_advert ?? globals.vrrp_lower_prio_no_advert),
    lastWord:
      instance.higher_prio_send_advert ??
      globals.vrrp_higher_prio_send_advert ??
      !isStrict(instance, content),
  };
}

function announcing(instance: InstanceContent, { global_defs: globals }: FileContent): Announcing {
  const frugal = globals.vrrp_min_garp;
  return {
    delay:
      instance.garp_master_delay ?? globals.vrrp_garp_master_delay ?? (frugal ? ZERO : SECOND_BURST_AFTER),
    repeat: instance.garp_master_repeat ?? globals.vrrp_garp_master_repeat ?? (frugal ? 1 : BURST),
    refresh: instance.garp_master_refresh ?? globals.vrrp_garp_master_refresh,
    refreshRepeat: instance.garp_master_refresh_repeat ?? globals.vrrp_garp_master_refresh_repeat,
  };
}
