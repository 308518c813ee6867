/** The instance `web` of these tests over IPv6, and over unicast. */

import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { type Delivery, MULTICAST6 } from "../../src/core/vrrp/delivery.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { web } from "./director.ts";

/** `web` with fe80::100 and 2001:db8::100 on eth0. */
export function web6(changes: Partial<VirtualRouter> = {}): VirtualRouter {
  const address = (text: string) => ({ address: text as IpAddress, prefixLength: 64, interface: "eth0" });
  return web({
    family: 6,
    delivery: MULTICAST6,
    addresses: [address("2001:db8::100"), address("fe80::100")],
    ...changes,
  });
}

/** Unicast between the hosts with these octets, one of which is our own; or to any addresses. */
export function between(family: 4 | 6, ...peers: readonly (number | string)[]): Delivery {
  const prefix = family === 6 ? "2001:db8::" : "192.0.2.";
  return {
    type: "unicast",
    peers: peers.map((peer) => ({
      address: (typeof peer === "number" ? `${prefix}${peer}` : peer) as IpAddress,
      minTtl: 255,
      maxTtl: 255,
    })),
    source: undefined,
    ttl: 255,
    checkSource: true,
  };
}

/** What tcpdump is to let through: VRRP over both families, ARP, and neighbour advertisements. */
export const ALL_OF_IT = "arp or proto 112 or (icmp6 and ip6[40] == 136)";
