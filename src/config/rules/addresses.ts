/** What the options of a virtual address say about one another, and that it is nobody's for good. */

import { familyOf } from "../../core/units/ip-address.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { LooseContent } from "../schema/file.ts";
import type { VirtualAddressEntry } from "../schema/virtual-address.ts";
import { addressesOf, mayOwn } from "./mastership.ts";

type Entry = NonNullable<Loose<VirtualAddressEntry>>;

/** The rules for the entries of `virtual_ipaddress`, `virtual_ipaddress_excluded` and `static_ipaddress`. */
export function checkVirtualAddresses(content: LooseContent, findings: Findings): void {
  const fixed = fixedAddresses(content);
  for (const [index, entry] of (content.static_ipaddress ?? []).entries())
    checkOptions(entry, ["static_ipaddress", index], findings);
  for (const [name, instance] of content.vrrp_instances ?? []) {
    for (const { entry, place } of addressesOf(instance)) {
      if (instance === undefined || entry === undefined) continue;
      const path: Path = ["vrrp_instances", name, ...place];
      checkOptions(entry, path, findings);
      const other = fixed.get(entry.address?.address ?? "");
      // An owner's addresses are its own.
      if (other === undefined || mayOwn(instance, content)) continue;
      const message = `${entry.address?.address} is a director's own (line ${findings.line(other)}) and cannot float: give the instance another`;
      findings.add("duplicate-address", path, message);
    }
  }
}

/** The addresses that adverts are said to come from or go to: each is some director's for good. */
function fixedAddresses(content: LooseContent): ReadonlyMap<string, Path> {
  const fixed = new Map<string, Path>();
  for (const [name, instance] of content.vrrp_instances ?? []) {
    const path: Path = ["vrrp_instances", name];
    for (const [index, peer] of (instance?.unicast_peer ?? []).entries())
      if (peer?.address !== undefined) fixed.set(peer.address, [...path, "unicast_peer", index]);
    for (const key of ["mcast_src_ip", "unicast_src_ip"] as const) {
      const source = instance?.[key];
      const sources = source instanceof Map ? [...source.values()] : [source];
      for (const address of sources) if (typeof address === "string") fixed.set(address, [...path, key]);
    }
  }
  return fixed;
}

function checkOptions(entry: Entry | undefined, path: Path, findings: Findings): void {
  const objection = entry && objectionTo(entry);
  if (objection !== undefined) findings.add("address-option", path, objection);
}

function objectionTo({
  address: own,
  peer,
  label,
  scope,
  brd,
  preferred_lft: preferred,
}: Entry): string | undefined {
  if (own?.address === undefined) return undefined;
  const { address, prefixLength } = own;
  const family = familyOf(address);
  const [foreign] = Object.entries(family === 6 ? { label, scope, brd } : { preferred_lft: preferred })
    .filter(([, value]) => value !== undefined)
    .map(([key]) => key);
  if (foreign !== undefined)
    return `${foreign} is for IPv${family === 6 ? 4 : 6} only: the kernel does not know it for ${address}; leave it out`;
  if ((brd === "+" || brd === "-") && (prefixLength ?? 0) >= 31)
    return `a /${prefixLength} has no broadcast address: leave brd out`;
  if (peer?.address === undefined) return undefined;
  if (familyOf(peer.address) !== family) return `the peer ${peer.address} is not of the family of ${address}`;
  if (peer.address === address) return `${address} cannot be its own peer: give the other end's address`;
  if (prefixLength !== (family === 6 ? 128 : 32))
    return `${address} has a peer, which the prefix length belongs to: write it there, and ${address} without`;
  return undefined;
}
