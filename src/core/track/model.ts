/**
 * Objects that virtual routers track, and what the supervisor watches of them (keepalived's track_* keywords).
 *
 * Interfaces, addresses and routes are watched by the failover process itself, which hears of them from the kernel, and so
 * are BFD sessions, which it holds, and gateways, which it asks. Scripts, files and processes are the supervisor's: the
 * failover process neither forks nor waits for a disk.
 */

import type { ScriptUser } from "../health/model.ts";
import type { Prefix, RouteType } from "../routing/model.ts";
import type { Family, IpAddress } from "../units/ip-address.ts";
import type { Duration } from "../units/time.ts";

/** What kind of thing is tracked. */
export type TrackKind = "interface" | "address" | "route" | "script" | "file" | "process" | "gateway" | "bfd";

/** One thing that a virtual router tracks. */
export interface Tracked {
  readonly kind: TrackKind;
  /** The interface's name, the address, the route in words, or the operator's name of anything else. */
  readonly object: string;
  /** -253..253, of a file or process -254..254; 0: a fault while it is down. */
  readonly weight: number;
  /** The adjustment has the opposite sign; with weight 0 it is a fault while it is up. */
  readonly reverse: boolean;
}

/** A route that has to be in the kernel, whoever made it. */
export interface TrackedRoute {
  readonly family: Family;
  readonly to: Prefix;
  readonly table: number;
  readonly type: RouteType;
  /** One of the gateways that the route leads to, and one of the interfaces; undefined: whichever. */
  readonly via: IpAddress | undefined;
  readonly interface: string | undefined;
}

/** What is known of an object: whether it is up, or for a file its number. */
export type Verdict = boolean | number;

/** What the supervisor has found out about an object. */
export interface Finding {
  readonly kind: TrackKind;
  readonly object: string;
  readonly verdict: Verdict;
  /** For the operator: what was seen, on one line. */
  readonly detail: string;
}

/** A program whose exit status is tracked (keepalived's vrrp_script). */
export interface TrackedScript {
  readonly name: string;
  /** The program's absolute path and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** From one start to the next. */
  readonly interval: Duration;
  /** Past it the program is killed and has failed. */
  readonly timeout: Duration;
  /** Successes in a row that make it up; at least 1. */
  readonly rise: number;
  /** Failures in a row that make it down; at least 1. */
  readonly fall: number;
  /** It counts as down until it has been run. */
  readonly initFail: boolean;
  readonly user: ScriptUser;
}

/** A file with a number in it (keepalived's track_file). */
export interface TrackedFile {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** The file is made with this number when it is not there; undefined: it is not made. */
  readonly initial: number | undefined;
}

/** Processes that have to be there (keepalived's vrrp_track_process). */
export interface TrackedProcess {
  readonly name: string;
  /** The process's name, or argv[0], and its parameters. */
  readonly command: readonly [string, ...string[]];
  /**
   * How they are compared: the kernel's name for the process alone; the whole command line; the first parameters
   * (`partial`); all, of which the last may be longer (`initial`).
   */
  readonly match: "name" | "command" | "partial" | "initial";
  /** So many make it up; more than `quorumMax` down. */
  readonly quorum: number;
  readonly quorumMax: number;
  /** It counts as up once it has been so for so long, and as down likewise. */
  readonly forkDelay: Duration;
  readonly terminateDelay: Duration;
}

/** What the supervisor watches for the failover process. */
export interface WatchConfig {
  readonly scripts: readonly TrackedScript[];
  readonly files: readonly TrackedFile[];
  readonly processes: readonly TrackedProcess[];
}
