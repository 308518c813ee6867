/**
 * Goal: a session's state machine is that of RFC 5880 §6.8. Method: events at instants, what is done and when the next
 * deadline is, worked out by hand from the RFC's rules.
 */

import fc from "fast-check";
import t from "tap";
import { chooseDiscriminator, hasLeft } from "../../../src/core/bfd/session.ts";
import { jitter } from "../../../src/core/bfd/timing.ts";
import { milliseconds, seconds, ZERO } from "../../../src/core/units/time.ts";
import { BFD_STATES } from "../../../src/core/wire/bfd.ts";
import { Actor, at } from "./story.ts";

t.test("it calls at once and then every idle interval; the path counts as down after three", (t) => {
  const actor = new Actor();
  t.strictSame(actor.wakes(0), ["send down to 0 tx=1000 rx=100"]);
  t.equal(actor.deadline, 1_000);
  t.strictSame(actor.wakes(1_000), ["send down to 0 tx=1000 rx=100"]);
  actor.wakes(2_000);
  t.equal(actor.state.path, undefined);
  actor.wakes(3_000);
  t.equal(actor.state.path, false);
  t.end();
});

t.test("the handshake, and the poll that follows it", (t) => {
  const actor = new Actor();
  actor.wakes(0);
  t.strictSame(actor.hears(50, { yourDiscriminator: 0 }), ["send init to 22 tx=1000 rx=100", "down -> init"]);
  t.strictSame(actor.hears(60, { state: "init" }), ["send up poll to 22 tx=100 rx=100", "init -> up"]);
  t.equal(actor.state.path, true);
  t.equal(actor.deadline, 160, "the faster rhythm holds at once");
  t.strictSame(actor.wakes(160), ["send up poll to 22 tx=100 rx=100"]);
  t.strictSame(actor.hears(170, { state: "up", final: true }), []);
  t.strictSame(actor.wakes(260), ["send up to 22 tx=100 rx=100"]);
  t.end();
});

t.test("the other side is up first", (t) => {
  const actor = new Actor();
  t.strictSame(actor.hears(0, { state: "init" }), ["send up poll to 22 tx=100 rx=100", "down -> up"]);
  const late = new Actor();
  late.hears(0, { yourDiscriminator: 0 });
  t.strictSame(late.hears(10, { state: "up" }), ["send up poll to 22 tx=100 rx=100", "init -> up"]);
  t.strictSame(new Actor().hears(0, { state: "up" }), [], "an old session's: it has to go down first");
  t.end();
});

t.test("every pair of states, ours and theirs, leads where RFC 5880 §6.8.6 says", (t) => {
  const table = {
    down: { "admin-down": "down", down: "init", init: "up", up: "down" },
    init: { "admin-down": "down", down: "init", init: "up", up: "up" },
    up: { "admin-down": "down", down: "down", init: "up", up: "up" },
    "admin-down": { "admin-down": "admin-down", down: "admin-down", init: "admin-down", up: "admin-down" },
  } as const;
  for (const ours of BFD_STATES) {
    for (const theirs of BFD_STATES) {
      const actor = new Actor();
      actor.state = { ...actor.state, name: ours };
      actor.hears(0, { state: theirs });
      t.equal(actor.state.name, table[ours][theirs], `${ours}, ${theirs}`);
    }
  }
  t.end();
});

t.test("silence: the neighbour's multiplier times the slower of our min_rx and its min_tx", (t) => {
  const actor = new Actor().comesUp();
  for (let ms = 110; ms < 920; ms += 100) t.strictSame(actor.wakes(ms), ["send up to 22 tx=100 rx=100"]);
  t.equal(actor.state.name, "up", "heard at 20 ms, and 3 x 300 ms are not over");
  t.strictSame(actor.wakes(920), ["send down (1) to 0 tx=1000 rx=100", "up -> down"]);
  t.equal(actor.state.path, false);
  t.equal(actor.deadline, 1_920, "and slowly from here");
  const patient = new Actor({ minRx: seconds(2) }).comesUp();
  patient.wakes(6_019);
  t.equal(patient.state.name, "up");
  patient.wakes(6_020);
  t.equal(patient.state.name, "down", "3 x 2 s");
  t.end();
});

t.test("a packet that was read late is no silence", (t) => {
  const actor = new Actor().comesUp();
  actor.hears(5_000, { state: "up" });
  actor.wakes(5_000);
  t.equal(actor.state.name, "up");
  t.end();
});

t.test("the neighbour hears us no more: down, and the path too", (t) => {
  const actor = new Actor().comesUp();
  t.strictSame(actor.hears(30, { state: "down", diagnostic: 1 }), [
    "send down (3) to 22 tx=1000 rx=100",
    "up -> down",
  ]);
  t.equal(actor.state.path, false);
  t.end();
});

t.test("the neighbour is switched off: down, and the path as it was", (t) => {
  const actor = new Actor().comesUp();
  t.strictSame(actor.hears(30, { state: "admin-down", diagnostic: 7 }), [
    "send down (3) to 22 tx=1000 rx=100",
    "up -> down",
  ]);
  t.equal(actor.state.path, true);
  actor.wakes(60_000);
  t.equal(actor.state.path, true, "also when it falls silent");
  actor.hears(70_000, { yourDiscriminator: 0 });
  actor.wakes(80_000);
  t.equal(actor.state.path, false, "but not when it is back and then silent");
  const early = new Actor();
  early.hears(2_900, { state: "admin-down", yourDiscriminator: 0 });
  early.wakes(3_000);
  t.equal(early.state.path, undefined, "off from the beginning: nothing is known");
  t.end();
});

t.test("a session that is down forgets a neighbour that it does not hear", (t) => {
  const actor = new Actor();
  actor.hears(0, { state: "admin-down", desiredMinTx: milliseconds(200) });
  t.strictSame(actor.wakes(0), ["send down to 22 tx=1000 rx=100"]);
  actor.wakes(600);
  t.strictSame(actor.wakes(1_000), ["send down to 0 tx=1000 rx=100"]);
  t.end();
});

t.test("a poll is answered at once, out of the rhythm", (t) => {
  const actor = new Actor().comesUp();
  t.strictSame(actor.hears(30, { state: "up", poll: true }), ["send up final to 22 tx=100 rx=100"]);
  t.equal(actor.deadline, 110, "the rhythm stays");
  t.end();
});

t.test("slower sending waits until the neighbour knows", (t) => {
  const actor = new Actor().comesUp();
  t.strictSame(actor.becomes(50, { minTx: milliseconds(500) }), ["send up poll to 22 tx=500 rx=100"]);
  t.equal(actor.deadline, 150);
  t.strictSame(actor.hears(60, { state: "up", final: true }), []);
  t.equal(actor.deadline, 550);
  t.strictSame(actor.becomes(70, { minTx: milliseconds(200) }), ["send up poll to 22 tx=200 rx=100"]);
  t.equal(actor.deadline, 270, "faster holds at once");
  t.end();
});

t.test("less patience waits until the neighbour knows; more holds at once", (t) => {
  const actor = new Actor({ minRx: seconds(2) }).comesUp();
  const other = { desiredMinTx: milliseconds(100), state: "up" } as const;
  actor.hears(30, other);
  t.strictSame(actor.becomes(40, { minRx: milliseconds(100) }), ["send up poll to 22 tx=100 rx=100"]);
  actor.wakes(6_029);
  t.equal(actor.state.name, "up", "3 x 2 s still");
  actor.hears(6_029, { ...other, final: true });
  actor.wakes(6_328);
  t.equal(actor.state.name, "up");
  actor.becomes(6_328, { minRx: seconds(1) });
  actor.wakes(9_028);
  t.equal(actor.state.name, "up", "3 x 1 s");
  actor.wakes(9_029);
  t.equal(actor.state.name, "down");
  t.end();
});

t.test("a change during a poll is confirmed by a poll of its own", (t) => {
  const actor = new Actor().comesUp();
  actor.becomes(30, { minTx: milliseconds(500) });
  actor.becomes(40, { minTx: milliseconds(400) });
  actor.hears(50, { state: "up", final: true });
  t.equal(actor.state.poll, "under-way", "that was the answer to the first");
  t.strictSame(actor.wakes(140), ["send up poll to 22 tx=400 rx=100"]);
  actor.hears(150, { state: "up", final: true });
  t.equal(actor.state.poll, "none");
  t.end();
});

t.test("the multiplier is told at once and without a poll; what is the same is not told", (t) => {
  const actor = new Actor().comesUp();
  t.strictSame(actor.becomes(30, { multiplier: 3 }), ["send up to 22 tx=100 rx=100"]);
  t.strictSame(actor.becomes(40, { name: "router" }), []);
  t.end();
});

t.test("the neighbour bears less than we wish to send", (t) => {
  const actor = new Actor().comesUp();
  actor.hears(30, { state: "up", requiredMinRx: milliseconds(700) });
  t.equal(actor.deadline, 710);
  actor.hears(40, { state: "up", requiredMinRx: ZERO });
  t.equal(actor.deadline, 940, "nothing periodic at all, only its silence is watched");
  t.end();
});

t.test("a neighbour in demand mode is sent nothing periodic while both are up, but for a poll", (t) => {
  const actor = new Actor().comesUp();
  actor.hears(30, { state: "up", demand: true });
  t.equal(actor.deadline, 930);
  t.strictSame(actor.becomes(40, { minTx: milliseconds(200) }), ["send up poll to 22 tx=200 rx=100"]);
  t.equal(actor.deadline, 140);
  actor.hears(50, { state: "up", demand: true, final: true });
  t.equal(actor.deadline, 950);
  t.end();
});

t.test("passive: not a word before the neighbour's", (t) => {
  const actor = new Actor({ passive: true });
  t.equal(actor.deadline, 3_000, "only the path is judged");
  t.strictSame(actor.wakes(3_000), []);
  t.strictSame(actor.hears(4_000, { yourDiscriminator: 0 }), [
    "send init to 22 tx=1000 rx=100",
    "down -> init",
  ]);
  t.strictSame(actor.wakes(4_900), ["init -> down"], "it has fallen silent again");
  t.equal(actor.deadline, undefined);
  t.end();
});

t.test("it leaves: the neighbour is told until it has answered", (t) => {
  const actor = new Actor().comesUp();
  t.strictSame(actor.on(30, { type: "disabled" }), [
    "send admin-down (7) to 22 tx=1000 rx=100",
    "up -> admin-down",
  ]);
  t.notOk(hasLeft(actor.state, at(30)));
  t.strictSame(actor.hears(35, { state: "up", poll: true }), [], "a packet that crossed it");
  t.notOk(hasLeft(actor.state, at(35)));
  actor.hears(600, { state: "up" });
  t.strictSame(actor.wakes(1_030), ["send admin-down (7) to 22 tx=1000 rx=100"]);
  actor.hears(1_040, { state: "down" });
  t.ok(hasLeft(actor.state, at(1_040)));
  t.end();
});

t.test(
  "it leaves a neighbour that does not answer after 5 x 1 s, and one that it never heard at once",
  (t) => {
    const actor = new Actor().comesUp();
    actor.on(30, { type: "disabled" });
    for (let ms = 500; ms <= 5_000; ms += 500) actor.hears(ms, { state: "up" });
    t.notOk(hasLeft(actor.state, at(5_029)));
    t.ok(hasLeft(actor.state, at(5_030)));
    const alone = new Actor();
    alone.on(0, { type: "disabled" });
    t.ok(hasLeft(alone.state, at(0)));
    t.end();
  },
);

t.test("jitter: 75 to 100 % of the interval, to 90 % where one packet is all there is", (t) => {
  t.equal(jitter(2, 0), 0.75);
  t.equal(jitter(2, 1), 1);
  t.equal(jitter(1, 0), 0.75);
  t.equal(jitter(1, 1), 0.9);
  const actor = new Actor();
  actor.random = 0.5;
  actor.wakes(0);
  t.equal(actor.deadline, 875);
  t.end();
});

t.test("a discriminator is not 0 and not taken", (t) => {
  const numbers = [0, 0.5, 0.25];
  t.equal(
    chooseDiscriminator(new Set([0x80000000]), () => numbers.shift() ?? 1),
    0x40000000,
  );
  t.end();
});

t.test("whatever happens, it is never late for ever, and slow unless up", (t) => {
  const event = fc.oneof(
    fc.record({
      type: fc.constant("packet" as const),
      state: fc.constantFrom(...BFD_STATES),
      poll: fc.boolean(),
      final: fc.boolean(),
      demand: fc.boolean(),
      tx: fc.integer({ min: 0, max: 2_000 }),
      rx: fc.integer({ min: 0, max: 2_000 }),
    }),
    fc.record({ type: fc.constant("deadline" as const) }),
    fc.record({ type: fc.constant("becomes" as const), tx: fc.integer({ min: 10, max: 2_000 }) }),
    fc.record({ type: fc.constant("disabled" as const) }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(event, fc.integer({ min: 0, max: 1_500 })), { maxLength: 40 }),
      (events) => {
        const actor = new Actor();
        let ms = 0;
        for (const [one, wait] of events) {
          ms += wait;
          const did =
            one.type === "packet"
              ? actor.hears(ms, {
                  ...{ state: one.state, poll: one.poll, final: one.final, demand: one.demand },
                  desiredMinTx: milliseconds(one.tx),
                  requiredMinRx: milliseconds(one.rx),
                })
              : one.type === "becomes"
                ? actor.becomes(ms, { minTx: milliseconds(one.tx) })
                : actor.on(ms, { type: one.type });
          const { state, deadline } = actor;
          t.ok(state.name === "up" || state.offered.tx >= seconds(1));
          t.ok(did.length <= 3);
          t.ok(state.name !== "up" || (state.path === true && deadline !== undefined));
          t.ok(did.filter((line) => line.startsWith("send")).length <= 2);
        }
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});
