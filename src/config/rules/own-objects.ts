/**
 * Nothing waits for what comes with being master: an instance that tracks an address or a route of its own, or of one that
 * is master only together with it, would be in fault for ever, on both directors.
 */

import type { TrackedRoute } from "../../core/track/model.ts";
import { isTrackedRoute } from "../../core/track/route.ts";
import type { IpAddress } from "../../core/units/ip-address.ts";
import { buildRoute } from "../build/routing.ts";
import { trackedRoute } from "../build/tracking.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import { familyOfInstance } from "../schema/family.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";
import type { trackShape } from "../schema/tracking.ts";
import { addressesOf } from "./mastership.ts";

type Instance = NonNullable<Loose<InstanceContent>>;

/** What both an instance and a sync group have. */
export type Tracker = Pick<Instance, keyof typeof trackShape>;

/** An instance or a sync group that tracks something. */
interface Place {
  readonly name: string;
  readonly path: Path;
  readonly tracker: Tracker;
  /** The instances that depend on it. */
  readonly dependants: readonly Instance[];
  /** All that are master together with them, themselves among them, by name. */
  readonly company: ReadonlyMap<string, Instance>;
}

/** The rule about tracked addresses and routes that are there only while somebody is master. */
export function checkOwnObjects(content: LooseContent, findings: Findings): void {
  for (const place of placesOf(content)) {
    checkAddresses(place, findings);
    checkRoutes(place, findings);
  }
}

/** The route that an entry of `track_route` names; undefined when it could not be read. */
export function routeOf(
  item: NonNullable<Instance["track_route"]>[number],
  tracker: Tracker,
): TrackedRoute | undefined {
  const read = typeof item === "object" && "to" in item ? item.to : item;
  if (read === undefined) return undefined;
  return trackedRoute(item as InstanceContent["track_route"][number], tracker);
}

function* placesOf(content: LooseContent): Generator<Place> {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance === undefined) continue;
    const company = new Map([[name, instance], ...fellowsOf(name, content)]);
    const path = ["vrrp_instances", name];
    yield { name, path, tracker: instance, dependants: [instance], company };
  }
  for (const [name, group] of content.vrrp_sync_groups ?? []) {
    if (group === undefined) continue;
    const company = membersOf(group.group, content);
    const path = ["vrrp_sync_groups", name];
    yield { name, path, tracker: group, dependants: [...company.values()], company };
  }
}

/** The members of an instance's sync group. */
function fellowsOf(name: string, content: LooseContent): ReadonlyMap<string, Instance> {
  const group = [...(content.vrrp_sync_groups?.values() ?? [])].find((entry) => entry?.group?.includes(name));
  return membersOf(group?.group, content);
}

function membersOf(
  names: readonly (string | undefined)[] = [],
  content: LooseContent,
): ReadonlyMap<string, Instance> {
  const members = new Map<string, Instance>();
  for (const name of names) {
    const instance = name === undefined ? undefined : content.vrrp_instances?.get(name);
    if (name !== undefined && instance !== undefined) members.set(name, instance);
  }
  return members;
}

function checkAddresses({ name, path, tracker, company }: Place, findings: Findings): void {
  for (const [index, item] of (tracker.track_address ?? []).entries()) {
    const tracked = typeof item === "string" ? item : item?.address;
    const [holder] = [...company].find(([, instance]) => holds(instance, tracked)) ?? [];
    if (holder === undefined) continue;
    const message =
      holder === name
        ? `${tracked} is one of the instance's own, which it holds when it is master: track another one`
        : `${tracked} is one of ${together(holder, name)}: track another one`;
    findings.add("track-own-address", [...path, "track_address", index], message);
  }
}

function holds(instance: Instance, address: IpAddress | undefined): boolean {
  return (
    address !== undefined &&
    [...addressesOf(instance)].some(({ entry }) => entry?.address?.address === address)
  );
}

function checkRoutes({ name, path, tracker, dependants, company }: Place, findings: Findings): void {
  const holders = [...company].filter(
    ([holder]) => !findings.touches(["vrrp_instances", holder, "virtual_routes"]),
  );
  for (const [index, item] of (tracker.track_route ?? []).entries()) {
    // Of a group's route each member tracks that of its own family.
    const tracked = dependants.flatMap((instance) => routeOf(item, instance) ?? []);
    const [holder] = holders.find(([, instance]) => tracked.some((route) => hasRoute(instance, route))) ?? [];
    if (holder === undefined) continue;
    const message =
      holder === name
        ? "is one of the instance's own, which it has when it is master: track another one"
        : `is one of ${together(holder, name)}: track another one`;
    findings.add("track-own-route", [...path, "track_route", index], message);
  }
}

function hasRoute(instance: Instance, tracked: TrackedRoute): boolean {
  const own = (instance.virtual_routes ?? []).map((route) =>
    buildRoute(route as InstanceContent["virtual_routes"][number], familyOfInstance(instance) ?? 4),
  );
  return own.some((route) => isTrackedRoute(tracked, route));
}

function together(holder: string, name: string): string {
  return `${holder}'s, which is master only when ${name} is`;
}
