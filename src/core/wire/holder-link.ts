/**
 * What rtnetlink says of the interfaces that a real server holds virtual addresses on: the attribute IFLA_LINKINFO
 * (linux/if_link.h) of a dummy, and of the ends of tunnels (linux/if_tunnel.h) that take packets from anybody.
 */

import type { Holder, TunnelKind } from "../realserver/model.ts";
import { type Family, ipAt, ipBytes, ipLength } from "../units/ip-address.ts";
import {
  attribute,
  type Attributes,
  be16,
  decodeAttributes,
  joined,
  nested,
  readBe16,
  readNested,
  readText,
  text,
  u8,
} from "./netlink.ts";

const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
/** IFLA_IPTUN_*: of ipip, sit and ip6tnl. */
const IFLA_IPTUN_LOCAL = 2;
const IFLA_IPTUN_PROTO = 9;
/** IFLA_GRE_*: of gre and ip6gre. */
const IFLA_GRE_IFLAGS = 2;
const IFLA_GRE_LOCAL = 6;
const GRE_CSUM = 0x8000;
/** IPPROTO_IPV6: a sit takes in IPv6. 0: an ip6tnl takes in both. */
const PROTOCOLS: Readonly<Partial<Record<TunnelKind, number>>> = { sit: 41, ip6tnl: 0 };
const OUTER: Readonly<Record<TunnelKind, Family>> = { ipip: 4, sit: 4, gre: 4, ip6tnl: 6, ip6gre: 6 };

/** The value of IFLA_LINKINFO for an interface to be made. */
export function encodeHolder(holder: Holder): Uint8Array {
  const kind = text(IFLA_INFO_KIND, holder.kind);
  if (holder.kind === "dummy") return kind;
  return joined([kind, nested(IFLA_INFO_DATA, ...tunnelData(holder))]);
}

/** The interface of that name that a value of IFLA_LINKINFO tells; undefined when it is of another kind. */
export function decodeHolder(name: string, bytes: Uint8Array): Holder | undefined {
  const attributes = decodeAttributes(bytes);
  const kind = readText(attributes?.get(IFLA_INFO_KIND));
  if (kind === "dummy") return { name, kind };
  if (kind === undefined || !isTunnel(kind)) return undefined;
  const data = readNested(attributes?.get(IFLA_INFO_DATA));
  return data && decodeTunnel(name, kind, data);
}

function tunnelData({ kind, local, checksum }: Exclude<Holder, { kind: "dummy" }>): Uint8Array[] {
  if (isGre(kind)) {
    const address = attribute(IFLA_GRE_LOCAL, ipBytes(local));
    return checksum ? [address, be16(IFLA_GRE_IFLAGS, GRE_CSUM)] : [address];
  }
  const protocol = PROTOCOLS[kind];
  const address = attribute(IFLA_IPTUN_LOCAL, ipBytes(local));
  return protocol === undefined ? [address] : [address, u8(IFLA_IPTUN_PROTO, protocol)];
}

function decodeTunnel(name: string, kind: TunnelKind, data: Attributes): Holder | undefined {
  const bytes = data.get(isGre(kind) ? IFLA_GRE_LOCAL : IFLA_IPTUN_LOCAL);
  if (bytes?.length !== ipLength(OUTER[kind])) return undefined;
  const flags = isGre(kind) ? (readBe16(data.get(IFLA_GRE_IFLAGS)) ?? 0) : 0;
  return { name, kind, local: ipAt(OUTER[kind], bytes, 0), checksum: (flags & GRE_CSUM) !== 0 };
}

function isGre(kind: TunnelKind): boolean {
  return kind === "gre" || kind === "ip6gre";
}

function isTunnel(kind: string): kind is TunnelKind {
  return Object.hasOwn(OUTER, kind);
}
