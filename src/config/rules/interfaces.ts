/**
 * Interfaces that this machine does not have. Only a warning: the file may be checked on another machine, and an
 * interface may come later.
 */

import { linkName } from "../build/virtual-link.ts";
import type { Environment } from "../environment.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { LooseContent } from "../schema/file.ts";
import { routingInterfaces, routingPlaces } from "./routing.ts";
import { addressesOf } from "./mastership.ts";

/** Tells of each place that names an interface which is not there. */
export function checkInterfaces(content: LooseContent, environment: Environment, findings: Findings): void {
  const places = [...interfacePlaces(content)];
  const present = places.length === 0 ? undefined : environment.interfaces();
  if (present === undefined) return;
  const ours = new Set(
    [...(content.vrrp_instances?.values() ?? [])].map((keys) => keys && linkName(keys, content)),
  );
  for (const { name, path } of places) {
    // One that an instance has for itself comes with it.
    if (present.includes(name) || ours.has(name)) continue;
    findings.add("interface-missing", path, `this machine has no interface ${name} now`);
  }
}

function* interfacePlaces(content: LooseContent): Generator<{ readonly name: string; readonly path: Path }> {
  const daemon = content.global_defs?.lvs_sync_daemon?.interface;
  if (daemon !== undefined) yield { name: daemon, path: ["global_defs", "lvs_sync_daemon", "interface"] };
  for (const [session, keys] of content.bfd_instances ?? []) {
    if (keys?.interface !== undefined)
      yield { name: keys.interface, path: ["bfd_instances", session, "interface"] };
  }
  for (const [instance, keys] of content.vrrp_instances ?? []) {
    const path = ["vrrp_instances", instance];
    if (keys?.interface !== undefined) yield { name: keys.interface, path: [...path, "interface"] };
    for (const [index, item] of (keys?.track_interface ?? []).entries()) {
      const name = typeof item === "string" ? item : item?.interface;
      if (name !== undefined) yield { name, path: [...path, "track_interface", index] };
    }
    for (const { entry, place } of addressesOf(keys)) {
      if (entry?.dev !== undefined) yield { name: entry.dev, path: [...path, ...place] };
    }
  }
  for (const [index, entry] of (content.static_ipaddress ?? []).entries())
    if (entry?.dev !== undefined) yield { name: entry.dev, path: ["static_ipaddress", index] };
  for (const place of routingPlaces(content))
    for (const [name, path] of routingInterfaces(place)) yield { name, path };
  if (content.masquerade?.interface !== undefined)
    yield { name: content.masquerade.interface, path: ["masquerade", "interface"] };
  for (const [gateway, keys] of content.track_gateways ?? []) {
    const path = ["track_gateways", gateway, "interface"];
    if (keys?.interface !== undefined) yield { name: keys.interface, path };
  }
}
