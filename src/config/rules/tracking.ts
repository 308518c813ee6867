/**
 * What instances track: objects that there are, each once; and delays that leave a backup time to notice.
 */

import type { TrackedRoute } from "../../core/track/model.ts";
import { isTrackedRoute, trackedRouteText } from "../../core/track/route.ts";
import { microseconds } from "../../core/units/time.ts";
import { buildRoute } from "../build/routing.ts";
import { trackedRoute } from "../build/tracking.ts";
import type { Path } from "../diagnostic.ts";
import type { Environment } from "../environment.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import { formatDuration } from "../schema/duration.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";
import type { trackShape } from "../schema/tracking.ts";
import { familyOfInstance } from "../schema/family.ts";
import { checkGateways } from "./gateways.ts";
import { checkCommand, checkUser } from "./programs.ts";

type Instance = NonNullable<Loose<InstanceContent>>;

/** What both an instance and a sync group have. */
type Tracker = Pick<Instance, keyof typeof trackShape>;

/** An entry of one of an instance's lists. */
interface Item {
  readonly list: "track_interface" | "track_address" | "track_route" | keyof typeof OBJECTS;
  readonly object: string | undefined;
  readonly weight: number | undefined;
  readonly path: Path;
}

/** Where the objects of a list are. */
const OBJECTS = {
  track_script: "vrrp_scripts",
  track_file: "track_files",
  track_process: "vrrp_track_processes",
  track_gateway: "track_gateways",
  track_bfd: "bfd_instances",
} as const;

/** The rules for tracked objects. */
export function checkTracking(content: LooseContent, environment: Environment, findings: Findings): void {
  const used = new Set<string>();
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance === undefined) continue;
    const items = [...itemsOf(["vrrp_instances", name], instance)];
    for (const item of items) used.add(`${item.list} ${item.object}`);
    checkItems(items, content, findings);
    checkOwnAddresses(items, instance, findings);
    checkOwnRoutes(["vrrp_instances", name], instance, findings);
    checkOwner(items, instance, content, findings);
    checkGroup(items, name, content, findings);
  }
  for (const [name, group] of content.vrrp_sync_groups ?? []) {
    const items = [...itemsOf(["vrrp_sync_groups", name], group ?? {})];
    for (const item of items) used.add(`${item.list} ${item.object}`);
    checkItems(items, content, findings);
    const members = (group?.group ?? []).flatMap((member) =>
      member === undefined ? [] : ([[member, content.vrrp_instances?.get(member)]] as const),
    );
    for (const [member, instance] of members) checkMember(items, name, member, instance, findings);
    // Owners are owners in all members.
    const [first] = members;
    if (first?.[1] !== undefined) checkOwner(items, first[1], content, findings);
  }
  checkUnused("vrrp_scripts", "track_script", used, content, findings);
  checkUnused("track_files", "track_file", used, content, findings);
  checkUnused("vrrp_track_processes", "track_process", used, content, findings);
  checkUnused("track_gateways", "track_gateway", used, content, findings);
  checkGateways(content, findings);
  checkProcesses(content, findings);
  for (const [name, script] of content.vrrp_scripts ?? []) {
    const path = ["vrrp_scripts", name];
    checkCommand([...path, "script"], script?.script, environment, findings);
    if (script?.user !== undefined) checkUser([...path, "user"], script.user, environment, findings);
  }
  checkDelays(content, findings);
}

/** What a sync group tracks, a member of it tracks as well; `items` are the group's. */
function checkMember(
  items: readonly Item[],
  group: string,
  member: string,
  instance: Instance | undefined,
  findings: Findings,
): void {
  for (const { list, object, path } of itemsOf(["vrrp_instances", member], instance ?? {})) {
    if (object === undefined || !items.some((item) => item.list === list && item.object === object)) continue;
    findings.add(
      "duplicate-track",
      path,
      `${object} is tracked by the sync group ${group} already: keep one`,
    );
  }
}

/** True when a tracked script runs under the account of `global_defs`. */
export function trackingNeedsGlobalUser(content: LooseContent): boolean {
  return [...(content.vrrp_scripts?.values() ?? [])].some((script) => script?.user === undefined);
}

function* itemsOf(place: Path, instance: Tracker): Generator<Item> {
  for (const [index, item] of (instance.track_interface ?? []).entries()) {
    const own = typeof item === "string" ? { interface: item } : item;
    const path = [...place, "track_interface", index];
    yield { list: "track_interface", object: own?.interface, weight: weightOf(own), path };
  }
  for (const [index, item] of (instance.track_address ?? []).entries()) {
    const own = typeof item === "string" ? { address: item } : item;
    const path = [...place, "track_address", index];
    yield { list: "track_address", object: own?.address, weight: weightOf(own), path };
  }
  for (const [index, item] of (instance.track_route ?? []).entries()) {
    const route = routeOf(item, instance);
    const weight = typeof item === "object" && "weight" in item ? item.weight : undefined;
    const path = [...place, "track_route", index];
    yield { list: "track_route", object: route && trackedRouteText(route), weight, path };
  }
  for (const [index, item] of (instance.track_script ?? []).entries()) {
    const own = typeof item === "string" ? { script: item } : item;
    const path = [...place, "track_script", index];
    yield { list: "track_script", object: own?.script, weight: weightOf(own), path };
  }
  for (const [index, item] of (instance.track_file ?? []).entries()) {
    const own = typeof item === "string" ? { file: item } : item;
    yield {
      list: "track_file",
      object: own?.file,
      weight: weightOf(own),
      path: [...place, "track_file", index],
    };
  }
  for (const [index, item] of (instance.track_process ?? []).entries()) {
    const own = typeof item === "string" ? { process: item } : item;
    const path = [...place, "track_process", index];
    yield { list: "track_process", object: own?.process, weight: weightOf(own), path };
  }
  for (const [index, item] of (instance.track_gateway ?? []).entries()) {
    const own = typeof item === "string" ? { gateway: item } : item;
    const path = [...place, "track_gateway", index];
    yield { list: "track_gateway", object: own?.gateway, weight: weightOf(own), path };
  }
  for (const [index, item] of (instance.track_bfd ?? []).entries()) {
    const own = typeof item === "string" ? { bfd: item } : item;
    const path = [...place, "track_bfd", index];
    yield { list: "track_bfd", object: own?.bfd, weight: weightOf(own), path };
  }
}

/** The route that an entry names; undefined when it could not be read. */
function routeOf(
  item: NonNullable<Instance["track_route"]>[number],
  instance: Tracker,
): TrackedRoute | undefined {
  const read = typeof item === "object" && "to" in item ? item.to : item;
  if (read === undefined) return undefined;
  return trackedRoute(item as InstanceContent["track_route"][number], instance);
}

/** An instance that waits for its own route to be there would wait for ever. */
function checkOwnRoutes(place: Path, instance: Instance, findings: Findings): void {
  if (findings.touches([...place, "virtual_routes"])) return;
  const own = (instance.virtual_routes ?? []).map((route) =>
    buildRoute(route as InstanceContent["virtual_routes"][number], familyOfInstance(instance) ?? 4),
  );
  for (const [index, item] of (instance.track_route ?? []).entries()) {
    const tracked = routeOf(item, instance);
    if (tracked === undefined || !own.some((route) => isTrackedRoute(tracked, route))) continue;
    const message = "is one of the instance's own, which it has when it is master: track another one";
    findings.add("track-own-route", [...place, "track_route", index], message);
  }
}

function checkProcesses(content: LooseContent, findings: Findings): void {
  for (const [name, process] of content.vrrp_track_processes ?? []) {
    const path = ["vrrp_track_processes", name];
    const program = typeof process?.process === "string" ? process.process : process?.process?.[0];
    if (process?.process?.length === 0 || program === "") {
      findings.add("out-of-range", [...path, "process"], "is empty: give the process's name", "key");
    }
    const { quorum, quorum_max: most } = process ?? {};
    if (quorum === undefined || most === undefined || quorum <= most) continue;
    const message = `${most} is less than the quorum of ${quorum}: no number of processes is enough`;
    findings.add("out-of-range", [...path, "quorum_max"], message);
  }
}

function weightOf(item: { readonly weight?: number | undefined } | undefined): number | undefined {
  return item?.weight;
}

function checkItems(items: readonly Item[], content: LooseContent, findings: Findings): void {
  const first = new Map<string, Path>();
  for (const { list, object, path } of items) {
    if (object === undefined) continue;
    checkKnown(list, object, path, content, findings);
    const key = `${list} ${object}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, path);
    else {
      const message = `${object} is in this list already (line ${findings.line(other)}): keep one`;
      findings.add("duplicate-track", path, message);
    }
  }
}

/** True of lists whose objects have a place of their own in the file. */
function isNamed(list: Item["list"]): list is keyof typeof OBJECTS {
  return Object.hasOwn(OBJECTS, list);
}

function checkKnown(
  list: Item["list"],
  object: string,
  path: Path,
  content: LooseContent,
  findings: Findings,
): void {
  if (!isNamed(list)) return;
  const key = OBJECTS[list];
  if (content[key]?.has(object) === true || findings.touches([key])) return;
  const known = [...(content[key]?.keys() ?? [])];
  const advice = known.length === 0 ? `add it to ${key}` : `known in ${key} are ${known.join(", ")}`;
  findings.add("unknown-track", path, `there is no ${object}: ${advice}`);
}

/** An instance that waits for its own address to be there would wait for ever. */
function checkOwnAddresses(items: readonly Item[], instance: Instance, findings: Findings): void {
  const own = (instance.virtual_ipaddress ?? []).map((entry) => entry?.address?.address);
  for (const { list, object, path } of items) {
    if (list !== "track_address" || !own.some((address) => address === object)) continue;
    const message = `${object} is one of the instance's own, which it holds when it is master: track another one`;
    findings.add("track-own-address", path, message);
  }
}

/** A weight does nothing to an owner; a fault does. */
function checkOwner(
  items: readonly Item[],
  { priority }: Instance,
  content: LooseContent,
  findings: Findings,
): void {
  const own = typeof priority === "number" ? [priority] : [...(priority?.values() ?? [])];
  const inherited = priority === undefined ? [...(content.directors?.values() ?? [])] : [];
  if (![...own, ...inherited.map((director) => director?.priority)].includes(255)) return;
  for (const { object, weight, list, path } of items) {
    if (object === undefined || !hasWeight(list, object, weight, content)) continue;
    const message =
      "priority 255 is the address owner's, which no weight alters: use 254 or less, or weight 0";
    findings.add("owner-track", path, message);
  }
}

/** The members of a sync group move together, and a weight would give them different opinions on where to. */
function checkGroup(items: readonly Item[], name: string, content: LooseContent, findings: Findings): void {
  const [group] =
    [...(content.vrrp_sync_groups ?? [])].find(([, entry]) => entry?.group?.includes(name)) ?? [];
  if (group === undefined) return;
  for (const { object, weight, list, path } of items) {
    if (object === undefined || !hasWeight(list, object, weight, content)) continue;
    const message = `a weight moves this instance alone, and it moves with the sync group ${group}: use weight 0`;
    findings.add("sync-group-track", path, message);
  }
}

function hasWeight(
  list: Item["list"],
  object: string,
  own: number | undefined,
  content: LooseContent,
): boolean {
  if (own !== undefined) return own !== 0;
  if (!isNamed(list)) return false;
  return (content[OBJECTS[list]]?.get(object)?.weight ?? 0) !== 0;
}

function checkUnused(
  key: (typeof OBJECTS)[keyof typeof OBJECTS],
  list: Item["list"],
  used: ReadonlySet<string>,
  content: LooseContent,
  findings: Findings,
): void {
  if (findings.touches(["vrrp_instances"])) return;
  for (const name of content[key]?.keys() ?? []) {
    if (used.has(`${list} ${name}`)) continue;
    findings.add("unused-track", [key, name], `no instance has it in ${list}: it is not looked at`, "key");
  }
}

/** A backup that does not notice in time that it is cut off would take over from a living master. */
function checkDelays(content: LooseContent, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance?.interface === undefined || instance.advert_int === undefined) continue;
    const { interface: device, advert_int: interval } = instance;
    const down = content.interface_up_down_delays?.get(device)?.down;
    const most = microseconds(2 * interval);
    if (down === undefined || down < most) continue;
    const message = `${formatDuration(down)} is too long for ${name}, which sends its adverts on ${device}: less than two advert_int, ${formatDuration(most)}`;
    findings.add("link-delay", ["interface_up_down_delays", device, "down"], message);
  }
}
