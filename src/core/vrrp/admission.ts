/**
 * Which packets reach a virtual router at all (RFC 9568 §7.1, RFC 3768 §7.1).
 *
 * A packet that fails any check is named by cause and goes no further: no timer, no state, no other counter sees it. The
 * checks stand here, away from the state machine, so that it is plain that they have nothing to touch.
 */

import type { IpAddress } from "../units/ip-address.ts";
import { decodeIp } from "../wire/ip-packet.ts";
import { type Advert, type DecodeFault, decodeAdvert, VRRP_TTL } from "../wire/vrrp.ts";
import { type AuthenticationFault, type Guard, messageWithin, open } from "./authentication.ts";
import { strangeness } from "./delivery.ts";
import type { VirtualRouter } from "./model.ts";
import { OWNER } from "./priority.ts";

/** Why a packet was discarded. */
type DiscardCause =
  | DecodeFault
  | AuthenticationFault
  /** Not a whole IP packet of protocol 112, or over IPv4 of 51 with VRRP in it. */
  | "packet"
  /** It came from beyond this link, or from farther or nearer than its sender is configured to be. */
  | "ttl"
  /** The instance hears unicast peers only, and this is none of them. */
  | "source"
  /** No instance of ours on this interface has its VRID. */
  | "vrid"
  /** The instance speaks the other version. */
  | "version-mismatch"
  /** Version 2 only: the sender's interval is not ours. */
  | "interval-mismatch"
  /** We own the address, and do not listen to those who speak for it besides. */
  | "owner"
  /** It carries our own source address. */
  | "own-address";

/** What became of a packet. */
export type Admission =
  | {
      readonly type: "admitted";
      readonly router: VirtualRouter;
      readonly advert: Advert;
      readonly source: IpAddress;
      /** The number in its authentication header, where it has one; the next one from there has to be higher. */
      readonly sequence?: number;
    }
  | {
      readonly type: "discarded";
      readonly cause: DiscardCause;
      /** The instance it was meant for, where that could be told. */
      readonly router: VirtualRouter | undefined;
      readonly source: IpAddress | undefined;
    };

/**
 * Judges one packet, IP header included, that came in on an interface whose instances of that family are `routers`, as they
 * stand (`asItStands`), each of which speaks from the address that `primaryOf` tells. Without a `guard` no packet with an authentication
 * header is admitted.
 */
export function admit(
  bytes: Uint8Array,
  routers: readonly VirtualRouter[],
  primaryOf: (router: VirtualRouter) => IpAddress | undefined,
  guard?: Guard,
): Admission {
  const packet = decodeIp(bytes);
  const message = packet && messageWithin(packet);
  const vrid = (message ?? packet?.payload)?.[1];
  const router = routers.find((candidate) => candidate.vrid === vrid);
  const discard = (cause: DiscardCause): Admission => ({
    type: "discarded",
    cause,
    router,
    source: packet?.source,
  });

  if (packet === undefined || message === undefined) return discard("packet");
  if (router !== undefined && packet.source === primaryOf(router)) return discard("own-address");
  const strange =
    router === undefined ? strangerTtl(packet.ttl) : strangeness(router.delivery, packet.source, packet.ttl);
  if (strange !== undefined) return discard(strange);
  const opened = open(bytes, packet, router?.authentication, guard);
  if (!opened.ok) return discard(opened.fault);
  const decoded = decodeAdvert(opened.message, packet.source, packet.destination);
  if (!decoded.ok) return discard(decoded.fault);
  if (router === undefined) return discard("vrid");
  const { advert } = decoded;
  if (advert.version !== router.version) return discard("version-mismatch");
  if (isUnheeded(router, advert)) return discard("owner");
  if (advert.version === 2 && advert.advertInterval !== router.advertInterval)
    return discard("interval-mismatch");
  const { sequence } = opened;
  return {
    type: "admitted",
    router,
    advert,
    source: packet.source,
    ...(sequence === undefined ? {} : { sequence }),
  };
}

/** An owner may be told to heed nobody but another owner, who is there by mistake, or not even that one. */
function isUnheeded({ priority, ownerHeeds }: VirtualRouter, advert: Advert): boolean {
  if (priority !== OWNER || ownerHeeds === undefined) return false;
  return advert.priority !== OWNER || ownerHeeds === "nobody";
}

/** A packet for no instance of ours is judged as multicast is. */
function strangerTtl(ttl: number): "ttl" | undefined {
  return ttl === VRRP_TTL ? undefined : "ttl";
}
