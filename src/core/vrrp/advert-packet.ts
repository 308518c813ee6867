/** A virtual router's advert as the packets that go out: IP header and message, one for each destination. */

import type { IpAddress } from "../units/ip-address.ts";
import { encodeIp } from "../wire/ip-packet.ts";
import { encodeAdvert, IPPROTO_VRRP } from "../wire/vrrp.ts";
import { destinations, ttlOf } from "./delivery.ts";
import { advertisedAddresses } from "./mismatch.ts";
import type { VirtualRouter } from "./model.ts";

/** A packet, and where it goes. */
export interface OutgoingAdvert {
  readonly destination: IpAddress;
  /** IP header included. */
  readonly packet: Uint8Array;
}

/** The adverts that `router` sends from `source`; `priority` is its own, or 0 when it lets go. */
export function advertPackets(
  router: VirtualRouter,
  priority: number,
  source: IpAddress,
): readonly OutgoingAdvert[] {
  const advert = {
    version: router.version,
    vrid: router.vrid,
    priority,
    advertInterval: router.advertInterval,
    addresses: advertisedAddresses(router),
  };
  const form = router.v3ChecksumAsV2 ? "message" : "pseudo-header";
  const ttl = ttlOf(router.delivery);
  return destinations(router.delivery, source).map((destination) => {
    const payload = encodeAdvert(advert, source, destination, form);
    return { destination, packet: encodeIp({ source, destination, ttl, protocol: IPPROTO_VRRP, payload }) };
  });
}
