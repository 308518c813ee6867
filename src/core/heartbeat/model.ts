/** What the pair's own link is told: the core's model of it, free of configuration syntax and of wire formats. */

import type { IpAddress } from "../units/ip-address.ts";
import type { Duration } from "../units/time.ts";
import type { Hmac } from "../wire/heartbeat.ts";

/** One way between the two directors. */
export interface HeartbeatPath {
  /** The operator's name for it. */
  readonly name: string;
  /** Our address on it. */
  readonly local: IpAddress;
  /** The peer's, of the same family. */
  readonly remote: IpAddress;
}

/** A shared key. */
export interface HeartbeatKey {
  /** 0..255 */
  readonly id: number;
  /** 32 bytes. A secret. */
  readonly key: Uint8Array;
}

/** The pair's own link, as one director sees it. */
export interface HeartbeatConfig {
  /** This director's name. */
  readonly node: string;
  readonly peer: string;
  readonly paths: readonly HeartbeatPath[];
  /** UDP port, on either side. */
  readonly port: number;
  /** We speak so often on each path; 10 ms..10 s. */
  readonly interval: Duration;
  /** A path that has been silent for so many of the peer's intervals is silent; 2..100. */
  readonly deadAfter: number;
  /** True: a backup takes over when every path is silent, and does not wait for VRRP's timer. */
  readonly takeover: boolean;
  /** Each of them is accepted, the first one signs. */
  readonly keys: readonly HeartbeatKey[];
  /** Of the whole configuration, 16 hexadecimal digits: the peer compares it with its own. */
  readonly digest: string;
}

/** What a link works with. */
export interface LinkContext {
  readonly config: HeartbeatConfig;
  readonly hmac: Hmac;
  /** Our release, such as `1.2.3`. */
  readonly software: string;
}
