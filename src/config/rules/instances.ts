/**
 * What the keys of one instance say about one another, and what instances say about each other.
 */

import { seconds } from "../../core/units/time.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import { formatDuration } from "../schema/duration.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";
import { familyOfInstance, versionOf } from "../schema/family.ts";
import { addressesOf, checkMastership, mayOwn } from "./mastership.ts";

type Instance = NonNullable<Loose<InstanceContent>>;

/** The rules for instances. */
export function checkInstances(content: LooseContent, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance === undefined) continue;
    const path = ["vrrp_instances", name];
    checkVersion(path, instance, content, findings);
    checkPreemption(path, instance, content, findings);
    checkMastership(path, instance, content, findings);
    checkCount(path, instance, findings);
    checkAcceptance(path, instance, findings);
  }
  checkRouterIds(content, findings);
  checkAddresses(content, findings);
}

function checkVersion(path: Path, instance: Instance, content: LooseContent, findings: Findings): void {
  if (findings.touches([...path, "version"]) || findings.touches(["global_defs", "vrrp_version"])) return;
  const version = versionOf(instance, content.global_defs?.vrrp_version);
  if (instance.version === 2 && familyOfInstance(instance) === 6) {
    const message = "version 2 knows IPv4 only: write version: 3, or leave it out";
    findings.add("ipv6-version", [...path, "version"], message);
    return;
  }
  checkInterval([...path, "advert_int"], version, instance.advert_int, findings);
  if (version === 2 && instance.v3_checksum_as_v2 === true) {
    const message = "has no effect: this instance speaks version 2, which has one checksum only";
    findings.add("unused-checksum", [...path, "v3_checksum_as_v2"], message, "key");
  }
}

/** RFC 3768 §5.3.7 counts in seconds; RFC 9568 §5.2.7 in centiseconds, 12 bits of them. */
function checkInterval(
  path: Path,
  version: number | undefined,
  interval: Instance["advert_int"],
  findings: Findings,
): void {
  if (interval === undefined) return;
  const shown = formatDuration(interval);
  if (version === 2 && interval % seconds(1) !== 0) {
    const message = `${shown} is not whole, and version 2 counts whole seconds (1..255): use version: 3, or whole ones`;
    findings.add("advert-interval", path, message);
  }
  if (version === 3 && interval > seconds(40.95)) {
    const message = `${shown} is more than version 3 can say (10ms..40.95s): shorten it, or use version: 2`;
    findings.add("advert-interval", path, message);
  } else if (version === 3 && interval % seconds(0.01) !== 0) {
    findings.add(
      "advert-interval",
      path,
      `${shown} is between the steps of 10ms that version 3 counts in: round it`,
    );
  }
}

function checkPreemption(path: Path, instance: Instance, content: LooseContent, findings: Findings): void {
  const { preempt, nopreempt } = instance;
  if (preempt !== undefined && preempt === nopreempt) {
    const message = `contradicts preempt: ${preempt}: keep one of the two`;
    findings.add("preempt-contradiction", [...path, "nopreempt"], message, "key");
    return;
  }
  if (nopreempt !== true && preempt !== false) return;
  if (!mayOwn(instance, content)) return;
  const key = nopreempt === true ? "nopreempt" : "preempt";
  const message = "priority 255 is the address owner's, who always preempts (RFC 9568 §6.1): use 254 or less";
  findings.add("owner-nopreempt", [...path, key], message, "key");
}

function checkAcceptance(path: Path, { accept, no_accept: noAccept }: Instance, findings: Findings): void {
  if (accept === undefined || accept !== noAccept) return;
  const message = `contradicts accept: ${accept}: keep one of the two`;
  findings.add("accept-contradiction", [...path, "no_accept"], message, "key");
}

/** What fits into an Ethernet frame of 1500 bytes behind 40 of IPv6 header and 8 of VRRP: nobody is to send fragments. */
const MOST_IPV6 = 90;

/** The number of addresses in an advert has eight bits (RFC 9568 §5.2.5). */
function checkCount(path: Path, instance: Instance, findings: Findings): void {
  const count = instance.virtual_ipaddress?.length;
  const most = familyOfInstance(instance) === 6 ? MOST_IPV6 : 255;
  if (count === undefined || (count >= 1 && count <= most)) return;
  const advice = count === 0 ? "give at least one address" : "spread them over several instances";
  const message = `${count} addresses are outside 1..${most}, what an advert can carry: ${advice}`;
  findings.add("out-of-range", [...path, "virtual_ipaddress"], message, "key");
}

/** Two instances of a family with one virtual router id on an interface would take each other's adverts for a peer's. */
function checkRouterIds(content: LooseContent, findings: Findings): void {
  const first = new Map<string, string>();
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance?.interface === undefined || instance.virtual_router_id === undefined) continue;
    const { interface: device, virtual_router_id: id } = instance;
    const key = `${id} ${device} ${familyOfInstance(instance) ?? 4}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, name);
      continue;
    }
    const line = findings.line(["vrrp_instances", other, "virtual_router_id"]);
    const message = `${other} has id ${id} on ${device} too (line ${line}): give each its own`;
    findings.add("duplicate-vrid", ["vrrp_instances", name, "virtual_router_id"], message);
  }
}

/** An address belongs to one instance, or nobody could say who holds it. */
function checkAddresses(content: LooseContent, findings: Findings): void {
  const first = new Map<string, Path>();
  for (const [name, instance] of content.vrrp_instances ?? []) {
    for (const { entry, place } of addressesOf(instance)) {
      const address = entry?.address?.address;
      if (address === undefined) continue;
      const path = ["vrrp_instances", name, ...place];
      const other = first.get(address);
      if (other === undefined) {
        first.set(address, path);
        continue;
      }
      const message = `${address} is in ${String(other[1])} already (line ${findings.line(other)}): keep one`;
      findings.add("duplicate-address", path, message);
    }
  }
}
