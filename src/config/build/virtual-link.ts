/** From an instance's keys to the interface that it has for itself. */

import { familyOf } from "../../core/units/ip-address.ts";
import type { Mac } from "../../core/units/mac.ts";
import { type VirtualLink, virtualMac } from "../../core/vrrp/virtual-link.ts";
import type { Loose } from "../salvage.ts";
import { familyOfInstance } from "../schema/family.ts";
import type { FileContent, InstanceContent, LooseContent } from "../schema/file.ts";
import type { IpvlanEntry, LinkAddress, VmacEntry } from "../schema/virtual-link.ts";

type Instance = NonNullable<Loose<InstanceContent>>;

/** keepalived's default. */
const DEFAULT_PREFIX = "vrrp";

/** The interface of an instance's own, for the director `node`; undefined when it is to have none. */
export function buildLink(
  instance: InstanceContent,
  content: FileContent,
  node: string | undefined,
): VirtualLink | undefined {
  const { interface: base, virtual_router_id: vrid } = instance;
  const family = familyOfInstance(instance) ?? 4;
  const vmac = vmacOf(instance);
  const name = linkName(instance, content) ?? "";
  const entries = [...instance.virtual_ipaddress, ...instance.virtual_ipaddress_excluded];
  const holdsIpv4 = entries.some(
    ({ address, dev = base }) => dev === base && familyOf(address.address) === 4,
  );
  if (vmac !== undefined) return { type: "macvlan", name, base, holdsIpv4, mac: macOf(vmac, family, vrid) };
  const ipvlan = ipvlanOf(instance);
  if (ipvlan === undefined) return undefined;
  const address = ipvlanAddress(ipvlan, node);
  return { type: "ipvlan", name, base, holdsIpv4, mode: ipvlan.mode ?? "bridge", address };
}

/** What `use_vmac` asks for; undefined when it is not asked for. */
export function vmacOf({ use_vmac: asked }: Instance): VmacEntry | undefined {
  return entryOf<VmacEntry>(asked);
}

/** What `use_ipvlan` asks for; undefined when it is not asked for. */
export function ipvlanOf({ use_ipvlan: asked }: Instance): IpvlanEntry | undefined {
  return entryOf<IpvlanEntry>(asked as boolean | string | IpvlanEntry | undefined);
}

/** The name of an instance's own interface: the one that is given, or keepalived's. */
export function linkName(instance: Instance, content: LooseContent): string | undefined {
  const entry = vmacOf(instance) ?? ipvlanOf(instance);
  if (entry === undefined || entry.name !== undefined) return entry?.name;
  const prefix = content.global_defs?.vmac_prefix ?? DEFAULT_PREFIX;
  return `${prefix}${familyOfInstance(instance) === 6 ? "6" : ""}.${instance.virtual_router_id}`;
}

/** The virtual hardware address, or the one that is given; with five bytes the virtual router id is the sixth. */
export function macOf({ mac }: VmacEntry, family: 4 | 6, vrid: number): Mac {
  if (mac === undefined) return virtualMac(family, vrid);
  return (mac.length === 6 ? mac : Uint8Array.of(...mac, vrid)) as Mac;
}

function ipvlanAddress({ address }: IpvlanEntry, node: string | undefined): LinkAddress | undefined {
  if (!(address instanceof Map)) return address;
  return node === undefined ? undefined : address.get(node);
}

function entryOf<Entry extends object>(asked: boolean | string | Entry | undefined): Entry | undefined {
  if (asked === undefined || asked === false) return undefined;
  if (asked === true) return {} as Entry;
  return typeof asked === "string" ? ({ name: asked } as unknown as Entry) : asked;
}
