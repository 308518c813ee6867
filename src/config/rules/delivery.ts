/** What an instance's addresses, peers and sources say about one another. */

import { type Family, familyOf, type IpAddress, isIpv6 } from "../../core/units/ip-address.ts";
import { isLinkLocal } from "../../core/units/ipv6.ts";
import { VRRP_TTL } from "../../core/wire/vrrp.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import { familyOfInstance } from "../schema/family.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";
import { checkNames, tellNoDirectors } from "./directors.ts";

type Instance = NonNullable<Loose<InstanceContent>>;

/** The rules for families, peers and sources. */
export function checkDelivery(content: LooseContent, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance === undefined) continue;
    const path = ["vrrp_instances", name];
    const family = familyOfInstance(instance);
    if (family !== undefined) {
      checkVirtual(path, instance, family, findings);
      checkPeers(path, instance, family, findings);
    }
    checkUse(path, instance, findings);
    for (const key of ["mcast_src_ip", "unicast_src_ip"] as const) {
      checkSource([...path, key], instance[key], family, content, findings);
    }
  }
}

/** An advert carries addresses of one family. */
function checkVirtual(path: Path, instance: Instance, family: Family, findings: Findings): void {
  const place = [...path, "virtual_ipaddress"];
  const addresses = (instance.virtual_ipaddress ?? []).map((entry) => entry?.address?.address);
  for (const [index, address] of addresses.entries()) {
    if (address === undefined || familyOf(address) === family) continue;
    const message = `${address} is IPv${familyOf(address)}, and this instance's first is IPv${family}: make an instance of its own for it, which may have the same virtual_router_id`;
    findings.add("mixed-families", [...place, index], message);
  }
  if (family === 4 || addresses.some((address) => address === undefined || isLinkLocalAddress(address)))
    return;
  const message =
    "no address is a link-local one (fe80::/10), which RFC 9568 §5.2.9 wants first in an advert: add one, such as fe80::100/64; keepalived and Relevo work without";
  findings.add("no-link-local", place, message, "key");
}

function checkPeers(path: Path, instance: Instance, family: Family, findings: Findings): void {
  const peers = instance.unicast_peer;
  if (peers?.length === 0) {
    const message = "0 peers: name at least one, or leave unicast_peer out and use multicast";
    findings.add("out-of-range", [...path, "unicast_peer"], message, "key");
  }
  const seen = new Set<IpAddress>();
  const scopes = new Set<boolean>();
  for (const [index, peer] of (peers ?? []).entries()) {
    if (peer?.address === undefined) continue;
    const place = [...path, "unicast_peer", index];
    const { address, min_ttl: min = VRRP_TTL, max_ttl: max = VRRP_TTL } = peer;
    if (familyOf(address) !== family) findings.add("mixed-families", place, otherFamily(address, family));
    else if (scopes.add(isLinkLocalAddress(address)).size > 1) {
      const message = `${address}: link-local peers and others cannot be mixed, for they need different sources: keep one kind`;
      findings.add("mixed-families", place, message);
      scopes.delete(isLinkLocalAddress(address));
    }
    if (seen.has(address)) findings.add("duplicate-peer", place, `${address} is named twice: keep one`);
    seen.add(address);
    if (min > max) {
      const message = `min_ttl ${min} is more than max_ttl ${max}, so that nothing it sends would count: swap them, or give both (each is 255 when left out)`;
      findings.add("peer-ttl", place, message);
    }
  }
}

/** Keys that have no effect because adverts travel the other way. */
function checkUse(path: Path, instance: Instance, findings: Findings): void {
  if (findings.touches([...path, "unicast_peer"])) return;
  const unicast = instance.unicast_peer !== undefined;
  const useless = unicast
    ? (["mcast_src_ip"] as const)
    : (["unicast_src_ip", "unicast_ttl", "check_unicast_src"] as const);
  for (const key of useless) {
    if (instance[key] === undefined) continue;
    const message = unicast
      ? "has no effect with unicast_peer: write unicast_src_ip instead"
      : "has no effect without unicast_peer: add the peers, or leave it out";
    findings.add("unused-delivery", [...path, key], message, "key");
  }
}

function checkSource(
  path: Path,
  source: Instance["mcast_src_ip"],
  family: Family | undefined,
  content: LooseContent,
  findings: Findings,
): void {
  if (source === undefined) return;
  if (typeof source === "string") {
    checkSourceFamily(path, source, family, findings);
    if ((content.directors?.size ?? 0) > 1) {
      const message =
        "this address is the same on every director, and only one of them can have it: write one for each, such as { lvs1: 192.0.2.11, lvs2: 192.0.2.12 }";
      findings.add("plain-source", path, message);
    }
    return;
  }
  if (content.directors === undefined) tellNoDirectors(path, "one address", findings);
  else checkNames(path, source, content.directors, findings);
  for (const [name, address] of source)
    if (address !== undefined) checkSourceFamily([...path, name], address, family, findings);
}

function checkSourceFamily(
  path: Path,
  address: IpAddress,
  family: Family | undefined,
  findings: Findings,
): void {
  if (family === undefined || familyOf(address) === family) return;
  findings.add("mixed-families", path, otherFamily(address, family));
}

function otherFamily(address: IpAddress, family: Family): string {
  return `${address} is IPv${familyOf(address)}, and this instance is IPv${family}: give an IPv${family} address`;
}

function isLinkLocalAddress(address: IpAddress): boolean {
  return isIpv6(address) && isLinkLocal(address);
}
