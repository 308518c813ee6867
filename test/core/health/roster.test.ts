/**
 * Goal: what is known about a real server survives a new configuration, and what an earlier life took out stays out.
 * Method: rosters of two or three servers, revised.
 */

import t from "tap";
import type { BalancerConfig, RealServer } from "../../../src/core/balance/model.ts";
import { desiredTable } from "../../../src/core/balance/table.ts";
import type { Check } from "../../../src/core/health/model.ts";
import {
  adoptedVerdicts,
  effectiveWeight,
  isUp,
  reviseRoster,
  type Roster,
  rosterKey,
  type WatchedServer,
} from "../../../src/core/health/roster.ts";
import type { Ipv4 } from "../../../src/core/units/ipv4.ts";
import { seconds, START } from "../../../src/core/units/time.ts";

const VIRTUAL = "tcp 192.0.2.100:80";
const NOBODY: Roster = new Map();
const everybodyUp = (): boolean => true;
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
  const complete = realServers.map(
    (given, index): RealServer => ({
      address: `198.51.100.${21 + index}` as Ipv4,
      port: 80,
      weight: 1,
      method: "nat",
      inhibitOnFailure: true,
      checks: [],
      ...given,
    }),
  );
  const address = "192.0.2.100" as Ipv4;
  return {
    virtualServers: [{ address, port: 80, protocol: "tcp", scheduler: "wlc", realServers: complete }],
  };
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
  const roster = revise(NOBODY, config({ checks: [tcpCheck(80), tcpCheck(81)], weight: 3 }, {}), () => true);
  t.ok(isUp(server(roster)));
  fail(server(roster), 1);
  t.notOk(isUp(server(roster)));
  t.equal(effectiveWeight(server(roster)), 0);
  t.ok(isUp(server(roster, 22)));
  t.ok(isUp(server(revise(NOBODY, config({}), () => false))), "nothing could ever bring it up");
});

t.test("a check that stays is the same object, in its new rhythm", async (t) => {
  const before = revise(NOBODY, config({ checks: [tcpCheck(80), expectCheck("a")] }));
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
  const before = revise(NOBODY, config({ checks: [expectCheck("a")] }));
  const revised = revise(before, config({ checks: [expectCheck("b")] }));
  t.not(server(revised).checks[0], server(before).checks[0]);
});

t.test("two checks alike stay two", async (t) => {
  const before = revise(NOBODY, config({ checks: [tcpCheck(80), tcpCheck(80)] }));
  const revised = revise(before, config({ checks: [tcpCheck(80), tcpCheck(80)] }));
  t.strictSame(new Set(server(revised).checks).size, 2);
});

t.test("a new check on a server that is known starts with that one's verdict", async (t) => {
  const before = revise(NOBODY, config({ checks: [tcpCheck(80)] }, { checks: [tcpCheck(80)] }));
  fail(server(before), 0);
  const next = config({ checks: [tcpCheck(443)] }, { checks: [tcpCheck(443)] });
  const revised = revise(before, next, () => false);
  t.notOk(isUp(server(revised)));
  t.ok(isUp(server(revised, 22)));
});

t.test("who is configured with weight 0 tells nothing by it", async (t) => {
  t.ok(isUp(server(revise(NOBODY, config({ weight: 0, checks: [tcpCheck(80)] }), () => false))));
});

t.test("whom an earlier life took out of a service of ours starts down", async (t) => {
  const left = config({}, { weight: 0 });
  const observed = desiredTable(left.virtualServers, everybodyUp);
  const startsUp = adoptedVerdicts(observed, new Set([VIRTUAL]));
  t.ok(startsUp(VIRTUAL, "198.51.100.21:80"));
  t.notOk(startsUp(VIRTUAL, "198.51.100.22:80"), "it has weight 0");
  t.notOk(startsUp(VIRTUAL, "198.51.100.23:80"), "it is not there");
  const theirs = adoptedVerdicts(observed, new Set());
  t.ok(theirs(VIRTUAL, "198.51.100.22:80"), "the service was not ours");
  const gone = adoptedVerdicts(new Map(), new Set([VIRTUAL]));
  t.ok(gone(VIRTUAL, "198.51.100.22:80"), "the service is not there");
});
