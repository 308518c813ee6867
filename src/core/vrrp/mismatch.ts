/** What an accepted advert says that our configuration does not: worth an operator's look, no reason to refuse it. */

import { isIpv6 } from "../units/ip-address.ts";
import { isLinkLocal } from "../units/ipv6.ts";
import { toSeconds } from "../units/time.ts";
import type { Advert } from "../wire/vrrp.ts";
import type { VirtualRouter } from "./model.ts";

/** The master's interval in seconds when it is not ours (RFC 9568 §7.1: log, do not discard); else undefined. */
export function intervalMismatch(router: VirtualRouter, advert: Advert): number | undefined {
  return advert.advertInterval === router.advertInterval ? undefined : toSeconds(advert.advertInterval);
}

/** The master's addresses when they are not ours, in whatever order; else undefined. */
export function addressMismatch(router: VirtualRouter, advert: Advert): readonly string[] | undefined {
  const ours = new Set<string>(advertisedAddresses(router));
  const theirs = new Set<string>(advert.addresses);
  return ours.size === theirs.size && [...ours].every((address) => theirs.has(address))
    ? undefined
    : [...theirs];
}

/** The addresses that a router names in its adverts. Over IPv6 the first is a link-local one (RFC 9568 §5.2.9), if any is. */
export function advertisedAddresses(router: VirtualRouter): Advert["addresses"] {
  const all = router.addresses.flatMap(({ address, excluded }) => (excluded ? [] : [address]));
  const first = all.find((address) => isIpv6(address) && isLinkLocal(address));
  return first === undefined ? all : [first, ...all.filter((address) => address !== first)];
}
