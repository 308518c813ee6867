/** From an entry of `virtual_ipaddress` to the core's virtual address. */

import { type Ipv4, ipv4At, ipv4Bytes } from "../../core/units/ipv4.ts";
import { type Duration, ZERO } from "../../core/units/time.ts";
import type { VirtualAddress } from "../../core/vrrp/model.ts";
import type { VirtualAddressEntry } from "../schema/virtual-address.ts";

/**
 * The address on an interface, with a lease unless that is zero. What is left out of the entry, or is as it would be
 * without, is left out here.
 */
export function buildAddress(
  entry: VirtualAddressEntry,
  interfaceName: string,
  lease: Duration,
): VirtualAddress {
  const { address, peer, label, scope, brd, noprefixroute, preferred_lft: preferred } = entry;
  const { prefixLength } = peer ?? address;
  const deprecated = preferred === "0";
  return {
    address: address.address,
    prefixLength,
    interface: interfaceName,
    ...(lease === ZERO ? {} : { lease }),
    ...(peer === undefined ? {} : { peer: peer.address }),
    ...(label === undefined ? {} : { label }),
    ...(scope === undefined || scope === 0 ? {} : { scope }),
    ...(brd === undefined ? {} : { broadcast: broadcastOf(brd, entry) }),
    ...(noprefixroute === true ? { noPrefixRoute: true } : {}),
    ...(preferred === undefined || deprecated === (prefixLength === 128) ? {} : { deprecated }),
  };
}

function broadcastOf(
  brd: Ipv4 | "+" | "-",
  { address: { address, prefixLength } }: VirtualAddressEntry,
): Ipv4 {
  if (brd !== "+" && brd !== "-") return brd;
  const bytes = ipv4Bytes(address as Ipv4);
  const filled = bytes.map((byte, index) => {
    const host = 0xff >>> Math.min(8, Math.max(0, prefixLength - 8 * index));
    return brd === "+" ? byte | host : byte & ~host;
  });
  return ipv4At(filled, 0);
}
