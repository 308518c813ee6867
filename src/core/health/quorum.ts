/**
 * When a virtual server has enough real servers to work with (keepalived's `quorum` and `hysteresis`): the weights of
 * those that are up are added, and the sum has to reach the quorum. Hysteresis keeps a sum at the edge from flapping: the
 * quorum is lost only below `quorum - hysteresis`, or with nobody left, and regained only from `quorum + hysteresis` on.
 */

/** How much weight is enough. */
export interface QuorumRule {
  /** From 1. */
  readonly quorum: number;
  /** 0..quorum - 1 */
  readonly hysteresis: number;
}

/** Whether the quorum is there at this sum of weights; `before` is what was last said, undefined at the start. */
export function hasQuorum(before: boolean | undefined, weight: number, rule: QuorumRule): boolean {
  return weight > 0 && weight >= quorumThreshold(before, rule);
}

/** The sum from which on the quorum is there. */
export function quorumThreshold(before: boolean | undefined, { quorum, hysteresis }: QuorumRule): number {
  if (before === undefined) return quorum;
  return before ? quorum - hysteresis : quorum + hysteresis;
}
