/**
 * Goal: whatever becomes of the datagrams, two links that can hear each other again agree within a few intervals, and a handover
 * never leaves an instance without a holder. Method: random cuts, delays, deaths, restarts and recordings that are played to
 * anybody on any path; fast-check prints the counterexample.
 */

import fc from "fast-check";
import t from "tap";
import { instance, type Name, Pair } from "./pair.ts";

const IDS = [1, 2, 3];
const STATES = ["init", "backup", "master", "fault"] as const;
const side = fc.constantFrom<Name>("a", "b");
const id = fc.constantFrom(...IDS);

type Op = (pair: Pair) => void;

const passing: fc.Arbitrary<Op> = fc.integer({ min: 0, max: 700 }).map((time) => (pair: Pair) => {
  pair.run(pair.now / 1_000 + time);
});
const cutting: fc.Arbitrary<Op> = fc
  .constantFrom("public", "private", "a public", "b public", "a private", "b private")
  .map((cut) => (pair: Pair) => {
    if (!pair.cut.delete(cut)) pair.cut.add(cut);
  });
const delaying: fc.Arbitrary<Op> = fc
  .tuple(fc.constantFrom("public", "private"), fc.integer({ min: 1, max: 60 }))
  .map(([path, latency]) => (pair: Pair) => {
    pair.latency[path] = latency;
  });
const restarting: fc.Arbitrary<Op> = side.map((who) => (pair: Pair) => pair.restart(who));
const dying: fc.Arbitrary<Op> = side.map((who) => (pair: Pair) => void pair.dead.add(who));
const flooding: fc.Arbitrary<Op> = side.map((who) => (pair: Pair) => {
  pair.tell(who, { type: "flooded", path: "public" });
});
const playing: fc.Arbitrary<Op> = fc
  .tuple(side, fc.constantFrom("public", "private"), fc.nat())
  .map(([who, path, at]) => (pair: Pair) => {
    const recorded = pair.sent[at % Math.max(1, pair.sent.length)];
    if (recorded !== undefined && !pair.dead.has(who)) pair.inject(who, recorded, path);
  });
const changing: fc.Arbitrary<Op> = fc
  .tuple(side, fc.array(fc.constantFrom(...STATES), { minLength: 3, maxLength: 3 }))
  .map(([who, states]) => (pair: Pair) => {
    const instances = IDS.map((each, index) => instance(each, states[index] ?? "init", 100));
    pair.tell(who, { type: "instances", instances });
  });
const handing: fc.Arbitrary<Op> = fc
  .tuple(side, id, fc.constantFrom("hand-over" as const, "request" as const))
  .map(
    ([who, each, type]) =>
      (pair: Pair) =>
        void pair.tell(who, { type, instances: [each] }),
  );

function play(ops: readonly Op[], pair: Pair): void {
  for (const op of ops) op(pair);
}

t.test("once the faults are over both know the other one as it is", (t) => {
  const any = fc.oneof(passing, cutting, delaying, restarting, dying, flooding, playing, changing, handing);
  fc.assert(
    fc.property(fc.array(any, { maxLength: 40 }), (ops) => {
      const pair = new Pair();
      pair.run(5);
      play(ops, pair);
      pair.cut.clear();
      pair.latency["public"] = pair.latency["private"] = 1;
      for (const who of pair.dead) pair.restart(who);
      pair.run(pair.now / 1_000 + 500);
      for (const [own, other] of [
        ["a", "b"],
        ["b", "a"],
      ] as const) {
        const { session, peer, handover, paths } = pair.state(own);
        const truth = pair.state(other);
        t.equal(session.peer, truth.session.boot);
        t.equal(peer.presence.name, "alive");
        t.same(
          paths.map(({ state }) => state.name),
          ["up", "up"],
        );
        t.same(
          [...peer.instances].map(([each, { state }]) => `${each} ${state}`).toSorted(),
          truth.roster.entries.map(({ id: each, state }) => `${each} ${state}`),
        );
        t.same(handover.asked, []);
      }
    }),
    { numRuns: 150 },
  );
  t.end();
});

t.test("a handover never leaves an instance without a holder", (t) => {
  const any = fc.oneof(passing, cutting, delaying, playing, handing, handing);
  fc.assert(
    fc.property(fc.array(any, { maxLength: 40 }), (ops) => {
      const pair = new Pair();
      const held: Record<Name, Set<number>> = { a: new Set(IDS), b: new Set() };
      const say = (who: Name): void => {
        const instances = IDS.map((each) =>
          instance(each, held[who].has(each) ? "master" : "backup", who === "a" ? 100 : 150),
        );
        pair.tell(who, { type: "instances", instances });
      };
      pair.onEffect = (who, effect) => {
        if (effect.type === "take") {
          for (const each of effect.instances) held[who].add(each);
          say(who);
          pair.tell(who, { type: "claimed", offers: [effect.offer] });
        }
        if (effect.type === "let-go") {
          for (const each of effect.instances) held[who].delete(each);
          say(who);
        }
        for (const each of IDS) t.ok(held.a.has(each) || held.b.has(each), `${each} is held`);
      };
      pair.run(5);
      say("a");
      say("b");
      play(ops, pair);
      pair.run(pair.now / 1_000 + 500);
    }),
    { numRuns: 150 },
  );
  t.end();
});
