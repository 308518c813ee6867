/**
 * What the keys of a route or a rule say about one another, and that none is there twice.
 */

import type { z } from "zod";
import { identity } from "../../core/routing/plan.ts";
import { type Family, familyOf, type IpAddress } from "../../core/units/ip-address.ts";
import { buildRoute, buildRule } from "../build/routing.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { LooseContent } from "../schema/file.ts";
import { familyOfInstance } from "../schema/family.ts";
import { type routeSchema, routingFamily, type ruleSchema } from "../schema/routing.ts";
import { addressesOf } from "./mastership.ts";

type RouteContent = z.output<typeof routeSchema>;
type RuleContent = z.output<typeof ruleSchema>;

/** A route or a rule of the file's, and where it stands. */
export interface RoutingPlace {
  readonly route?: Loose<RouteContent>;
  readonly rule?: Loose<RuleContent>;
  readonly path: Path;
  /** The family where the entry does not tell. */
  readonly family: Family;
}

/** The rules for routes, rules and addresses that are there all the time. */
export function checkRouting(content: LooseContent, findings: Findings): void {
  const first = new Map<string, Path>();
  for (const place of routingPlaces(content)) {
    const { route, rule, path } = place;
    if (route !== undefined) checkRoute(route, place, findings);
    if (rule !== undefined) checkRule(rule, place, findings);
    if (!findings.touches(path)) checkDuplicate(place, first, findings);
  }
  checkStaticAddresses(content, findings);
}

/** All routes and rules of the file. */
export function* routingPlaces(content: LooseContent): Generator<RoutingPlace> {
  for (const [index, route] of (content.static_routes ?? []).entries())
    yield { route, path: ["static_routes", index], family: 4 };
  for (const [index, rule] of (content.static_rules ?? []).entries())
    yield { rule, path: ["static_rules", index], family: 4 };
  for (const [name, instance] of content.vrrp_instances ?? []) {
    const family = familyOfInstance(instance ?? {}) ?? 4;
    for (const [index, route] of (instance?.virtual_routes ?? []).entries())
      yield { route, path: ["vrrp_instances", name, "virtual_routes", index], family };
    for (const [index, rule] of (instance?.virtual_rules ?? []).entries())
      yield { rule, path: ["vrrp_instances", name, "virtual_rules", index], family };
  }
}

/** The interfaces that a route or a rule names, and where. */
export function* routingInterfaces({ route, rule, path }: RoutingPlace): Generator<readonly [string, Path]> {
  if (route?.dev !== undefined) yield [route.dev, [...path, "dev"]];
  for (const [index, nexthop] of (route?.nexthops ?? []).entries())
    if (nexthop?.dev !== undefined) yield [nexthop.dev, [...path, "nexthops", index, "dev"]];
  if (rule?.iif !== undefined) yield [rule.iif, [...path, "iif"]];
  if (rule?.oif !== undefined) yield [rule.oif, [...path, "oif"]];
}

function checkRoute(route: NonNullable<Loose<RouteContent>>, place: RoutingPlace, findings: Findings): void {
  const { path } = place;
  const family = routingFamily(route, place.family);
  checkFamilies({ to: addressOf(route.to), src: route.src }, family, path, findings);
  if (family === 6 && route.scope !== undefined)
    findings.add("route-family", [...path, "scope"], "IPv6 routes have no scope: leave it out", "key");
  checkWay(route, path, findings);
  // IPv6 gateways serve IPv4 routes, not the other way round.
  const gateways = [route.via, ...(route.nexthops ?? []).map((nexthop) => nexthop?.via)];
  if (family === 6 && gateways.some((via) => via !== undefined && familyOf(via) === 4))
    findings.add("route-family", [...path, "to"], "an IPv6 route has an IPv4 gateway: give an IPv6 one");
}

/** Where a route leads to is said once; one that leads nowhere says so by its type. */
function checkWay(route: NonNullable<Loose<RouteContent>>, path: Path, findings: Findings): void {
  const { type, via, dev, onlink, nexthops } = route;
  if (findings.touches(path) || type === undefined) return;
  const direct = via !== undefined || dev !== undefined || onlink === true;
  if (type !== "unicast") {
    if (!direct && nexthops === undefined) return;
    const message = `${type} leads nowhere: leave out via, dev, onlink and nexthops, or the type`;
    findings.add("route-way", [...path, "type"], message);
    return;
  }
  if (nexthops === undefined) {
    if (via === undefined && dev === undefined)
      findings.add("route-way", [...path, "to"], "leads nowhere: give via, dev or nexthops");
    return;
  }
  if (direct) {
    const message = "stands beside via, dev or onlink: put those into the first of nexthops";
    findings.add("route-way", [...path, "nexthops"], message, "key");
  }
  if (nexthops.length === 0)
    findings.add("route-way", [...path, "nexthops"], "is empty: leave it out", "key");
  for (const [index, nexthop] of nexthops.entries()) {
    if (nexthop?.via !== undefined || nexthop?.dev !== undefined) continue;
    findings.add("route-way", [...path, "nexthops", index], "leads nowhere: give via or dev");
  }
}

function checkRule(rule: NonNullable<Loose<RuleContent>>, place: RoutingPlace, findings: Findings): void {
  const { path } = place;
  const family = routingFamily(rule, place.family);
  checkFamilies({ from: addressOf(rule.from), to: addressOf(rule.to) }, family, path, findings);
  if (findings.touches(path) || rule.action === undefined) return;
  if (rule.action === "lookup" && rule.table === undefined) {
    findings.add(
      "rule-table",
      [...path, "priority"],
      "looks nothing up: give table, or another action",
      "key",
    );
  } else if (rule.action !== "lookup" && rule.table !== undefined) {
    findings.add("rule-table", [...path, "table"], `is not looked up by ${rule.action}: leave it out`, "key");
  }
  if (rule.action !== "lookup" && rule.suppress_prefixlength !== undefined) {
    const message = `suppresses nothing where the action is ${rule.action}: leave it out`;
    findings.add("rule-table", [...path, "suppress_prefixlength"], message, "key");
  }
}

function checkFamilies(
  addresses: Readonly<Record<string, IpAddress | undefined>>,
  family: Family,
  path: Path,
  findings: Findings,
): void {
  for (const [key, address] of Object.entries(addresses)) {
    if (address === undefined || familyOf(address) === family) continue;
    const message = `${address} is IPv${familyOf(address)} and the rest is IPv${family}: keep to one`;
    findings.add("route-family", [...path, key], message);
  }
}

/** The kernel has one route for each destination, table and metric; and whose would it be? */
function checkDuplicate(
  { route, rule, path, family }: RoutingPlace,
  first: Map<string, Path>,
  findings: Findings,
): void {
  const entry =
    route === undefined ? buildRule(rule as RuleContent, family) : buildRoute(route as RouteContent, family);
  const key = identity(entry);
  const other = first.get(key);
  if (other === undefined) {
    first.set(key, path);
    return;
  }
  const what = entry.kind === "route" ? "a route of this destination, table and metric" : "the same rule";
  findings.add("duplicate-route", path, `${what} is there already (line ${findings.line(other)}): keep one`);
}

function checkStaticAddresses(content: LooseContent, findings: Findings): void {
  const taken = new Map<string, Path>();
  for (const [name, instance] of content.vrrp_instances ?? []) {
    for (const { entry, place } of addressesOf(instance)) {
      const address = entry?.address?.address;
      if (address !== undefined) taken.set(address, ["vrrp_instances", name, ...place]);
    }
  }
  for (const [index, entry] of (content.static_ipaddress ?? []).entries()) {
    const address = entry?.address?.address;
    if (address === undefined) continue;
    const path = ["static_ipaddress", index];
    const other = taken.get(address);
    if (other === undefined) {
      taken.set(address, path);
      continue;
    }
    const message = `${address} is in line ${findings.line(other)} already: it moves, or it stays; keep one`;
    findings.add("duplicate-address", path, message);
  }
}

function addressOf(destination: { readonly address?: IpAddress | undefined } | "default" | undefined) {
  return typeof destination === "object" ? destination.address : undefined;
}
