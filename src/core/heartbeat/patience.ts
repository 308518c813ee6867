/** How long the other director lets this one be silent. */

import { type Duration, microseconds } from "../units/time.ts";
import type { HeartbeatConfig } from "./model.ts";

/**
 * A process that died may be back within this and go on as master: the peer counts from our last heartbeat, which was sent at
 * most one interval before. Undefined when the peer does not take over by the link's word. The same interval is taken to
 * hold on either side, as both have one file.
 */
export function peerPatience(config: HeartbeatConfig | undefined): Duration | undefined {
  if (config === undefined || !config.takeover) return undefined;
  return microseconds((config.deadAfter - 1) * config.interval);
}
