/**
 * What a check is, as the balancer is told: the rhythm in which it runs and what one probe does.
 */

import type { IpAddress } from "../units/ip-address.ts";
import type { Duration } from "../units/time.ts";

/** The rhythm of a check (keepalived's keywords). */
export interface CheckTiming {
  /** delay_loop: from the end of one check to the start of the next. */
  readonly delayLoop: Duration;
  /** retry: failures in a row that are forgiven while the real server counts as up. */
  readonly retry: number;
  /** delay_before_retry: the pause before a forgiven failure is checked again. */
  readonly delayBeforeRetry: Duration;
  /** warmup: the first check comes at a random moment within this time. */
  readonly warmup: Duration;
}

/** Where a network probe connects to. */
export interface Endpoint {
  readonly address: IpAddress;
  /** 1..65535 */
  readonly port: number;
}

/** Connects, and is content with that. */
export interface TcpProbe {
  readonly type: "tcp";
  readonly endpoint: Endpoint;
  /** connect_timeout: for the connection to be made. */
  readonly connectTimeout: Duration;
}

/** Connects, sends some bytes, and looks for an expression in what comes back. */
export interface SendExpectProbe {
  readonly type: "send_expect";
  readonly endpoint: Endpoint;
  /** connect_timeout: for the connection to be made. */
  readonly connectTimeout: Duration;
  /** Sent once connected; may be empty, for servers that speak first. */
  readonly send: Uint8Array;
  /**
   * A regular expression in JavaScript's syntax, matched against all that was received so far, each byte one character
   * of ISO 8859-1.
   */
  readonly expect: string;
  /** From the connection made to the match found. */
  readonly timeout: Duration;
  /** So much is read at most while looking for a match. */
  readonly maxBytes: number;
}

/** The unprivileged account that a script runs under. */
export interface ScriptUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Runs a program without a shell; exit status 0 is success. */
export interface ScriptProbe {
  readonly type: "script";
  /** The program's absolute path and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Past it the whole process group is killed and the check has failed. */
  readonly timeout: Duration;
  readonly user: ScriptUser;
}

/** What one check does. */
export type Probe = TcpProbe | SendExpectProbe | ScriptProbe;

/** A check: a probe and its rhythm. */
export interface Check {
  readonly timing: CheckTiming;
  readonly probe: Probe;
}
