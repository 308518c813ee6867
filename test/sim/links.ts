/** The pair's own link, as the two directors' files have it. */

import type { HeartbeatConfig, HeartbeatPath } from "../../src/core/heartbeat/model.ts";
import type { Family, IpAddress } from "../../src/core/units/ip-address.ts";
import { type Duration, microseconds, milliseconds } from "../../src/core/units/time.ts";
import type { Random } from "./random.ts";
import { ownAddress, secondAddress } from "./world.ts";

/** A path of the simulator's: which segment, over which family. */
interface PathPlan {
  readonly name: string;
  readonly segment: number;
  readonly family: Family;
}

/** What both files say alike. */
export type LinkPlan = Pick<HeartbeatConfig, "interval" | "deadAfter" | "takeover"> & {
  readonly paths: readonly PathPlan[];
  /** Directors whose heartbeats come from other addresses than their adverts. */
  readonly aside: readonly number[];
};

/** A key of one byte, thirty-two times. */
export function keyOf(id: number): HeartbeatConfig["keys"][number] {
  return { id, key: new Uint8Array(32).fill(id) };
}

/** The link as each of two directors has it. */
export function linksFor(plan: LinkPlan): readonly HeartbeatConfig[] {
  const { paths, aside, ...shared } = plan;
  return [0, 1].map((director) => ({
    ...shared,
    node: `lvs${director + 1}`,
    peer: `lvs${2 - director}`,
    paths: paths.map((path) => pathOf(path, director, aside)),
    port: 539,
    keys: [keyOf(1)],
    digest: "00000000000000aa",
  }));
}

/** A link of chance. */
export function linksOf(random: Random, unit: Duration, segments: number): readonly HeartbeatConfig[] {
  const family = random.chance(0.2) ? 6 : 4;
  const open: PathPlan = { name: "public", segment: 0, family };
  // In the order of their names, as a file is read.
  const hidden: PathPlan = {
    name: "private",
    segment: segments - 1,
    family: segments === 1 && family === 4 ? 6 : 4,
  };
  const interval = Math.max(milliseconds(10), Math.round(unit * random.pick([0.1, 0.1, 0.25, 0.5])));
  return linksFor({
    paths: random.pick([[hidden, open], [hidden, open], [open]]),
    interval: microseconds(interval),
    deadAfter: random.pick([2, 3, 4, 4, 6]),
    takeover: random.chance(0.8),
    aside: [0, 1].filter(() => random.chance(0.3)),
  });
}

function pathOf(
  { name, segment, family }: PathPlan,
  director: number,
  aside: readonly number[],
): HeartbeatPath {
  const end = (of: number): IpAddress =>
    (aside.includes(of) ? secondAddress : ownAddress)(of, segment, family);
  return { name, local: end(director), remote: end(1 - director) };
}
