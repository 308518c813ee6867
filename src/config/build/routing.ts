/**
 * From a file's routes and rules to the core's, with every default filled in that the kernel would fill in.
 */

import type { z } from "zod";
import {
  IPV6_METRIC,
  type Nexthop,
  type Prefix,
  type Route,
  type RoutingEntry,
  type RoutingRule,
} from "../../core/routing/model.ts";
import type { Family, IpAddress } from "../../core/units/ip-address.ts";
import { type Destination, type routeSchema, routingFamily, type ruleSchema } from "../schema/routing.ts";

type RouteContent = z.output<typeof routeSchema>;
type RuleContent = z.output<typeof ruleSchema>;

/** Routes and then rules; `family` is that of entries which do not tell theirs. */
export function buildRouting(
  routes: readonly RouteContent[],
  rules: readonly RuleContent[],
  family: Family,
): readonly RoutingEntry[] {
  return [
    ...routes.map((content) => buildRoute(content, family)),
    ...rules.map((content) => buildRule(content, family)),
  ];
}

/** One route. */
export function buildRoute(content: RouteContent, otherFamily: Family): Route {
  const { type, src, table, mtu, metric } = content;
  const family = routingFamily(content, otherFamily);
  const nexthops = type === "unicast" ? nexthopsOf(content) : [];
  const onLink = type === "unicast" && nexthops.every(({ via }) => via === undefined);
  return {
    kind: "route",
    family,
    to: prefixOf(content.to, family),
    table,
    metric: family === 6 && metric === 0 ? IPV6_METRIC : metric,
    type,
    scope: content.scope ?? (onLink && family === 4 ? "link" : "global"),
    src,
    mtu,
    nexthops,
    tracked: !content.no_track,
  };
}

/** One rule. */
export function buildRule(content: RuleContent, otherFamily: Family): RoutingRule {
  const family = routingFamily(content, otherFamily);
  const { priority, not, iif, oif, fwmark, action, table = 0 } = content;
  return {
    kind: "rule",
    family,
    priority,
    not,
    from: narrow(content.from),
    to: narrow(content.to),
    iif,
    oif,
    fwmark,
    action,
    table,
    suppressPrefixLength: content.suppress_prefixlength,
  };
}

/** The network that is meant by a destination. */
export function prefixOf(destination: Destination, family: Family): Prefix {
  if (destination !== "default") return destination;
  return { address: (family === 6 ? "::" : "0.0.0.0") as IpAddress, prefixLength: 0 };
}

/** What all addresses are in is no condition. */
function narrow(destination: Destination | undefined): Prefix | undefined {
  return destination === undefined || destination === "default" || destination.prefixLength === 0
    ? undefined
    : destination;
}

function nexthopsOf({ nexthops, via, dev, onlink }: RouteContent): readonly Nexthop[] {
  const several = nexthops ?? [{ via, dev, onlink, weight: 1 }];
  return several.map((nexthop) => ({
    via: nexthop.via,
    interface: nexthop.dev,
    weight: nexthop.weight,
    onlink: nexthop.onlink,
  }));
}
