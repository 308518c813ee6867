/**
 * Tracked gateways that can be asked: by a method of their family, and none of them an address of the directors' own.
 */

import { familyOf } from "../../core/units/ip-address.ts";
import type { Findings } from "../findings.ts";
import type { LooseContent } from "../schema/file.ts";
import { addressesOf } from "./mastership.ts";

/** The one family that a method is for. */
const FAMILY = { arp: 4, ndp: 6 } as const;

/** The rules for `track_gateways`. */
export function checkGateways(content: LooseContent, findings: Findings): void {
  for (const [name, gateway] of content.track_gateways ?? []) {
    if (gateway?.address === undefined) continue;
    const { address, ip_family: given, method } = gateway;
    const path = ["track_gateways", name];
    const family = given ?? (address === "default" ? 4 : familyOf(address));
    if (address !== "default" && familyOf(address) !== family) {
      const message = `${address} is an IPv${familyOf(address)} address: leave ip_family out`;
      findings.add("gateway-family", [...path, "ip_family"], message);
    } else if (method !== undefined && method !== "icmp" && FAMILY[method] !== family) {
      const instead = family === 4 ? "arp" : "ndp";
      const message = `${method} is for IPv${FAMILY[method]}, and this gateway is asked over IPv${family}: use ${instead}, or icmp`;
      findings.add("gateway-family", [...path, "method"], message);
    }
    if (address !== "default" && isVirtual(address, content)) {
      const message = `${address} is a virtual address of these directors: give the address of somebody else`;
      findings.add("track-own-address", [...path, "address"], message);
    }
  }
}

function isVirtual(address: string, content: LooseContent): boolean {
  return [...(content.vrrp_instances?.values() ?? [])].some((instance) =>
    [...addressesOf(instance)].some(({ entry }) => entry?.address?.address === address),
  );
}
