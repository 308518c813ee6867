/**
 * Routes and policy rules as an operator writes them: the words of ip-route(8) and ip-rule(8), as keys of a map.
 */

import { z } from "zod";
import type { Prefix } from "../../core/routing/model.ts";
import {
  type Family,
  familyOf,
  type IpAddress,
  ipBytes,
  parseIpAddress,
} from "../../core/units/ip-address.ts";
import { quote } from "../diagnostic.ts";
import { readIpHost } from "./ip-address.ts";
import { choice, interfaceName, leaf, type Reading, refuse, textLeaf, toggle, whole } from "./leaf.ts";

/** A destination: a network, or all there is. */
export type Destination = Prefix | "default";

/** A mark and the bits of it that count. */
export interface FirewallMark {
  readonly mark: number;
  readonly mask: number;
}

const NUMBER_MAX = 0xffff_ffff;

/** A network such as `203.0.113.0/24`; an address alone is a host's. */
export function network(): z.ZodType<Destination> {
  return textLeaf<Destination>("a network such as 203.0.113.0/24, or default", readDestination);
}

/** The same, but not all that there is in one word. */
export function plainNetwork(): z.ZodType<Prefix> {
  return textLeaf<Prefix>("a network such as 198.51.100.0/24", (text) => {
    const reading = readDestination(text);
    if ("refusal" in reading) return reading;
    if (reading.value !== "default") return { value: reading.value };
    return refuse("bad-address", `${quote(text)} is no network, such as 198.51.100.0/24`);
  });
}

/** A routing table: its number, or the name of one that every machine has. */
export function routingTable(): z.ZodType<number> {
  const name = choice({ main: 254, default: 253 });
  return z.union([whole(1, NUMBER_MAX), name]) as z.ZodType<number>;
}

function gateway(): z.ZodType<IpAddress> {
  return textLeaf("a gateway's address, such as 192.0.2.1", readIpHost);
}

/** `inet` or `inet6`. */
function ipFamily(): z.ZodType<Family> {
  return choice<Family>({ inet: 4, inet6: 6 });
}

/** The types of routes. */
export function routeType() {
  return choice({
    unicast: "unicast",
    blackhole: "blackhole",
    unreachable: "unreachable",
    prohibit: "prohibit",
  } as const);
}

/** An entry of `virtual_routes`, `static_routes`. What its keys say about one another: rules/routing.ts. */
export const routeSchema = z.strictObject({
  to: network(),
  ip_family: ipFamily().optional(),
  type: routeType().default("unicast"),
  via: gateway().optional(),
  dev: interfaceName().optional(),
  onlink: toggle().default(false),
  nexthops: z
    .array(
      z.strictObject({
        via: gateway().optional(),
        dev: interfaceName().optional(),
        weight: whole(1, 256).default(1),
        onlink: toggle().default(false),
      }),
    )
    .optional(),
  src: textLeaf<IpAddress>("an address of this machine's, such as 192.0.2.100", readIpHost).optional(),
  table: routingTable().default(254),
  metric: whole(0, NUMBER_MAX).default(0),
  scope: choice({ global: "global", link: "link", host: "host" } as const).optional(),
  mtu: whole(68, 65_535).optional(),
  no_track: toggle().default(false),
});

/** An entry of `virtual_rules`, `static_rules`. */
export const ruleSchema = z.strictObject({
  // Without one the kernel would choose it, another one on each machine and after each takeover.
  priority: whole(1, NUMBER_MAX),
  ip_family: ipFamily().optional(),
  not: toggle().default(false),
  from: network().optional(),
  to: network().optional(),
  iif: interfaceName().optional(),
  oif: interfaceName().optional(),
  fwmark: firewallMark().optional(),
  action: choice({
    lookup: "lookup",
    blackhole: "blackhole",
    unreachable: "unreachable",
    prohibit: "prohibit",
  } as const).default("lookup"),
  table: routingTable().optional(),
  suppress_prefixlength: whole(0, 128).optional(),
});

/** `7`, or text such as `0x10/0xf0`. */
function firewallMark(): z.ZodType<FirewallMark> {
  return leaf<FirewallMark>('a mark such as 7 or "0x10/0xf0"', (value) => {
    if (typeof value !== "number" && typeof value !== "string") return undefined;
    const [mark, mask = NUMBER_MAX, ...rest] = String(value).split("/").map(readNumber);
    if (mark === undefined || Number.isNaN(mark + mask) || rest.length > 0) {
      const shown = quote(String(value));
      return refuse("out-of-range", `${shown} is no mark: give a number up to 0xffffffff, or MARK/MASK`);
    }
    return { value: { mark, mask } };
  });
}

function readNumber(text: string): number {
  const number = /^(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})$/.test(text) ? Number(text) : Number.NaN;
  return number <= NUMBER_MAX ? number : Number.NaN;
}

function readDestination(text: string): Reading<Destination> {
  if (text === "default") return { value: "default" };
  const [host = "", length, ...rest] = text.split("/");
  const address = parseIpAddress(host);
  if (address === undefined || rest.length > 0)
    return refuse("bad-address", `${quote(text)} is no network, such as 203.0.113.0/24`);
  const most = 8 * ipBytes(address).length;
  const prefixLength = length === undefined ? most : readLength(length, most);
  if (prefixLength === undefined)
    return refuse("bad-address", `${quote(text)}: the length after the / is a number from 0 to ${most}`);
  if (hasHostBits(address, prefixLength))
    return refuse(
      "bad-address",
      `${quote(text)} is a host in its /${prefixLength}: give the network's address`,
    );
  return { value: { address, prefixLength } };
}

function readLength(text: string, most: number): number | undefined {
  return /^(0|[1-9][0-9]{0,2})$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

function hasHostBits(address: IpAddress, prefixLength: number): boolean {
  return ipBytes(address).some((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - 8 * index));
    return (byte & (0xff >>> kept)) !== 0;
  });
}

/** As much of an entry as tells its family; it may not have been read whole. */
interface WithFamily {
  readonly to?: { readonly address?: IpAddress | undefined } | "default" | undefined;
  readonly from?: { readonly address?: IpAddress | undefined } | "default" | undefined;
  readonly src?: IpAddress | undefined;
  readonly via?: IpAddress | undefined;
  readonly nexthops?: readonly ({ readonly via?: IpAddress | undefined } | undefined)[] | undefined;
  readonly ip_family?: Family | undefined;
}

/** The family of a route or a rule: what it says, else what its addresses do, else `other`. */
export function routingFamily(entry: WithFamily, other: Family): Family {
  if (entry.ip_family !== undefined) return entry.ip_family;
  const [first] = [
    addressOf(entry.to),
    addressOf(entry.from),
    entry.src,
    entry.via,
    ...(entry.nexthops ?? []).map((nexthop) => nexthop?.via),
  ].filter((address) => address !== undefined);
  return first === undefined ? other : familyOf(first);
}

function addressOf(destination: WithFamily["to"]): IpAddress | undefined {
  return typeof destination === "object" ? destination.address : undefined;
}
