/** The hardware address that an IP multicast group has on Ethernet. */

import type { IpAddress } from "./ip-address.ts";
import { ipBytes, isIpv6 } from "./ip-address.ts";
import type { Mac } from "./mac.ts";

/** Where a group's packets go on Ethernet: 23 bits of its address (RFC 1112 §6.4), or 32 over IPv6 (RFC 2464 §7). */
export function multicastMac(group: IpAddress): Mac {
  const end = ipBytes(group).subarray(-4);
  if (isIpv6(group)) return Uint8Array.of(0x33, 0x33, ...end) as Mac;
  const [, high = 0, ...low] = end;
  return Uint8Array.of(1, 0, 0x5e, high & 0x7f, ...low) as Mac;
}
