/** What a process that was started again makes of the addresses that its earlier life left on the interfaces. */

import { after, type Duration, type Instant, microseconds } from "../units/time.ts";
import { sameAddress, type VirtualAddress, type VirtualRouter } from "./model.ts";

/**
 * True when a router that died as master may go on as master, because no backup can have lost patience yet. A backup
 * counts from the last advert, which was sent at most one interval before the death; it waits for `downTimerAdverts` of them, as we
 * do. The other director of a pair may wait for less: `peerPatience`.
 */
export function mayResume(
  router: VirtualRouter,
  found: readonly VirtualAddress[],
  diedAt: Instant | undefined,
  now: Instant,
  peerPatience?: Duration,
): boolean {
  const backups = microseconds((router.downTimerAdverts - 1) * router.advertInterval);
  const patience = peerPatience !== undefined && peerPatience < backups ? peerPatience : backups;
  if (diedAt === undefined || now > after(diedAt, patience)) return false;
  return router.addresses.every((own) => found.some((address) => sameAddress(address, own)));
}

/** Those of the addresses found that are neither held now nor gone on with: to be removed before anyone relies on them. */
export function leftOver(
  found: readonly VirtualAddress[],
  held: readonly VirtualAddress[],
  resuming: readonly VirtualRouter[],
): readonly VirtualAddress[] {
  const kept = [...held, ...resuming.flatMap(({ addresses }) => addresses)];
  return found.filter((address) => !kept.some((other) => sameAddress(address, other)));
}
