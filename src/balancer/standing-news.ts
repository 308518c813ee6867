/**
 * Where the real servers stand, told when something of it has changed, and otherwise every ten seconds: telling ten thousand
 * of them every second would be most of what the balancer does.
 */

import { isUp, type Roster, tableWeight, type WatchedServer } from "../core/health/roster.ts";
import type { RealServerReport } from "../core/report/channel.ts";
import { between, type Duration, type Instant, seconds } from "../core/units/time.ts";

/** So often it is told without need. */
const TELL_AGAIN: Duration = seconds(10);

/** What was told last. */
export class StandingNews {
  #told: readonly RealServerReport[] | undefined;
  #toldAt: Instant | undefined;

  /** Where they stand at `at`; undefined while that has been told. */
  take(roster: Roster, at: Instant): readonly RealServerReport[] | undefined {
    const stale = this.#toldAt === undefined || between(this.#toldAt, at) >= TELL_AGAIN;
    if (!stale && this.#isTold(roster, at)) return undefined;
    this.#toldAt = at;
    this.#told = [...roster.values()].map((server) => stand(server, at));
    return this.#told;
  }

  #isTold(roster: Roster, at: Instant): boolean {
    const told = this.#told ?? [];
    if (told.length !== roster.size) return false;
    let index = 0;
    for (const server of roster.values()) {
      const before = told[index];
      if (before === undefined || !isSame(before, server, at)) return false;
      index += 1;
    }
    return true;
  }
}

function isSame(before: RealServerReport, server: WatchedServer, at: Instant): boolean {
  return (
    before.real === server.real &&
    before.virtual === server.virtual &&
    before.up === isUp(server) &&
    before.weight === tableWeight(server, at) &&
    before.configuredWeight === server.weight
  );
}

function stand(server: WatchedServer, at: Instant): RealServerReport {
  const { virtual, real, weight } = server;
  return { virtual, real, up: isUp(server), weight: tableWeight(server, at), configuredWeight: weight };
}
