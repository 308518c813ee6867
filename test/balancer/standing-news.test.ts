/** Goal: a change is told at once, and what has not changed every ten seconds. Method: a roster and a clock by hand. */

import t from "tap";
import { StandingNews } from "../../src/balancer/standing-news.ts";
import { EMPTY_ROSTER, reviseRoster, type Roster } from "../../src/core/health/roster.ts";
import { after, seconds, START } from "../../src/core/units/time.ts";
import { balancerConfig, realServer, virtualServer, WEB } from "../core/balance/servers.ts";
import { startDrain } from "../../src/core/balance/drain.ts";

function rosterOf(...weights: readonly number[]): Roster {
  const servers = weights.map((weight, index) => realServer(21 + index, { weight }));
  return reviseRoster(
    EMPTY_ROSTER,
    balancerConfig(virtualServer(WEB, servers)),
    () => true,
    START,
    () => 0,
  );
}

t.test("told once, told when it changes, told again after ten seconds", async (t) => {
  const news = new StandingNews();
  const roster = rosterOf(1, 2);
  t.match(news.take(roster, START), [
    { real: "198.51.100.21:80", up: true, weight: 1, configuredWeight: 1 },
    { real: "198.51.100.22:80", up: true, weight: 2, configuredWeight: 2 },
  ]);
  t.equal(news.take(roster, after(START, seconds(9.9))), undefined);
  t.equal(news.take(roster, after(START, seconds(10)))?.length, 2);
  t.equal(news.take(rosterOf(1, 3), after(START, seconds(11)))?.[1]?.weight, 3);
  t.equal(news.take(rosterOf(1), after(START, seconds(12)))?.length, 1);
  const drained = rosterOf(1);
  for (const server of drained.values())
    server.drain = startDrain({ deadline: undefined, end: "hold" }, START);
  t.match(news.take(drained, after(START, seconds(13))), [{ up: true, weight: 0, configuredWeight: 1 }]);
});
