/** When somebody else's claim of a virtual address is a conflict, and when it is the ordinary course of a changeover. */

import { after, type Instant, seconds } from "../units/time.ts";
import { isSameMac, type Mac } from "../units/mac.ts";
import { isDeaf } from "./peer.ts";
import type { State } from "./state.ts";

/** What an old master said last may arrive so long after a new one has taken over. */
const CHANGEOVER = seconds(1);

/**
 * True when a router in `state`, master since `since`, hears that its address lives at `mac`, which is none of this
 * machine's `own`. A backup hears the master's announcements, and a new master may hear the old one's. In a handover the
 * taker announces while the giver still has the address.
 */
export function isConflict(
  mac: Mac,
  own: readonly Mac[],
  state: State,
  since: Instant | undefined,
  now: Instant,
): boolean {
  if (state.name !== "master" || state.mute === true || isDeaf(state, now)) return false;
  if (since === undefined || now < after(since, CHANGEOVER)) return false;
  return !own.some((other) => isSameMac(mac, other));
}
