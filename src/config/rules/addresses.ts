/** What the options of a virtual address say about one another. */

import { familyOf } from "../../core/units/ip-address.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { LooseContent } from "../schema/file.ts";
import type { VirtualAddressEntry } from "../schema/virtual-address.ts";
import { addressesOf } from "./mastership.ts";

type Entry = NonNullable<Loose<VirtualAddressEntry>>;

/** The rules for the entries of `virtual_ipaddress` and `virtual_ipaddress_excluded`. */
export function checkAddressOptions(content: LooseContent, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    for (const { entry, place } of addressesOf(instance)) {
      const objection = entry === undefined ? undefined : objectionTo(entry);
      if (objection === undefined) continue;
      const path: Path = ["vrrp_instances", name, ...place];
      findings.add("address-option", path, objection);
    }
  }
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
