/**
 * What `use_vmac` and `use_ipvlan` say beside other keys, and beside those of other instances.
 */

import { familyOf } from "../../core/units/ip-address.ts";
import { macText } from "../../core/units/mac.ts";
import { ipvlanOf, linkName, macOf, vmacOf } from "../build/virtual-link.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import { familyOfInstance } from "../schema/family.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";
import type { IpvlanEntry, LinkAddress } from "../schema/virtual-link.ts";
import { checkNames, tellNoDirectors } from "./directors.ts";

type Instance = NonNullable<Loose<InstanceContent>>;

/** The rules for interfaces of an instance's own. */
export function checkVirtualLinks(content: LooseContent, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance === undefined) continue;
    const path = ["vrrp_instances", name];
    checkVmac(path, instance, findings);
    const ipvlan = ipvlanOf(instance);
    if (ipvlan !== undefined) checkIpvlan(path, instance, ipvlan, content, findings);
  }
  checkLinkNames(content, findings);
  checkSharing(content, findings);
}

function checkVmac(path: Path, instance: Instance, findings: Findings): void {
  const vmac = vmacOf(instance);
  if (instance.vmac_xmit_base !== undefined && vmac === undefined) {
    const message = "has no effect without use_vmac: add that, or leave it out";
    findings.add("unused-vmac", [...path, "vmac_xmit_base"], message, "key");
  }
  if (vmac === undefined) return;
  if (ipvlanOf(instance) !== undefined) {
    const message = "contradicts use_vmac: an instance has one interface of its own, keep one of the two";
    findings.add("vmac-contradiction", [...path, "use_ipvlan"], message, "key");
  }
  if (instance.unicast_peer !== undefined && instance.vmac_xmit_base !== true) {
    const message =
      "with unicast_peer adverts have to come from the hardware address of the interface itself, which is where the answers go: add vmac_xmit_base: true";
    findings.add("vmac-unicast", [...path, "use_vmac"], message, "key");
  }
}

function checkIpvlan(
  path: Path,
  instance: Instance,
  { address }: IpvlanEntry,
  content: LooseContent,
  findings: Findings,
): void {
  const family = familyOfInstance(instance);
  const place = [...path, "use_ipvlan"];
  for (const key of ["mcast_src_ip", "unicast_src_ip"] as const) {
    if (instance[key] === undefined) continue;
    const message = "contradicts use_ipvlan, whose address adverts come from: leave it out";
    findings.add("vmac-contradiction", [...path, key], message, "key");
  }
  if (findings.touches(place)) return;
  if (address === undefined) {
    if (family !== 4) return;
    const message = "over IPv4 it needs an address of its own: use_ipvlan: { address: 192.0.2.21/24 }";
    findings.add("ipvlan-address", place, message, "key");
    return;
  }
  const named = [...place, "address"];
  if (!(address instanceof Map)) {
    checkFamily(named, address, family, findings);
    if ((content.directors?.size ?? 0) > 1) {
      const message =
        "this address is the same on every director, and only one of them can have it: write one for each, such as { lvs1: 192.0.2.21/24, lvs2: 192.0.2.22/24 }";
      findings.add("plain-source", named, message);
    }
    return;
  }
  if (content.directors === undefined) tellNoDirectors(named, "one address", findings);
  else checkNames(named, address, content.directors, findings);
  for (const [director, own] of address) checkFamily([...named, director], own, family, findings);
  for (const director of content.directors?.keys() ?? []) {
    if (family !== 4 || address.has(director)) continue;
    findings.add(
      "ipvlan-address",
      named,
      `over IPv4 each director needs one, and ${director} has none: add it`,
    );
  }
}

function checkFamily(
  path: Path,
  own: LinkAddress | undefined,
  family: 4 | 6 | undefined,
  findings: Findings,
): void {
  if (own === undefined || family === undefined || familyOf(own.address) === family) return;
  const message = `${own.address} is IPv${familyOf(own.address)}, and this instance is IPv${family}: give an IPv${family} address`;
  findings.add("mixed-families", path, message);
}

/** Two instances cannot have one interface; nor can one be made under the name of an interface that is there. */
function checkLinkNames(content: LooseContent, findings: Findings): void {
  const first = new Map<string, string>();
  const bases = new Set([...(content.vrrp_instances ?? [])].map(([, instance]) => instance?.interface));
  for (const [instance, keys] of content.vrrp_instances ?? []) {
    const name = keys && linkName(keys, content);
    if (keys === undefined || name === undefined) continue;
    const path = ["vrrp_instances", instance, keyOf(keys)];
    const other = first.get(name);
    if (other !== undefined) {
      const message = `the interface ${name} is ${other}'s already: give this one a name of its own, such as use_vmac: ${freeName(name, first)}`;
      findings.add("duplicate-vmac", path, message, "key");
    } else if (bases.has(name)) {
      const message = `${name} is an instance's interface: choose another name for the one on top of it`;
      findings.add("duplicate-vmac", path, message, "key");
    }
    if (other === undefined) first.set(name, instance);
  }
}

/** On one interface no two can have one hardware address, nor macvlan and ipvlan be side by side, nor two modes of ipvlan. */
function checkSharing(content: LooseContent, findings: Findings): void {
  const first = new Map<string, { readonly instance: string; readonly kind: string }>();
  const macs = new Map<string, string>();
  for (const [instance, keys] of content.vrrp_instances ?? []) {
    if (keys?.interface === undefined) continue;
    const [vmac, ipvlan] = [vmacOf(keys), ipvlanOf(keys)];
    if (vmac === undefined && ipvlan === undefined) continue;
    const path = ["vrrp_instances", instance, keyOf(keys)];
    const kind = vmac === undefined ? `ipvlan of mode ${ipvlan?.mode ?? "bridge"}` : "macvlan";
    const other = first.get(keys.interface);
    if (other !== undefined && other.kind !== kind) {
      const message = `a ${kind} cannot be on ${keys.interface} beside ${other.instance}'s ${other.kind}: use the same for both`;
      findings.add("vmac-contradiction", path, message, "key");
    }
    first.set(keys.interface, other ?? { instance, kind });
    if (vmac === undefined || keys.virtual_router_id === undefined) continue;
    const mac = macText(macOf(vmac, familyOfInstance(keys) ?? 4, keys.virtual_router_id));
    const holder = macs.get(`${mac} ${keys.interface}`);
    if (holder !== undefined) {
      const message = `${holder} has the hardware address ${mac} on ${keys.interface} already: give each its own`;
      findings.add("duplicate-vmac", path, message, "key");
    }
    macs.set(`${mac} ${keys.interface}`, holder ?? instance);
  }
}

function keyOf(instance: Instance): "use_vmac" | "use_ipvlan" {
  return vmacOf(instance) === undefined ? "use_ipvlan" : "use_vmac";
}

function freeName(name: string, taken: ReadonlyMap<string, string>): string {
  for (let number = 1; ; number += 1) if (!taken.has(`${name}.${number}`)) return `${name}.${number}`;
}
