/**
 * Goal: what is known about a real server survives a new configuration, and what an earlier life took out stays out.
 * Method: rosters of two or three servers, revised.
 */

import t from "tap";
import type { BalancerConfig, RealServer } from "../../../src/core/balance/model.ts";
import { startDrain } from "../../../src/core/balance/drain.ts";
import { desiredTable } from "../../../src/core/balance/table.ts";
import {
  adoptedQuorum,
  adoptedReturns,
  adoptedVerdicts,
  type Heritage,
} from "../../../src/core/health/adoption.ts";
import type { Check } from "../../../src/core/health/model.ts";
import {
  effectiveWeight,
  isUp,
  EMPTY_ROSTER,
  liveWeight,
  reviseRoster,
  type Roster,
  rosterKey,
  type StartsUp,
  standing,
  type WatchedServer,
} from "../../../src/core/health/roster.ts";
import type { Ipv4 } from "../../../src/core/units/ipv4.ts";
import { after, between, seconds, START, toSeconds } from "../../../src/core/units/time.ts";
import { balancerConfig, ip, realServer, tableOf, virtualServer, WEB } from "../balance/servers.ts";

const VIRTUAL = "tcp 192.0.2.100:80";
const everybodyUp: StartsUp = () => true;
const half = (): number => 0.5;

function tcpCheck(port: number, delayLoop = 10): Check {
  return {
    timing: {
      delayLoop: seconds(delayLoop),
      retry: 1,
      delayBeforeRetry: seconds(1),
      warmup: seconds(10),
    },
    probe: {
      type: "tcp",
      endpoint: { address: "198.51.100.21" as Ipv4, port },
      connectTimeout: seconds(5),
    },
  };
}

function expectCheck(send: string): Check {
  const { timing } = tcpCheck(80);
  const endpoint = { address: "198.51.100.21" as Ipv4, port: 80 };
  const bytes = Uint8Array.from(Buffer.from(send));
  const limits = { connectTimeout: seconds(5), timeout: seconds(5), maxBytes: 100 };
  return { timing, probe: { type: "send_expect", endpoint, send: bytes, expect: "^OK", ...limits } };
}

function config(...realServers: readonly Partial<RealServer>[]): BalancerConfig {
  return balancerConfig(
    virtualServer(
      WEB,
      realServers.map((given, index) => realServer(21 + index, given)),
    ),
  );
}

function revise(roster: Roster, next: BalancerConfig, startsUp = everybodyUp): Roster {
  return reviseRoster(roster, next, startsUp, START, half);
}

function server(roster: Roster, host = 21): WatchedServer {
  const found = roster.get(rosterKey(VIRTUAL, `198.51.100.${host}:80`));
  if (found === undefined) throw new Error("the server is not in the roster");
  return found;
}

function fail(watched: WatchedServer, index: number): void {
  const check = watched.checks[index];
  if (check !== undefined) check.state = { ...check.state, up: false };
}

t.test("a real server is up when all its checks are, and one without checks always is", async (t) => {
  const roster = revise(
    EMPTY_ROSTER,
    config({ checks: [tcpCheck(80), tcpCheck(81)], weight: 3 }, {}),
    () => true,
  );
  t.ok(isUp(server(roster)));
  fail(server(roster), 1);
  t.notOk(isUp(server(roster)));
  t.equal(effectiveWeight(server(roster)), 0);
  t.ok(isUp(server(roster, 22)));
  t.ok(isUp(server(revise(EMPTY_ROSTER, config({}), () => false))), "nothing could ever bring it up");
});

t.test("a check that stays is the same object, in its new rhythm", async (t) => {
  const before = revise(EMPTY_ROSTER, config({ checks: [tcpCheck(80), expectCheck("a")] }));
  const [tcp, expect] = server(before).checks;
  fail(server(before), 0);
  const revised = revise(before, config({ checks: [expectCheck("a"), tcpCheck(80, 2)], weight: 7 }));
  t.equal(server(revised).checks[0], expect);
  t.equal(server(revised).checks[1], tcp);
  t.equal(tcp?.check.timing.delayLoop, seconds(2));
  t.equal(tcp?.state.up, false);
  t.equal(tcp?.state.dueAt, seconds(2), "it does not wait longer than the new rhythm says");
  t.equal(server(revised).weight, 7);
});

t.test("a probe that differs in one byte is another", async (t) => {
  const before = revise(EMPTY_ROSTER, config({ checks: [expectCheck("a")] }));
  const revised = revise(before, config({ checks: [expectCheck("b")] }));
  t.not(server(revised).checks[0], server(before).checks[0]);
});

t.test("two checks alike stay two", async (t) => {
  const before = revise(EMPTY_ROSTER, config({ checks: [tcpCheck(80), tcpCheck(80)] }));
  const revised = revise(before, config({ checks: [tcpCheck(80), tcpCheck(80)] }));
  t.strictSame(new Set(server(revised).checks).size, 2);
});

t.test("a new check on a server that is known starts with that one's verdict", async (t) => {
  const before = revise(EMPTY_ROSTER, config({ checks: [tcpCheck(80)] }, { checks: [tcpCheck(80)] }));
  fail(server(before), 0);
  const next = config({ checks: [tcpCheck(443)] }, { checks: [tcpCheck(443)] });
  const revised = revise(before, next, () => false);
  t.notOk(isUp(server(revised)));
  t.ok(isUp(server(revised, 22)));
});

t.test("who is configured with weight 0 tells nothing by it", async (t) => {
  t.ok(isUp(server(revise(EMPTY_ROSTER, config({ weight: 0, checks: [tcpCheck(80)] }), () => false))));
});

/** A table with these servers up, on record as ours or not. */
function heritage(left: BalancerConfig, owned = [VIRTUAL], hasQuorum = true): Heritage {
  return { observed: tableOf(left.virtualServers, undefined, hasQuorum), owned: new Set(owned) };
}

t.test("whom an earlier life took out of a service of ours starts down", async (t) => {
  const [virtual] = config().virtualServers;
  if (virtual === undefined) throw new Error("there is one");
  const left = config({}, { weight: 0 });
  const startsUp = adoptedVerdicts(heritage(left));
  t.equal(startsUp(virtual, realServer(21)), true);
  t.equal(startsUp(virtual, realServer(22)), false, "it has weight 0");
  t.equal(startsUp(virtual, realServer(23)), false, "it is not there");
  t.equal(
    adoptedVerdicts(heritage(left, []))(virtual, realServer(22)),
    undefined,
    "the service was not ours",
  );
  const gone = adoptedVerdicts({ observed: new Map(), owned: new Set([VIRTUAL]) });
  t.equal(gone(virtual, realServer(22)), undefined, "the service is not there");
});

t.test("who was on the way to its weight goes on from there", async (t) => {
  const slow = { weight: 10, slowStart: seconds(90) };
  const next = config(slow, slow, slow, { ...slow, checks: [tcpCheck(80)] }, { weight: 10 });
  const left = heritage(config({ weight: 3 }, { weight: 10 }, {}, { weight: 0 }, { weight: 3 }));
  const roster = reviseRoster(EMPTY_ROSTER, next, adoptedVerdicts(left), START, half);
  const returns = (given: Heritage): unknown =>
    [...adoptedReturns(next.virtualServers, roster, given, after(START, seconds(100)))].map(
      ([{ real }, since]) => [real, toSeconds(between(START, since))],
    );
  t.strictSame(
    returns(left),
    [
      ["198.51.100.21:80", 80],
      ["198.51.100.23:80", 100],
    ],
    "two steps of ten seconds were taken, and none; the others have all of it, are down, or have no time for it",
  );
  t.strictSame(returns({ observed: new Map(), owned: new Set() }), []);
});

t.test("of a group all services that were there have to agree", async (t) => {
  const services = [WEB, { ...WEB, port: 443 }, { ...WEB, port: 8080 }];
  const group = virtualServer(WEB, [], { services });
  const server = realServer(21, { port: undefined });
  const left = (weight: number): BalancerConfig =>
    balancerConfig(
      virtualServer(WEB, [realServer(21)]),
      virtualServer({ ...WEB, port: 443 }, [realServer(21, { port: 443, weight })]),
    );
  const owned = ["tcp 192.0.2.100:80", "tcp 192.0.2.100:443", "tcp 192.0.2.100:8080"];
  t.equal(adoptedVerdicts(heritage(left(1), owned))(group, server), true, "the third was not there");
  t.equal(adoptedVerdicts(heritage(left(0), owned))(group, server), false);
});

t.test("with alpha a real server starts down, unless it worked in an earlier life", async (t) => {
  const next = config({ alpha: true, checks: [tcpCheck(80)] }, { alpha: true });
  const fresh = revise(EMPTY_ROSTER, next, () => undefined);
  t.notOk(isUp(server(fresh)));
  t.ok(isUp(server(fresh, 22)), "nothing could ever bring it up");
  t.ok(isUp(server(revise(EMPTY_ROSTER, next, () => true))));
});

t.test("a quorum had a sorry server that was not at work", async (t) => {
  const sorryServer = {
    address: ip("198.51.100.9"),
    port: 80,
    method: "nat",
    tunnel: undefined,
    inhibit: true,
  } as const;
  const virtual = virtualServer(WEB, [realServer(21)], { sorryServer });
  t.equal(adoptedQuorum(virtual, heritage(balancerConfig(virtual))), true);
  t.equal(adoptedQuorum(virtual, heritage(balancerConfig(virtual), [VIRTUAL], false)), false);
  t.equal(adoptedQuorum(virtual, heritage(balancerConfig(virtual), [])), undefined);
});

t.test("the weights of those that are up are added, and only they work", async (t) => {
  const next = config({ weight: 3, checks: [tcpCheck(80)] }, { weight: 5 }, { weight: 0 });
  const [virtual] = next.virtualServers;
  if (virtual === undefined) throw new Error("there is one");
  const roster = revise(EMPTY_ROSTER, next);
  t.equal(liveWeight(virtual, roster), 8);
  fail(server(roster), 0);
  t.equal(liveWeight(virtual, roster), 5);
  const { share, hasQuorum } = standing(virtual, roster, true, START);
  t.strictSame([share(0).weight, share(1).weight, share(2).weight, hasQuorum], [undefined, 5, 0, true]);
});

t.test("a real server of two virtual servers has its own standing in each", async (t) => {
  const other = { ...WEB, port: 8080 };
  const next = balancerConfig(
    virtualServer(WEB, [realServer(21), realServer(22, { checks: [tcpCheck(80)] })]),
    virtualServer(other, [realServer(22), realServer(21, { weight: 7 })]),
  );
  const roster = revise(EMPTY_ROSTER, next);
  fail(server(roster, 22), 0);
  const weights = next.virtualServers.map((virtual) => {
    const { share } = standing(virtual, roster, true, START);
    return [share(0).weight, share(1).weight];
  });
  t.strictSame(weights, [
    [1, undefined],
    [1, 7],
  ]);
  t.strictSame(
    next.virtualServers.map((virtual) => liveWeight(virtual, roster)),
    [1, 8],
  );
});

t.test(
  "one that is drained counts for no quorum, keeps its connections while it is up, and is removed at the end",
  async (t) => {
    const { virtualServers } = config({ inhibitOnFailure: false }, { inhibitOnFailure: false });
    const [virtual] = virtualServers;
    if (virtual === undefined) throw new Error("there is one");
    const roster = reviseRoster(EMPTY_ROSTER, balancerConfig(virtual), everybodyUp, START, half);
    const first = roster.get(rosterKey(VIRTUAL, "198.51.100.21:80"));
    if (first === undefined) throw new Error("it is there");
    const weights = (hasQuorum = true): (number | undefined)[] => {
      const table = desiredTable([virtual], () => standing(virtual, roster, hasQuorum, START));
      const destinations = table.get(VIRTUAL)?.destinations;
      return [21, 22].map((host) => destinations?.get(`198.51.100.${host}:80`)?.settings.weight);
    };
    const order = { deadline: seconds(1), end: "remove" } as const;
    first.drain = startDrain(order, START);
    t.equal(liveWeight(virtual, roster), 1);
    t.strictSame(weights(), [0, 1], "in the table, although a failure would remove it");
    first.drain = { name: "drained", order, cause: "empty", left: 0 };
    t.strictSame(weights(), [undefined, 1]);
    first.drain = { name: "drained", order: { ...order, end: "hold" }, cause: "deadline", left: 7 };
    t.strictSame(weights(), [0, 1]);
    const revised = reviseRoster(roster, balancerConfig(virtual), everybodyUp, START, half);
    t.equal(revised.get(rosterKey(VIRTUAL, "198.51.100.21:80"))?.drain, first.drain, "it survives a reload");
  },
);

t.test(
  "the connections of one that is drained and goes down, or lost its quorum to a sorry server",
  async (t) => {
    const sorry = {
      address: ip("198.51.100.9"),
      port: 80,
      method: "nat",
      tunnel: undefined,
      inhibit: false,
    } as const;
    const check = tcpCheck(80);
    const virtual = virtualServer(WEB, [realServer(21, { inhibitOnFailure: false, checks: [check] })], {
      sorryServer: sorry,
    });
    const roster = reviseRoster(EMPTY_ROSTER, balancerConfig(virtual), everybodyUp, START, half);
    const server = roster.get(rosterKey(VIRTUAL, "198.51.100.21:80"));
    const [watched] = server?.checks ?? [];
    if (server === undefined || watched === undefined) throw new Error("it is there");
    const keys = (hasQuorum: boolean): string[] => {
      const table = desiredTable([virtual], () => standing(virtual, roster, hasQuorum, START));
      return [...(table.get(VIRTUAL)?.destinations.values() ?? [])].map(
        ({ id, settings }) => `${id.address} ${settings.weight}`,
      );
    };
    server.drain = startDrain({ deadline: undefined, end: "hold" }, START);
    t.strictSame(keys(false), ["198.51.100.21 0", "198.51.100.9 1"], "they go on beside the sorry server");
    watched.state = { ...watched.state, up: false };
    t.strictSame(keys(false), ["198.51.100.9 1"], "they will not finish");
    server.drain = undefined;
    watched.state = { ...watched.state, up: true };
    t.strictSame(keys(false), ["198.51.100.9 1"], "without a drain they are cut off, as configured");
  },
);
