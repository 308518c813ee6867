/**
 * From a file's content to what instances track, and to what the supervisor watches for them.
 */

import type { TrackedGateway } from "../../core/track/gateway.ts";
import type { LinkDelay } from "../../core/track/link-delay.ts";
import type {
  Tracked,
  TrackedProcess,
  TrackedRoute,
  TrackedScript,
  TrackKind,
  WatchConfig,
} from "../../core/track/model.ts";
import { MAIN_TABLE } from "../../core/routing/model.ts";
import { trackedRouteText } from "../../core/track/route.ts";
import type { Loose } from "../salvage.ts";
import { familyOfInstance } from "../schema/family.ts";
import { familyOf } from "../../core/units/ip-address.ts";
import type { FileContent, InstanceContent } from "../schema/file.ts";
import { type Destination, routingFamily } from "../schema/routing.ts";
import { prefixOf } from "./routing.ts";
import { trackShape } from "../schema/tracking.ts";
import { scriptTimeout, type UserOf } from "./balancer.ts";

/** All instances, with what their sync groups track. */
export function trackers(content: FileContent): ReadonlyMap<string, InstanceContent> {
  return new Map(
    [...content.vrrp_instances].map(([name, instance]) => [name, withGroup(name, instance, content)]),
  );
}

function withGroup(name: string, instance: InstanceContent, content: FileContent): InstanceContent {
  const group = [...content.vrrp_sync_groups.values()].find((entry) => entry.group.includes(name));
  if (group === undefined) return instance;
  const lists = Object.keys(trackShape) as (keyof typeof trackShape)[];
  const both = lists.map((list) => [list, [...instance[list], ...group[list]]]);
  return { ...instance, ...(Object.fromEntries(both) as Pick<InstanceContent, keyof typeof trackShape>) };
}

/** What one of the `trackers` tracks. An item without a weight has its object's. */
export function tracksOf(instance: InstanceContent, content: FileContent): readonly Tracked[] {
  const interfaces = instance.track_interface.map((item) => {
    const own = typeof item === "string" ? { interface: item } : item;
    return tracked("interface", own.interface, own, undefined);
  });
  const addresses = instance.track_address.map((item) => {
    const own = typeof item === "string" ? { address: item } : item;
    return tracked("address", own.address, own, undefined);
  });
  const routes = instance.track_route.map((item) => {
    const weighing = isMap(item) ? item : {};
    return tracked("route", trackedRouteText(trackedRoute(item, instance)), weighing, undefined);
  });
  const scripts = instance.track_script.map((item) => {
    const own = typeof item === "string" ? { script: item } : item;
    return tracked("script", own.script, own, content.vrrp_scripts.get(own.script));
  });
  const files = instance.track_file.map((item) => {
    const own = typeof item === "string" ? { file: item } : item;
    return tracked("file", own.file, own, content.track_files.get(own.file));
  });
  const processes = instance.track_process.map((item) => {
    const own = typeof item === "string" ? { process: item } : item;
    return tracked("process", own.process, own, content.vrrp_track_processes.get(own.process));
  });
  const gateways = instance.track_gateway.map((item) => {
    const own = typeof item === "string" ? { gateway: item } : item;
    return tracked("gateway", own.gateway, own, content.track_gateways.get(own.gateway));
  });
  const paths = instance.track_bfd.map((item) => {
    const own = typeof item === "string" ? { bfd: item } : item;
    return tracked("bfd", own.bfd, own, content.bfd_instances.get(own.bfd));
  });
  return [...interfaces, ...addresses, ...routes, ...scripts, ...files, ...processes, ...gateways, ...paths];
}

type RouteItem = InstanceContent["track_route"][number];

/** The route that an entry of `track_route` names; of the instance's family where the entry does not tell. */
export function trackedRoute(item: RouteItem, instance: Loose<InstanceContent>): TrackedRoute {
  const own: Partial<Exclude<RouteItem, Destination>> & { to: Destination } = isMap(item)
    ? item
    : { to: item };
  const family = routingFamily(own, familyOfInstance(instance ?? {}) ?? 4);
  return {
    family,
    to: prefixOf(own.to, family),
    table: own.table ?? MAIN_TABLE,
    type: own.type ?? "unicast",
    via: own.via,
    interface: own.dev,
  };
}

function isMap(item: RouteItem): item is Exclude<RouteItem, Destination> {
  return item !== "default" && "to" in item;
}

/** What all instances track of routes, by the object's name. */
export function trackedRoutes(content: FileContent): Readonly<Record<string, TrackedRoute>> {
  const all = [...trackers(content).values()].flatMap((instance) =>
    instance.track_route.map((item) => trackedRoute(item, instance)),
  );
  return Object.fromEntries(all.map((route) => [trackedRouteText(route), route]));
}

interface Weighing {
  readonly weight?: number | undefined;
  readonly reverse?: boolean | undefined;
}

function tracked(kind: TrackKind, object: string, own: Weighing, defaults: Weighing | undefined): Tracked {
  return {
    kind,
    object,
    weight: own.weight ?? defaults?.weight ?? 0,
    reverse: own.reverse ?? defaults?.reverse ?? false,
  };
}

/** interface_up_down_delays. */
export function linkDelays(content: FileContent): Readonly<Record<string, LinkDelay>> {
  return Object.fromEntries(content.interface_up_down_delays);
}

/** The gateways that at least one instance tracks. */
export function trackedGateways(content: FileContent): readonly TrackedGateway[] {
  const used = new Set([...trackers(content).values()].flatMap(namesOfGateways));
  return [...content.track_gateways].flatMap(([name, gateway]) => {
    if (!used.has(name)) return [];
    const { address, interface: device, method, interval, timeout, rise, fall } = gateway;
    const family = gateway.ip_family ?? (address === "default" ? 4 : familyOf(address));
    const asked = address === "default" ? undefined : address;
    return [{ name, address: asked, family, interface: device, method, interval, timeout, rise, fall }];
  });
}

function namesOfGateways({ track_gateway: items }: InstanceContent): string[] {
  return items.map((item) => (typeof item === "string" ? item : item.gateway));
}

/** The supervisor's part: what at least one instance tracks. */
export function buildWatch(content: FileContent, userOf: UserOf): WatchConfig {
  const all = [...trackers(content).values()].flatMap((instance) => tracksOf(instance, content));
  const isTracked = (kind: TrackKind, name: string): boolean =>
    all.some((tracked) => tracked.kind === kind && tracked.object === name);
  return {
    scripts: [...content.vrrp_scripts]
      .filter(([name]) => isTracked("script", name))
      .map(([name, script]) => trackedScript(name, script, userOf)),
    files: [...content.track_files]
      .filter(([name]) => isTracked("file", name))
      .map(([name, { file, init_file: initial }]) => ({ name, path: file, initial })),
    processes: [...content.vrrp_track_processes]
      .filter(([name]) => isTracked("process", name))
      .map(([name, process]) => trackedProcess(name, process)),
  };
}

type ProcessContent =
  FileContent["vrrp_track_processes"] extends ReadonlyMap<string, infer Process> ? Process : never;

function trackedProcess(name: string, content: ProcessContent): TrackedProcess {
  const [program = "", ...parameters] =
    typeof content.process === "string" ? [content.process] : content.process;
  const whole = content.full_command || parameters.length > 0;
  return {
    name,
    command: [program, ...parameters],
    match: content.param_match ?? (whole ? "command" : "name"),
    quorum: content.quorum,
    quorumMax: content.quorum_max,
    forkDelay: content.fork_delay ?? content.delay,
    terminateDelay: content.terminate_delay ?? content.delay,
  };
}

type ScriptContent = FileContent["vrrp_scripts"] extends ReadonlyMap<string, infer Script> ? Script : never;

function trackedScript(name: string, content: ScriptContent, userOf: UserOf): TrackedScript {
  const [program = "", ...rest] = content.script;
  const { interval, rise, fall, init_fail: initFail } = content;
  return {
    name,
    command: [program, ...rest],
    interval,
    timeout: content.timeout ?? scriptTimeout(interval),
    rise,
    fall,
    initFail,
    user: userOf(content.user),
  };
}
