/**
 * Goal: what holds in every state and after every event. Method: all pairs of state and event; and any sequence of events,
 * after each of which the addresses asked for must agree with the state.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { milliseconds, seconds, ZERO } from "../../../src/core/units/time.ts";
import { sameAddress, type VirtualAddress, type VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Event } from "../../../src/core/vrrp/event.ts";
import type { PeerWord } from "../../../src/core/vrrp/peer.ts";
import type { State } from "../../../src/core/vrrp/state.ts";
import { nextDeadline, step } from "../../../src/core/vrrp/virtual-router.ts";
import { advertOf, at, inWords, ip, router, Story, vip } from "./story.ts";

function faulty(): Story {
  const story = Story.backup();
  story.give(0, { type: "fault-raised", fault: "x" });
  return story;
}

const STATES = {
  init: () => new Story(),
  fault: faulty,
  backup: () => Story.backup(),
  master: () => Story.master(),
} satisfies Record<State["name"], () => Story>;

const EVENTS: Event[] = [
  { type: "startup", faults: [], resume: false },
  { type: "startup", faults: [], resume: true },
  { type: "startup", faults: ["x"], resume: false },
  { type: "advert", advert: advertOf(), source: ip("192.0.2.11") },
  { type: "advert", advert: advertOf({ priority: 0 }), source: ip("192.0.2.11") },
  { type: "deadline" },
  { type: "fault-raised", fault: "x" },
  { type: "fault-cleared", fault: "x" },
  { type: "address-refused" },
  { type: "reconfigured", before: router() },
  { type: "shutdown" },
];

/** Which events a state does not expect. */
const UNEXPECTED: Record<State["name"], (event: Event) => boolean> = {
  init: ({ type }) => type !== "startup",
  fault: ({ type }) => type === "startup" || type === "advert" || type === "reconfigured",
  backup: ({ type }) => type === "startup" || type === "fault-cleared",
  master: ({ type }) => type === "startup" || type === "fault-cleared",
};

for (const [name, make] of Object.entries(STATES)) {
  for (const event of EVENTS) {
    const unexpected = UNEXPECTED[name as State["name"]](event);
    t.test(`${name}, ${event.type}: ${unexpected ? "changes nothing" : "is taken"}`, (t) => {
      const story = make();
      const before = story.state;
      t.equal(before.name, name);
      const done = story.give(1, event);
      if (unexpected) t.same([story.state, done], [before, []]);
      t.end();
    });
  }
}

t.test("only init has nothing to wait for besides a fault without a retry", (t) => {
  t.equal(nextDeadline({ name: "init" }), undefined);
  t.equal(nextDeadline({ name: "fault", faults: ["x"], members: [], retryAt: undefined }), undefined);
  t.equal(nextDeadline({ name: "fault", faults: ["x"], members: [], retryAt: at(3) }), 3_000_000);
  const master = {
    name: "master",
    reassertAt: undefined,
    answerQuietUntil: at(0),
    answered: undefined,
    contentionQuietUntil: at(0),
    contest: undefined,
  } as const;
  const due = (advert: number, announce?: number, refresh?: number) =>
    nextDeadline({
      ...master,
      nextAdvertAt: at(advert),
      announceAt: announce === undefined ? undefined : at(announce),
      refreshAt: refresh === undefined ? undefined : at(refresh),
    });
  t.same([due(3), due(3, 2), due(3, 4, 1), due(3, 4, 5)], [3_000_000, 2_000_000, 1_000_000, 3_000_000]);
  t.end();
});

t.test("addresses are the same when address, prefix and interface are", (t) => {
  const one = vip("192.0.2.100");
  t.ok(sameAddress(one, vip("192.0.2.100")));
  for (const change of [{ address: ip("192.0.2.101") }, { prefixLength: 32 }, { interface: "eth1" }]) {
    t.notOk(sameAddress(one, { ...one, ...change }));
  }
  t.end();
});

const POOL = [vip("192.0.2.100"), vip("192.0.2.101"), vip("198.51.100.1", "eth1")];
const anyRouter = fc.record({
  priority: fc.constantFrom(1, 99, 100, 200, 255),
  preempt: fc.boolean(),
  advertInterval: fc.constantFrom(seconds(0.1), seconds(1), seconds(3)),
  addresses: fc.subarray(POOL),
  announcing: fc.record({
    delay: fc.constantFrom(ZERO, seconds(0.5)),
    refresh: fc.constantFrom(ZERO, seconds(2)),
    repeat: fc.constantFrom(0, 1, 5),
    refreshRepeat: fc.constantFrom(0, 1),
  }),
});
const anySource = fc.constantFrom(ip("192.0.2.11"), ip("192.0.2.13"));
const peerWord = (state: State["name"], priority: number): PeerWord => {
  return { state, priority, primary: ip("192.0.2.11") };
};
const anyPeerWord = fc.record({
  state: fc.constantFrom<State["name"]>("init", "backup", "master", "fault"),
  priority: fc.constantFrom(50, 100, 200),
  primary: fc.constantFrom(ip("192.0.2.11"), ip("192.0.2.13"), undefined),
});
const anyEvent = fc.oneof(
  anyPeerWord,
  fc.constant<Event>({ type: "deadline" }),
  fc
    .tuple(fc.constantFrom(0, 1, 99, 100, 200, 255), fc.constantFrom(seconds(0.1), seconds(1)), anySource)
    .map(([priority, advertInterval, source]): Event => {
      return { type: "advert", advert: advertOf({ priority, advertInterval }), source };
    }),
  fc.constantFrom<Event>(
    { type: "fault-raised", fault: "x" },
    { type: "fault-raised", fault: "y" },
    { type: "fault-cleared", fault: "x" },
    { type: "fault-cleared", fault: "y" },
    { type: "address-refused" },
    { type: "adjusted", before: -60 },
    { type: "adjusted", before: 60 },
    { type: "peer-silent", last: peerWord("master", 50), grace: milliseconds(10) },
    { type: "peer-silent", last: peerWord("master", 200), grace: milliseconds(10) },
    { type: "take", from: "lvs1", within: milliseconds(50) },
    { type: "give", within: milliseconds(50) },
    { type: "given", to: "lvs2" },
    { type: "given", to: undefined },
    { type: "startup", faults: [], resume: false },
    { type: "startup", faults: [], resume: true },
    { type: "shutdown" },
  ),
  anyRouter,
);

/** A changed router, what the peer says now, or an event as it is. */
function happening(story: Story, event: Event | PeerWord | Partial<VirtualRouter>): Event {
  if ("type" in event) return event;
  if ("state" in event) {
    const before = story.peer;
    story.peer = event;
    return { type: "peer", before };
  }
  const before = story.router;
  story.router = { ...before, ...event };
  return { type: "reconfigured", before };
}

t.test("after any events: a master has its addresses on, nobody else has; changes are told once", (t) => {
  const anyStep = fc.tuple(fc.nat(4_000_000), anyEvent);
  fc.assert(
    fc.property(anyRouter, fc.array(anyStep, { maxLength: 60 }), (first, steps) => {
      const story = new Story(first);
      let now = 0;
      let on: VirtualAddress[] = [];
      let told: string = "init";
      for (const [later, event] of steps) {
        now += later;
        const given = happening(story, event);
        const { state, effects } = step(story.state, given, now as never, {
          router: story.router,
          primary: story.primary,
          adjustment: story.adjustment,
          peer: story.peer,
        });
        for (const effect of effects) {
          const text = inWords(effect);
          if (effect.type === "add-addresses") {
            assert.ok(!effect.addresses.some((added) => on.some((one) => sameAddress(one, added))), text);
            on.push(...effect.addresses);
          } else if (effect.type === "remove-addresses") {
            on = on.filter((one) => !effect.addresses.some((gone) => sameAddress(one, gone)));
          } else if (effect.type === "announce") {
            assert.ok(
              effect.addresses.every((address) => on.some((one) => sameAddress(one, address))),
              text,
            );
          } else if (effect.type === "resign") {
            assert.deepEqual(on, [], "gone before told");
          } else if (effect.type === "publish") {
            assert.equal(effect.from, told);
            assert.notEqual(effect.to, told);
            if (effect.to !== "master") assert.deepEqual(on, [], "gone before told");
            told = effect.to;
          }
        }
        story.state = state;
        assert.equal(state.name, told, "no transition without an event");
        assert.deepEqual(new Set(on), new Set(state.name === "master" ? story.router.addresses : []));
        const due = nextDeadline(state);
        if (state.name === "backup" || state.name === "master") assert.ok(due !== undefined);
      }
    }),
    { numRuns: 300 },
  );
  t.end();
});
