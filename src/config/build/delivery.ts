/** From an instance's keys to how its adverts travel. */

import type { IpAddress } from "../../core/units/ip-address.ts";
import type { Delivery } from "../../core/vrrp/delivery.ts";
import { VRRP_TTL } from "../../core/wire/vrrp.ts";
import { familyOfInstance } from "../schema/family.ts";
import type { FileContent, InstanceContent } from "../schema/file.ts";

/** The delivery of an instance, for the director `node`. */
export function buildDelivery(
  instance: InstanceContent,
  { global_defs: globals }: FileContent,
  node: string | undefined,
): Delivery {
  if (instance.unicast_peer === undefined) {
    const group = familyOfInstance(instance) === 6 ? globals.vrrp_mcast_group6 : globals.vrrp_mcast_group4;
    return { type: "multicast", group, source: own(instance.mcast_src_ip, node) };
  }
  return {
    type: "unicast",
    peers: instance.unicast_peer.map(({ address, min_ttl, max_ttl }) => ({
      address,
      minTtl: min_ttl ?? VRRP_TTL,
      maxTtl: max_ttl ?? VRRP_TTL,
    })),
    source: own(instance.unicast_src_ip, node),
    ttl: instance.unicast_ttl ?? VRRP_TTL,
    checkSource: instance.check_unicast_src ?? true,
  };
}

/** What holds for the director `node`: one address for all, or its own. */
export function own(
  source: IpAddress | ReadonlyMap<string, IpAddress> | undefined,
  node: string | undefined,
): IpAddress | undefined {
  if (source === undefined || typeof source === "string") return source;
  return node === undefined ? undefined : source.get(node);
}
