/**
 * What virtual servers say about one another, about groups, and about the instances' addresses.
 */

import { isMark, type ServiceId, serviceFamily, serviceKey } from "../../core/balance/service.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { LooseContent, VirtualServerContent } from "../schema/file.ts";
import { servicesOf } from "../services.ts";
import { addressesOf } from "./mastership.ts";
import { checkRealServers } from "./real-servers.ts";
import { checkScheduling } from "./scheduling.ts";

type VirtualServer = NonNullable<Loose<VirtualServerContent>>;

/** More services than that, each of which costs a question to the kernel every ten seconds, are not meant. */
const SERVICES_MAX = 16_384;

/** The rules for virtual servers and their real servers. */
export function checkVirtualServers(content: LooseContent, findings: Findings): void {
  checkGroups(content, findings);
  const first = new Map<string, Path>();
  const held = heldAddresses(content);
  for (const [index, server] of (content.virtual_servers ?? []).entries()) {
    if (server === undefined) continue;
    const path = ["virtual_servers", index];
    checkKind(path, server, content, findings);
    const services = servicesOf(server, content.virtual_server_groups);
    checkFamily(path, server, services, findings);
    checkUnique(path, services, first, findings);
    checkCovered(path, server, services, held, findings);
    checkScheduling(path, server, services, findings);
    checkRealServers(path, server, services, findings);
  }
  if (first.size > SERVICES_MAX) {
    const message = `${first.size} services are more than ${SERVICES_MAX}: use firewall marks for so many`;
    findings.add("out-of-range", ["virtual_servers"], message, "key");
  }
}

/** A virtual server is for an address and port, a firewall mark or a group. */
function checkKind(path: Path, server: VirtualServer, content: LooseContent, findings: Findings): void {
  const kinds = (["address", "fwmark", "group"] as const).filter(
    (key) => server[key] !== undefined || findings.touches([...path, key]),
  );
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const message =
      kind === undefined
        ? "has neither address nor fwmark nor group: say what it is for"
        : `has ${kinds.join(" and ")}: keep one, and make the other a virtual server of its own`;
    findings.add("virtual-server-kind", path, message);
    return;
  }
  if (kind === "address" && server.port === undefined && !findings.touches([...path, "port"]))
    findings.add("missing-key", [...path, "port"], "is missing", "key");
  if (kind !== "address" && server.port !== undefined)
    findings.add("unused-port", [...path, "port"], `${kind} says which ports: leave port out`);
  if (kind === "group" && server.group !== undefined && !groupIsThere(server.group, content))
    findings.add("unknown-group", [...path, "group"], `there is no ${server.group} in virtual_server_groups`);
}

function groupIsThere(group: string, { virtual_server_groups: groups }: LooseContent): boolean {
  return groups === undefined || groups.has(group);
}

function checkGroups(content: LooseContent, findings: Findings): void {
  const used = new Set((content.virtual_servers ?? []).map((server) => server?.group));
  for (const [name, entries] of content.virtual_server_groups ?? []) {
    const path = ["virtual_server_groups", name];
    if (!used.has(name) && content.virtual_servers !== undefined)
      findings.add("unused-group", path, "no virtual server names this group", "key");
    if (entries?.length === 0)
      findings.add("out-of-range", path, "is empty: give it addresses or marks", "key");
    for (const [index, entry] of (entries ?? []).entries()) {
      const place = [...path, index];
      if (entry === undefined || findings.touches(place)) continue;
      const { address, port, fwmark } = entry;
      const isMarked = fwmark !== undefined && address === undefined && port === undefined;
      const isAddressed = fwmark === undefined && address !== undefined && port !== undefined;
      if (!isMarked && !isAddressed)
        findings.add("group-entry", place, "write either address and port, or fwmark");
    }
  }
}

/** A virtual server's real servers are reached in one family, and so its services are of one. */
function checkFamily(
  path: Path,
  server: VirtualServer,
  services: readonly ServiceId[],
  findings: Findings,
): void {
  const addressed = services.filter((service) => !isMark(service));
  const families = new Set(addressed.map(serviceFamily));
  if (families.size > 1) {
    const message = "the group has IPv4 and IPv6 side by side: make it two, with a virtual server each";
    findings.add("mixed-families", [...path, "group"], message);
  } else if (server.ip_family !== undefined && addressed.length > 0) {
    const message = "the addresses say which family it is: ip_family is for firewall marks alone";
    findings.add("unused-family", [...path, "ip_family"], message);
  }
}

function checkUnique(
  path: Path,
  services: readonly ServiceId[],
  first: Map<string, Path>,
  findings: Findings,
): void {
  let told = false;
  for (const service of services) {
    const name = serviceKey(service);
    const other = first.get(name);
    if (other === undefined) first.set(name, path);
    else if (!told) {
      told = true;
      findings.add(
        "duplicate-virtual-server",
        path,
        `${name} is there already (line ${findings.line(other)})`,
      );
    }
  }
}

/** The addresses that instances have. */
export function heldAddresses(content: LooseContent): Set<string> {
  const held = new Set<string>();
  for (const instance of content.vrrp_instances?.values() ?? []) {
    for (const { entry } of addressesOf(instance)) {
      const address = entry?.address?.address;
      if (address !== undefined) held.add(address);
    }
  }
  return held;
}

/** Without the address on an interface the kernel never sees a packet for it. */
function checkCovered(
  path: Path,
  server: VirtualServer,
  services: readonly ServiceId[],
  held: ReadonlySet<string>,
  findings: Findings,
): void {
  if (findings.touches(["vrrp_instances"])) return;
  const addresses = new Set(services.flatMap((service) => (isMark(service) ? [] : [service.address])));
  const uncovered = [...addresses].filter((address) => !held.has(address));
  if (server.ha_suspend === true && uncovered.length === addresses.size) {
    const message =
      "no instance has an address of this virtual server, so that its checks would never be made: leave it out";
    findings.add("ha-suspend", [...path, "ha_suspend"], message);
  }
  const [address] = uncovered;
  if (address === undefined) return;
  const more = uncovered.length === 1 ? "" : ` and ${uncovered.length - 1} more`;
  const message = `no instance has ${address}${more} in its virtual_ipaddress: somebody else has to keep it on an interface`;
  findings.add("uncovered-address", [...path, server.address === undefined ? "group" : "address"], message);
}
