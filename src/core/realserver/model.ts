/**
 * What a real server needs in its own kernel so that packets for a virtual address, which the director passes on as they
 * are (direct routing) or wrapped (tunnels), are taken in, and nobody is told that the address is here.
 */

import type { VirtualServer } from "../balance/model.ts";
import type { Family, IpAddress } from "../units/ip-address.ts";

/** What the configuration file says to its real servers. */
export interface RealServerConfig {
  readonly virtualServers: readonly VirtualServer[];
  /** Where the addresses of direct routing are held: `lo`, or a dummy interface, which is made when it is missing. */
  readonly interface: string;
  /** The addresses of packets with a firewall mark: a mark has none of its own. */
  readonly markAddresses: readonly IpAddress[];
  /** The addresses that float between the directors, one of which is the gateway of real servers behind NAT. */
  readonly floating: readonly IpAddress[];
  /** The names of the directors, one of which may be a real server at the same time. */
  readonly directors: readonly string[];
}

/** The kernel's kinds of interface that a tunnel ends at, by the outer family and what they take in. */
export type TunnelKind = "ipip" | "sit" | "ip6tnl" | "gre" | "ip6gre";

/** An interface that is made for virtual addresses. */
export type Holder =
  | { readonly name: string; readonly kind: "dummy" }
  | {
      readonly name: string;
      readonly kind: TunnelKind;
      /** The real server's address, that the directors send to. */
      readonly local: IpAddress;
      /** gre: packets have a checksum. One that has not what is expected is dropped. */
      readonly checksum: boolean;
    };

/** A UDP port that the kernel unwraps GUE on. */
export interface GuePort {
  /** 1..65535 */
  readonly port: number;
  /** Of the outer header. */
  readonly family: Family;
}

/** A virtual address on an interface, with the whole address as its prefix. */
export interface HeldAddress {
  readonly interface: string;
  readonly address: IpAddress;
}

/** All that has to be in the kernel. */
export interface Setup {
  readonly holders: readonly Holder[];
  readonly ports: readonly GuePort[];
  readonly addresses: readonly HeldAddress[];
}

/** The length of the prefix that is one address: a shorter one would make a whole network this machine's own. */
export function wholeLength(family: Family): 32 | 128 {
  return family === 6 ? 128 : 32;
}
