/**
 * What instances track: objects that there are, each once; and delays that leave a backup time to notice.
 */

import { trackedRouteText } from "../../core/track/route.ts";
import { microseconds, ZERO } from "../../core/units/time.ts";
import type { Path } from "../diagnostic.ts";
import type { Environment } from "../environment.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import { formatDuration } from "../schema/duration.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";
import { checkGateways } from "./gateways.ts";
import { checkOwnObjects, routeOf, type Tracker } from "./own-objects.ts";
import { checkCommand, checkUser } from "./programs.ts";

type Instance = NonNullable<Loose<InstanceContent>>;

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
  checkOwnObjects(content, findings);
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

/** A director that does not notice in time that it is cut off would take over from a living master, or be taken over from. */
function checkDelays(content: LooseContent, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance?.interface === undefined || instance.advert_int === undefined) continue;
    const { interface: device, advert_int: interval } = instance;
    const down = content.interface_up_down_delays?.get(device)?.down;
    const missed = instance.down_timer_adverts ?? content.global_defs?.vrrp_down_timer_adverts ?? 3;
    // The master's cable may come out just before its next advert was due.
    const most = microseconds((missed - 1) * interval);
    if (down === undefined || down === ZERO || down < most) continue;
    const advice =
      missed === 1
        ? "with down_timer_adverts 1 leave it out"
        : `less than ${formatDuration(most)}, ${missed - 1} times advert_int, as down_timer_adverts is ${missed}`;
    const message = `${formatDuration(down)} is too long for ${name}, which sends its adverts on ${device}: ${advice}`;
    findings.add("link-delay", ["interface_up_down_delays", device, "down"], message);
  }
}
