/** A virtual router's advert as the packet that goes out: IPv4 header and message. */

import type { Ipv4 } from "../units/ipv4.ts";
import { encodeIpv4 } from "../wire/ipv4.ts";
import { encodeAdvert, IPPROTO_VRRP, VRRP_GROUP, VRRP_TTL } from "../wire/vrrp.ts";
import { advertisedAddresses } from "./mismatch.ts";
import type { VirtualRouter } from "./model.ts";

/** The advert that `router` sends from `source`; `priority` is its own, or 0 when it lets go. */
export function advertPacket(router: VirtualRouter, priority: number, source: Ipv4): Uint8Array {
  const advert = {
    version: router.version,
    vrid: router.vrid,
    priority,
    advertInterval: router.advertInterval,
    addresses: advertisedAddresses(router),
  };
  const form = router.v3ChecksumAsV2 ? "message" : "pseudo-header";
  const payload = encodeAdvert(advert, source, VRRP_GROUP, form);
  return encodeIpv4({ source, destination: VRRP_GROUP, ttl: VRRP_TTL, protocol: IPPROTO_VRRP, payload });
}
