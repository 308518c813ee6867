/**
 * The session of two boots: who the peer is in its present life, shown by its echo of ours.
 *
 * Each side draws a random boot id at its start. A datagram that echoes our boot id was made after we started, by somebody
 * who heard us; a recording of an earlier life echoes another. What does not echo ours says only that the peer may have a
 * boot id; we answer it with that echo, and if the peer really has that boot, its next datagram proves it. So a recording
 * can make us say a few words to nobody, and cannot end a session.
 *
 * A boot that was followed by another one never comes back: a datagram of it that was held up somewhere is stale, although
 * it echoes our boot.
 */

/** So many former boots of the peer are remembered: as many restarts within one life of ours. */
const RETIRED_MAX = 1_024;

/** Two boots, or one that looks for the other. */
export interface Session {
  /** Ours; never 0. */
  readonly boot: bigint;
  /** The peer's, proven; undefined before. */
  readonly peer: bigint | undefined;
  /** One that somebody claims to have, not proven; undefined when a session is there. */
  readonly candidate: bigint | undefined;
  /** Former boots of the peer, the latest last. */
  readonly retired: readonly bigint[];
}

/** Before anything was heard. */
export function startSession(boot: bigint): Session {
  return { boot, peer: undefined, candidate: undefined, retired: [] };
}

/** What our datagrams echo; 0 when nothing was heard. */
export function echoOf({ peer, candidate }: Session): bigint {
  return peer ?? candidate ?? 0n;
}

/** True for a boot that is neither the peer's nor one that it had before. */
export function isClaim({ peer, retired }: Session, boot: bigint): boolean {
  return boot !== peer && !retired.includes(boot);
}

/** True for a boot that another one has followed. */
export function isRetired({ retired }: Session, boot: bigint): boolean {
  return retired.includes(boot);
}

/** Somebody claims that boot. As long as the peer has a proven one, that stays what is echoed to all. */
export function onClaim(session: Session, boot: bigint): Session {
  return session.peer === undefined ? { ...session, candidate: boot } : session;
}

/** That boot has echoed ours. */
export function onProof(session: Session, boot: bigint): Session {
  if (boot === session.peer) return session;
  const retired =
    session.peer === undefined ? session.retired : [...session.retired, session.peer].slice(-RETIRED_MAX);
  return { ...session, peer: boot, candidate: undefined, retired };
}
