/**
 * The lease of a virtual address: the kernel takes the address away by itself when nobody has renewed it in time, because
 * the process that should have is dead or stands still.
 *
 * The kernel counts whole seconds and looks a few times a second at the most: it has been seen to remove an address
 * between 0 and 0.4 s after its lifetime, never before.
 */

import { after, type Duration, type Instant, microseconds, seconds, toSeconds } from "../units/time.ts";

/** What is known of an address's lease. */
export interface Lease {
  /** From 1 s to 1 h. */
  readonly length: Duration;
  /** When it was last asked for. */
  readonly since: Instant;
  /** When to renew it. */
  readonly renewAt: Instant;
}

/** The lifetime to ask the kernel for, in whole seconds: the lease, rounded up. */
export function lifetime(length: Duration): number {
  return Math.ceil(toSeconds(length));
}

/** A lease that begins now: two of its renewals may fail. */
export function leaseFrom(length: Duration, now: Instant): Lease {
  return { length, since: now, renewAt: after(now, part(length, 1)) };
}

/** It cannot be renewed now: looked at again when the next renewal would have been due. */
export function putOff(lease: Lease, now: Instant): Lease {
  return { ...lease, renewAt: after(now, part(lease.length, 1)) };
}

/** True when it is to be renewed now; also a little before its time, so that many go together. */
export function isDue({ renewAt, length }: Lease, now: Instant): boolean {
  return after(now, microseconds(length / 30)) >= renewAt;
}

/** True when a renewal now would come so late that another should have come before it. */
export function isLate({ since, length }: Lease, now: Instant): boolean {
  return now > after(since, part(length, 2));
}

/** True when the kernel may have taken the address away. */
export function hasRunOut({ since, length }: Lease, now: Instant): boolean {
  return now >= after(since, seconds(lifetime(length)));
}

function part(length: Duration, thirds: number): Duration {
  return microseconds((length * thirds) / 3);
}
