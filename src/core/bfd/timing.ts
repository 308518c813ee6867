/** How often a session's packets go out, and when their absence counts (RFC 5880 §6.8.2..§6.8.7). */

import { after, type Duration, type Instant, microseconds, START } from "../units/time.ts";
import type { BfdStateName } from "../wire/bfd.ts";
import type { BfdSession } from "./model.ts";
import type { BfdState } from "./session.ts";

/** The two intervals that either side tells the other. */
export interface Intervals {
  /** Desired Min TX Interval */
  readonly tx: Duration;
  /** Required Min RX Interval */
  readonly rx: Duration;
}

/** What a session in that state tells its neighbour: while it is not up, nobody is to be bothered often (§6.8.3). */
export function intervalsOf({ minTx, minRx, idleTx }: BfdSession, state: BfdStateName): Intervals {
  return { tx: state === "up" ? minTx : microseconds(Math.max(idleTx, minTx)), rx: minRx };
}

/**
 * The part of the interval that passes before the next packet, by a `random` number in 0..1: 75..100 %, and 75..90 % where
 * one missing packet is enough (§6.8.7), so that senders do not fall into step.
 */
export function jitter(multiplier: number, random: number): number {
  return 0.75 + random * (multiplier === 1 ? 0.15 : 0.25);
}

/** When the next packet of the rhythm is due; undefined while there is none to send. */
export function sendAt(state: BfdState, session: BfdSession): Instant | undefined {
  if (!isRhythmic(state, session)) return undefined;
  if (state.sentAt === undefined) return START;
  const interval = Math.max(state.inForce.tx, state.remote.minRx);
  return after(state.sentAt, microseconds(interval * state.jitter));
}

/** When the neighbour's silence has lasted for too long; undefined while it has not been heard at all. */
export function detectAt({ heardAt, remote, inForce }: BfdState): Instant | undefined {
  if (heardAt === undefined) return undefined;
  return after(heardAt, microseconds(remote.multiplier * Math.max(inForce.rx, remote.minTx)));
}

/** After so long the neighbour has heard of our leaving, or will not (§6.8.16). */
export function farewellTime({ multiplier, idleTx }: BfdSession, { remote }: BfdState): Duration {
  return microseconds(multiplier * Math.max(idleTx, remote.minRx));
}

function isRhythmic({ name, remote, poll }: BfdState, { passive }: BfdSession): boolean {
  if (remote.minRx === 0) return false;
  if (isMute(passive, remote.discriminator)) return false;
  // Demand mode is active at the neighbour (§6.6): it is content to know that we are there.
  return !remote.demand || name !== "up" || remote.state !== "up" || poll !== "none";
}

/** A passive session says nothing to a neighbour that has not been heard. */
export function isMute(passive: boolean, remoteDiscriminator: number): boolean {
  return passive && remoteDiscriminator === 0;
}
