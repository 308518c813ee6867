/**
 * Goal: a handover is peer first, for a whole sync group, over in 50 ms, and no stray word moves anything. Method: two links in
 * virtual time (pair.ts): a (150) is master, b (100) backup, of 7 and, in a group, of 8 and 9.
 */

import t from "tap";
import type { LocalInstance } from "../../../src/core/heartbeat/roster.ts";
import type { InstanceState } from "../../../src/core/wire/heartbeat.ts";
import { instance, ms, type Name, Pair } from "./pair.ts";

function three(state: InstanceState, priority: number): LocalInstance[] {
  return [
    instance(7, state, priority),
    instance(8, state, priority, "lan"),
    instance(9, state, priority, "lan"),
  ];
}

/** At 50 ms all is known; the next round is due at 100. */
function found(a = three("master", 150), b = three("backup", 100)): Pair {
  const pair = new Pair();
  pair.run(10);
  pair.tell("a", { type: "instances", instances: a });
  pair.tell("b", { type: "instances", instances: b });
  pair.run(50);
  return pair;
}

function become(pair: Pair, side: Name, state: InstanceState, priority: number): string[] {
  return pair.tell(side, { type: "instances", instances: three(state, priority) });
}

t.test("offer, take, taken, let go", (t) => {
  const pair = found();
  t.same(pair.tell("a", { type: "hand-over", instances: [7] }), ["50 a offering 7"]);
  t.same(pair.run(51), ["51 b take 1 7"]);
  t.same(pair.run(58), [], "repeated each 5 ms, and asked of the driver once");
  t.same(pair.tell("b", { type: "claimed", offers: [1] }), []);
  t.same(pair.run(59), ["59 a let-go 7 onRequest=false"], "once, although the answer comes by two paths");
  t.same(pair.run(500), []);
  t.end();
});

t.test("the offer is repeated each 5 ms on every path until it is answered, and no more", (t) => {
  const pair = found();
  const before = pair.sent.length;
  pair.tell("a", { type: "hand-over", instances: [7] });
  pair.run(62);
  const offers = pair.sent.slice(before).filter(({ from }) => from === "a");
  t.same(
    offers.map(({ at, path }) => `${at / 1_000} ${path}`),
    ["50 public", "50 private", "55 public", "55 private", "60 public", "60 private"],
  );
  pair.tell("b", { type: "claimed", offers: [1] });
  pair.run(99);
  t.equal(pair.sent.slice(before).filter(({ from }) => from === "a").length, 6);
  t.end();
});

t.test("an answer that is lost comes again with the offer", (t) => {
  const pair = found();
  pair.tell("a", { type: "hand-over", instances: [7] });
  pair.run(52);
  pair.cut.add("b public");
  pair.cut.add("b private");
  pair.tell("b", { type: "claimed", offers: [1] });
  t.same(pair.run(54), []);
  pair.cut.clear();
  // The offer of 55 is heard at 56, and so answered.
  t.same(pair.run(57), ["57 a let-go 7 onRequest=false"]);
  t.end();
});

t.test("one path is enough", (t) => {
  const pair = found();
  pair.cut.add("public");
  pair.tell("a", { type: "hand-over", instances: [7] });
  t.same(pair.run(52), ["51 b take 1 7"]);
  pair.tell("b", { type: "claimed", offers: [1] });
  t.same(pair.run(60), ["53 a let-go 7 onRequest=false"]);
  t.end();
});

t.test("a sync group goes as a whole", (t) => {
  const pair = found();
  t.same(pair.tell("a", { type: "hand-over", instances: [9] }), ["50 a offering 9+8"]);
  t.same(pair.run(52), ["51 b take 1 9+8"]);
  pair.tell("b", { type: "claimed", offers: [1] });
  t.same(pair.run(60), ["53 a let-go 9+8 onRequest=false"]);
  t.end();
});

t.test("several at once, each with its own number", (t) => {
  const pair = found();
  pair.tell("a", { type: "hand-over", instances: [7] });
  pair.tell("a", { type: "hand-over", instances: [8] });
  t.same(pair.tell("a", { type: "hand-over", instances: [9] }), [], "is on its way with the group");
  t.same(pair.run(52), ["51 b take 1 7", "51 b take 2 8+9"]);
  pair.tell("b", { type: "claimed", offers: [2] });
  t.same(pair.run(60), ["53 a let-go 8+9 onRequest=false"]);
  t.end();
});

t.test("nobody waits for more than 50 ms, and a late answer is nothing", (t) => {
  const pair = found();
  pair.tell("a", { type: "hand-over", instances: [7] });
  t.same(pair.run(110), ["51 b take 1 7", "100 a handover-failed offer 7 timeout"]);
  pair.tell("b", { type: "claimed", offers: [1] });
  t.same(pair.run(500), []);
  t.end();
});

t.test("an offer that was overtaken by a later word is nothing", (t) => {
  const pair = found();
  pair.latency["private"] = 70;
  pair.cut.add("a public");
  pair.tell("a", { type: "hand-over", instances: [7] });
  pair.run(99);
  pair.cut.clear();
  // Given up at 100, and then a's round is heard by public at 101; the offers of 50 to 95 come by private from 120 on.
  t.same(pair.run(300), ["100 a handover-failed offer 7 timeout"]);
  t.end();
});

t.test("a handover is no split brain, unless it does not end", (t) => {
  const pair = found();
  pair.tell("a", { type: "hand-over", instances: [7, 8] });
  pair.run(52);
  become(pair, "b", "master", 100);
  pair.tell("b", { type: "claimed", offers: [1] });
  t.same(
    pair.run(60).filter((line) => line.includes("split")),
    [],
  );
  // Agreed by b at 51 and by a, that let go, at 53, for 50 ms and two intervals: to 301 and 303. a looks again at 400.
  t.same(
    pair.run(450).filter((line) => line.includes("split") && line.includes("7")),
    ["301 b split-brain 7 52 none", "400 a split-brain 7 53 none"],
  );
  t.end();
});

const REFUSED: [string, LocalInstance[], string][] = [
  ["in fault", three("fault", 100), "fault"],
  ["starting", three("init", 100), "startup"],
];
for (const [name, instances, reason] of REFUSED) {
  t.test(`a peer that is ${name} is not even asked`, (t) => {
    const pair = found(three("master", 150), instances);
    t.same(pair.tell("a", { type: "hand-over", instances: [7] }), [`50 a handover-failed offer 7 ${reason}`]);
    t.end();
  });

  t.test(`and refuses at once when it came to be ${name} meanwhile`, (t) => {
    const pair = found();
    pair.cut.add("b public");
    pair.cut.add("b private");
    pair.tell("b", { type: "instances", instances });
    pair.run(52);
    pair.cut.clear();
    pair.tell("a", { type: "hand-over", instances: [8] });
    t.same(
      pair.run(60).filter((line) => line.includes("handover")),
      [`54 a handover-failed offer 8+9 ${reason}`],
    );
    t.end();
  });
}

t.test("an offer that is withdrawn among what has queued is not taken", (t) => {
  const pair = found();
  pair.cut.add("a public").add("a private");
  pair.tell("a", { type: "hand-over", instances: [7] });
  pair.run(320);
  const queued = pair.sent.filter(({ at, from, path }) => at >= 50_000 && from === "a" && path === "public");
  const [offer] = queued;
  const last = queued.at(-1);
  if (offer === undefined || last === undefined) throw new Error("there are some");
  t.same(pair.inject("b", offer), [], "more may have queued");
  t.same(pair.inject("b", last), []);
  t.same(pair.tell("b", { type: "deadline" }), [], "it is an old one");
  t.end();
});

t.test("an offer among more than can be read waits, for 25 ms at the most", (t) => {
  const pair = found();
  pair.tell("a", { type: "hand-over", instances: [7] });
  const [offer] = pair.sent.filter(
    ({ at, from, path }) => at === ms(50) && from === "a" && path === "public",
  );
  if (offer === undefined) throw new Error("there is one");
  pair.cut.add("a public").add("a private");
  pair.inject("b", offer);
  pair.tell("b", { type: "flooded", path: "public" });
  t.same(pair.tell("b", { type: "deadline" }), [], "there is more to be heard");
  t.same(pair.run(52), ["52 b take 1 7"], "and then there was not");
  const flooded = found();
  flooded.cut.add("a public").add("a private");
  flooded.inject("b", offer);
  for (let at = 50; at < 74; at += 1) {
    flooded.tell("b", { type: "flooded", path: "public" });
    t.same(flooded.run(at + 1), [], `${at} ms`);
  }
  flooded.tell("b", { type: "flooded", path: "public" });
  t.same(flooded.run(76), ["75 b take 1 7"]);
  t.end();
});

t.test("what each offers the other at once stays with both", (t) => {
  const pair = found(three("master", 150), three("master", 100));
  pair.tell("a", { type: "hand-over", instances: [7] });
  pair.tell("b", { type: "hand-over", instances: [7] });
  t.same(
    pair.run(200).filter((line) => /take|let-go|handover/.test(line)),
    ["52 a handover-failed offer 7 claim-failed", "52 b handover-failed offer 7 claim-failed"],
  );
  t.end();
});

t.test("a claim that fails is refused", (t) => {
  const pair = found();
  pair.tell("a", { type: "hand-over", instances: [7] });
  pair.run(52);
  pair.tell("b", { type: "take-failed", offers: [1], reason: "claim-failed" });
  t.same(pair.run(60), ["53 a handover-failed offer 7 claim-failed"]);
  t.end();
});

t.test("what we do not hold cannot be handed over, what nobody knows neither", (t) => {
  const pair = found();
  t.same(pair.tell("b", { type: "hand-over", instances: [7] }), ["50 b handover-failed offer 7 not-master"]);
  t.same(pair.tell("a", { type: "hand-over", instances: [99] }), [
    "50 a handover-failed offer 99 unknown-instance",
  ]);
  const lesser = found(three("master", 150), [instance(8, "backup", 100), instance(9, "backup", 100)]);
  lesser.tell("a", { type: "hand-over", instances: [7] });
  t.same(lesser.run(60), ["52 a handover-failed offer 7 unknown-instance"]);
  t.end();
});

t.test("without a peer nothing is waited for", (t) => {
  const pair = new Pair();
  pair.dead.add("b");
  pair.tell("a", { type: "instances", instances: three("master", 150) });
  t.same(pair.tell("a", { type: "hand-over", instances: [7] }), ["0 a handover-failed offer 7 no-peer"]);
  t.end();
});

t.test("a peer that is leaving takes nothing", (t) => {
  const pair = found();
  pair.tell("b", { type: "stop" });
  pair.run(52);
  t.same(pair.tell("a", { type: "hand-over", instances: [7] }), ["52 a handover-failed offer 7 stopping"]);
  t.end();
});

t.test("more than a datagram has room for is not begun", (t) => {
  const many = Array.from({ length: 282 }, (_, index) => instance(index, "master", 150, "all"));
  const pair = found(many, []);
  t.match(pair.tell("a", { type: "hand-over", instances: [1] }), [/handover-failed offer .* too-many/]);
  t.end();
});

t.test("a backup that outranks the master asks, is offered, and takes", (t) => {
  const pair = found(three("master", 150), three("backup", 200));
  t.same(pair.tell("b", { type: "request", instances: [8] }), []);
  t.same(pair.run(53), ["51 a offering 8+9", "52 b take 1 8+9"]);
  pair.tell("b", { type: "claimed", offers: [1] });
  t.same(pair.run(60), ["54 a let-go 8+9 onRequest=true"]);
  t.same(pair.run(500), [], "the request is over with the offer");
  t.end();
});

t.test("one that does not outrank it is refused", (t) => {
  for (const priority of [100, 150]) {
    const pair = found(three("master", 150), three("backup", priority));
    pair.tell("b", { type: "request", instances: [7] });
    t.same(pair.run(60), ["52 b handover-failed request 7 rank"]);
    pair.run(150);
  }
  t.end();
});

t.test("one request, one offer, however often it is repeated", (t) => {
  const pair = found(three("master", 150), three("backup", 200));
  pair.cut.add("a public");
  pair.cut.add("a private");
  pair.tell("b", { type: "request", instances: [7] });
  t.same(pair.run(200), [
    "51 a offering 7",
    "100 b handover-failed request 7 timeout",
    "101 a handover-failed offer 7 timeout",
  ]);
  t.end();
});

t.test("what is asked of a former life is over with it", (t) => {
  const pair = found();
  pair.tell("a", { type: "hand-over", instances: [7] });
  pair.run(50.5);
  pair.restart("b");
  const told = pair.run(60).filter((line) => line.includes(" a "));
  // The offer is the first that the new life hears, at 51: it makes it echo a.
  t.ok(told.includes("52 a handover-failed offer 7 peer-restarted"), told.join("; "));
  t.end();
});

t.test("and with the peer's silence", (t) => {
  const pair = found();
  pair.run(395);
  pair.dead.add("a");
  pair.run(699);
  pair.tell("b", { type: "request", instances: [7] });
  // Heard last at 301, silent at 701.
  t.same(pair.run(810).at(-1), "701 b handover-failed request 7 no-peer");
  t.end();
});

t.test("an offer to a peer that has fallen silent is withdrawn at once: it may only stand still", (t) => {
  const pair = found();
  pair.run(395);
  pair.dead.add("b");
  pair.run(692);
  pair.tell("a", { type: "hand-over", instances: [7] });
  t.equal(pair.run(702).at(-1), "701 a handover-failed offer 7 no-peer");
  const [last] = pair.sent.slice(-1);
  t.match(last, { at: ms(701), from: "a" });
  pair.dead.delete("b");
  for (const sent of pair.sent.filter(({ at }) => at >= ms(692))) pair.inject("b", sent);
  t.notOk(pair.run(750).some((line) => line.includes("take ")));
  t.end();
});

t.test("what is on its way to the peer is not taken from it: two offers that cross are both refused", (t) => {
  const pair = found(three("master", 150), three("master", 100));
  pair.tell("a", { type: "hand-over", instances: [7] });
  pair.tell("b", { type: "hand-over", instances: [7] });
  t.same(
    pair.run(55).filter((line) => /take|let-go|handover-failed/.test(line)),
    ["52 a handover-failed offer 7 claim-failed", "52 b handover-failed offer 7 claim-failed"],
  );
  t.end();
});

/** Instances 1 to `count`, ungrouped. */
function crowd(count: number, state: InstanceState, priority: number): LocalInstance[] {
  return Array.from({ length: count }, (_, index) => instance(index + 1, state, priority));
}

/**
 * A pair whose drivers do as they are told: what is to be taken is there 2 ms later, and told once for all of that instant.
 * The number of datagrams that a handover of all takes, and how many instances were let go.
 */
function givesAway(pair: Pair, count: number, asker: Name): { datagrams: number; gone: number } {
  const held = new Set<number>();
  const left = new Set<number>();
  let due: { at: number; offers: number[]; ids: number[] } | undefined;
  pair.onEffect = (side, effect) => {
    if (side === "b" && effect.type === "take") {
      due ??= { at: pair.now / 1_000 + 2, offers: [], ids: [] };
      due.offers.push(effect.offer);
      due.ids.push(...effect.instances);
    }
    if (side === "a" && effect.type === "let-go") for (const id of effect.instances) left.add(id);
  };
  const stands = (side: Name, priority: number, isMaster: (id: number) => boolean): void => {
    const instances = crowd(count, "backup", priority).map((one) =>
      isMaster(one.id) ? { ...one, state: "master" as const } : one,
    );
    pair.tell(side, { type: "instances", instances });
  };
  const before = pair.sent.length;
  const instances = crowd(count, "master", 0).map(({ id }) => id);
  pair.tell(asker, { type: asker === "a" ? "hand-over" : "request", instances });
  for (let at = 51; at < 1_000 && left.size < count; at += 1) {
    pair.run(at);
    stands("a", 150, (id) => !left.has(id));
    if (due === undefined || due.at > at) continue;
    for (const id of due.ids) held.add(id);
    stands("b", asker === "a" ? 100 : 200, (id) => held.has(id));
    const { offers } = due;
    due = undefined;
    pair.tell("b", { type: "claimed", offers });
  }
  return { datagrams: pair.sent.length - before, gone: left.size };
}

t.test("hundreds are handed over one after the other, in datagrams as many as they are", (t) => {
  for (const asker of ["a", "b"] as const) {
    const counts = [100, 200, 400].map((count) => {
      const pair = found(crowd(count, "master", 150), crowd(count, "backup", asker === "a" ? 100 : 200));
      const { datagrams, gone } = givesAway(pair, count, asker);
      t.equal(gone, count);
      t.ok(
        pair.sent.every(({ bytes }) => bytes.length <= 1_232),
        "none is fragmented",
      );
      return datagrams;
    });
    for (const [index, datagrams] of counts.entries())
      t.ok(datagrams <= 150 * 2 ** index, `${datagrams} datagrams, three for two instances at the most`);
  }
  t.end();
});

t.test("no more than 10 addresses are on their way at once", (t) => {
  const pair = found(
    crowd(40, "master", 150).map((one) => ({ ...one, addresses: 2 })),
    crowd(40, "backup", 100),
  );
  const told = pair.tell("a", { type: "hand-over", instances: crowd(40, "master", 0).map(({ id }) => id) });
  t.equal(told.length, 5, "two addresses each");
  pair.run(52);
  pair.tell("b", { type: "claimed", offers: [1, 2, 3] });
  const next = pair.run(54).filter((line) => line.includes("offering"));
  t.same(next, ["53 a offering 6", "53 a offering 7", "53 a offering 8"]);
  t.end();
});

t.test("a unit of many addresses has more time than 50 ms, and the others wait for it", (t) => {
  const many = (state: InstanceState, priority: number): LocalInstance[] => [
    { ...instance(7, state, priority), addresses: 80 },
    instance(8, state, priority),
  ];
  const pair = found(many("master", 150), many("backup", 100));
  // 80 addresses, 5 ms each.
  t.same(pair.tell("a", { type: "hand-over", instances: [7, 8] }), ["50 a offering 7 400"]);
  t.same(pair.run(448), ["51 b take 1 7 400"]);
  pair.tell("b", { type: "claimed", offers: [1] });
  t.same(pair.run(455), ["449 a let-go 7 onRequest=false", "449 a offering 8", "450 b take 2 8"]);
  t.end();
});

t.test("who answers nothing for 50 ms is not asked for the others", (t) => {
  const pair = found(crowd(60, "master", 150), crowd(60, "backup", 100));
  pair.cut.add("b public").add("b private");
  pair.tell("a", { type: "hand-over", instances: crowd(60, "master", 0).map(({ id }) => id) });
  t.same(
    pair.run(300).filter((line) => line.includes(" a ")),
    crowd(60, "master", 0).map(({ id }) => `100 a handover-failed offer ${id} timeout`),
  );
  t.end();
});

t.test("who answers is asked for the others, whatever became of one", (t) => {
  const pair = found(crowd(12, "master", 150), crowd(12, "backup", 100));
  pair.tell("a", { type: "hand-over", instances: crowd(12, "master", 0).map(({ id }) => id) });
  pair.run(52);
  pair.tell("b", { type: "claimed", offers: [2] });
  t.same(
    pair.run(101).filter((line) => line.includes("offering")),
    ["53 a offering 11", "100 a offering 12"],
  );
  t.end();
});

t.test("an offer that is given up while others stand is withdrawn", (t) => {
  const pair = found(crowd(2, "master", 150), crowd(2, "backup", 100));
  pair.tell("a", { type: "hand-over", instances: [1] });
  const [first] = pair.sent.filter(
    ({ at, from, path }) => at === ms(50) && from === "a" && path === "public",
  );
  pair.cut.add("a public").add("a private");
  pair.run(80);
  pair.tell("a", { type: "hand-over", instances: [2] });
  pair.run(102);
  const last = pair.sent.filter(({ from, path }) => from === "a" && path === "public").at(-1);
  if (first === undefined || last === undefined) throw new Error("there are some");
  t.same([...pair.inject("b", first), ...pair.inject("b", last)], [], "more may have queued");
  t.same(
    pair.tell("b", { type: "deadline" }).filter((line) => line.includes("take")),
    ["102 b take 2 2"],
  );
  t.end();
});
