/**
 * What the failover process is told of BFD (RFC 5880): the core's own model of a session, free of configuration syntax
 * and of wire formats.
 */

import type { IpAddress } from "../units/ip-address.ts";
import type { Duration } from "../units/time.ts";

/** A BFD session: whether packets go to a neighbour and come back. */
export interface BfdSession {
  /** The operator's name for it. */
  readonly name: string;
  readonly neighbor: IpAddress;
  /** Where its packets come from; undefined: the kernel chooses. */
  readonly source: IpAddress | undefined;
  /** The only interface that its packets leave and arrive by; undefined: any. */
  readonly interface: string | undefined;
  /** True: RFC 5883, over any number of hops; false: RFC 5881, on one link. */
  readonly multihop: boolean;
  /** Time to live, or hop limit, of what is sent; 255 over one hop. */
  readonly ttl: number;
  /** What arrives with less is not from there; 255 over one hop. */
  readonly minTtl: number;
  /** Required Min RX Interval: faster the neighbour may not send. */
  readonly minRx: Duration;
  /** Desired Min TX Interval while up. */
  readonly minTx: Duration;
  /** Desired Min TX Interval while not up; at least 1 s (RFC 5880 §6.8.3). */
  readonly idleTx: Duration;
  /** The neighbour finds us gone after so many intervals without a packet; 1..255. */
  readonly multiplier: number;
  /** True: nothing is sent before the neighbour has spoken (RFC 5880 §6.1). */
  readonly passive: boolean;
}

/** The same for sessions that are one to the neighbour; all else can be changed in place. */
export function bfdIdentity({ neighbor, interface: device, multihop }: BfdSession): string {
  return JSON.stringify([neighbor, device ?? "", multihop]);
}
