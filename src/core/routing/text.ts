/** Routes and rules in the words of ip-route(8) and ip-rule(8), which operators know. */

import {
  MAIN_TABLE,
  type Nexthop,
  type Prefix,
  type Route,
  type RoutingEntry,
  type RoutingRule,
} from "./model.ts";

/** A route or a rule as `ip` would print it. */
export function routingText(entry: RoutingEntry): string {
  return entry.kind === "route" ? routeText(entry) : ruleText(entry);
}

function routeText(route: Route): string {
  const { to, type, table, metric, scope, src, mtu, nexthops } = route;
  const several = nexthops.length > 1;
  return words(
    type === "unicast" ? undefined : type,
    to.prefixLength === 0 ? "default" : prefixText(to),
    several ? undefined : nexthops.map(nexthopText).join(" "),
    table === MAIN_TABLE ? undefined : `table ${table}`,
    scope === "global" ? undefined : `scope ${scope}`,
    src && `src ${src}`,
    metric === 0 ? undefined : `metric ${metric}`,
    mtu === undefined ? undefined : `mtu ${mtu}`,
    several
      ? nexthops.map((nexthop) => `nexthop ${nexthopText(nexthop)} weight ${nexthop.weight}`).join(" ")
      : "",
  );
}

function ruleText(rule: RoutingRule): string {
  const { from, to, iif, oif, fwmark, suppressPrefixLength: suppressed } = rule;
  return words(
    `${rule.priority}:`,
    rule.not ? "not" : undefined,
    `from ${from === undefined ? "all" : prefixText(from)}`,
    to && `to ${prefixText(to)}`,
    fwmark && `fwmark ${hexadecimal(fwmark.mark)}/${hexadecimal(fwmark.mask)}`,
    iif && `iif ${iif}`,
    oif && `oif ${oif}`,
    rule.action === "lookup" ? `lookup ${tableText(rule.table)}` : rule.action,
    suppressed === undefined ? undefined : `suppress_prefixlength ${suppressed}`,
  );
}

/** A network, or an address where it is one host's. */
export function prefixText({ address, prefixLength }: Prefix): string {
  const whole = address.includes(":") ? 128 : 32;
  return prefixLength === whole ? address : `${address}/${prefixLength}`;
}

function nexthopText({ via, interface: on, onlink }: Nexthop): string {
  return words(via && `via ${via}`, on && `dev ${on}`, onlink ? "onlink" : undefined);
}

function tableText(table: number): string {
  return table === MAIN_TABLE ? "main" : String(table);
}

function hexadecimal(number: number): string {
  return `0x${number.toString(16)}`;
}

function words(...parts: readonly (string | undefined)[]): string {
  return parts.filter(Boolean).join(" ");
}
