/**
 * What rtnetlink says of an interface that is made on top of another: the attribute IFLA_LINKINFO (linux/if_link.h), which
 * holds the interface's kind and, in a form of the kind's own, its mode.
 */

import type { VirtualLink } from "../vrrp/virtual-link.ts";
import {
  type Attributes,
  decodeAttributes,
  joined,
  nested,
  readNested,
  readText,
  readU16,
  readU32,
  text,
  u16,
  u32,
} from "./netlink.ts";

const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_MACVLAN_MODE = 1;
const MACVLAN_MODES: Readonly<Record<number, string>> = {
  1: "private",
  2: "vepa",
  4: "bridge",
  8: "passthru",
};
const MACVLAN_MODE_PRIVATE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_IPVLAN_FLAGS = 2;
const IPVLAN_MODE_L2 = 0;
/** IPVLAN_F_PRIVATE, IPVLAN_F_VEPA. */
const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

/** The value of IFLA_LINKINFO for an interface to be made. */
export function encodeLinkInfo(link: VirtualLink): Uint8Array {
  const data =
    link.type === "macvlan"
      ? [u32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE)]
      : [u16(IFLA_IPVLAN_MODE, IPVLAN_MODE_L2), u16(IFLA_IPVLAN_FLAGS, IPVLAN_FLAGS[link.mode])];
  return joined([text(IFLA_INFO_KIND, link.type), nested(IFLA_INFO_DATA, ...data)]);
}

/** The kind and the mode that a value of IFLA_LINKINFO tells; undefined when it tells no kind. */
export function decodeLinkInfo(
  bytes: Uint8Array,
): { readonly kind: string; readonly mode: string | undefined } | undefined {
  const attributes = decodeAttributes(bytes);
  const kind = readText(attributes?.get(IFLA_INFO_KIND));
  if (kind === undefined) return undefined;
  return { kind, mode: decodeMode(kind, readNested(attributes?.get(IFLA_INFO_DATA))) };
}

function decodeMode(kind: string, data: Attributes | undefined): string | undefined {
  if (kind === "macvlan") return MACVLAN_MODES[readU32(data?.get(IFLA_MACVLAN_MODE)) ?? 0];
  if (kind !== "ipvlan") return undefined;
  // ip-link(8) calls the two other modes by their layer.
  const layer = readU16(data?.get(IFLA_IPVLAN_MODE));
  if (layer !== IPVLAN_MODE_L2) return layer === undefined ? undefined : `l3 ${layer}`;
  const flags = readU16(data?.get(IFLA_IPVLAN_FLAGS)) ?? 0;
  return Object.entries(IPVLAN_FLAGS).find(([, value]) => value === flags)?.[0];
}
