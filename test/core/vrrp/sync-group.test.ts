/**
 * Goal: the members of a sync group are master together or not at all, move in one decision, and are back when none has a
 * fault. Method: two or three virtual routers on a stage, each on an interface of its own; what happens to one is followed
 * as the driver follows it, and the moves of all are read as text, in their order.
 *
 * Every member has priority 100 and 1 s, so a full wait is 3.609375 s and the skew 0.609375 s.
 */

import t from "tap";
import { seconds } from "../../../src/core/units/time.ts";
import { heldBackBy, nextFollow } from "../../../src/core/vrrp/sync-group.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Event } from "../../../src/core/vrrp/event.ts";
import type { State } from "../../../src/core/vrrp/state.ts";
import type { Advert } from "../../../src/core/wire/vrrp.ts";
import { advertOf, at, ip, Story, vip } from "./story.ts";

/** A sync group. */
class Troupe {
  readonly stories = new Map<string, Story>();

  constructor(changes: Partial<VirtualRouter>, ...names: string[]) {
    for (const name of names) {
      this.stories.set(name, new Story({ name, addresses: [vip(`192.0.2.1`, name)], ...changes }));
    }
  }

  /** A group that has been backup from second 0 on. */
  static backup(changes: Partial<VirtualRouter> = {}): Troupe {
    const troupe = new Troupe(changes, "out", "in");
    for (const name of ["out", "in"]) troupe.give(0, name, { type: "startup", faults: [], resume: false });
    return troupe;
  }

  /** A group that has been master from second 0 on. */
  static master(changes: Partial<VirtualRouter> = {}): Troupe {
    const troupe = new Troupe(changes, "out", "in");
    for (const name of ["out", "in"]) troupe.give(0, name, { type: "startup", faults: [], resume: true });
    return troupe;
  }

  /** What the group does about an event of one member, a line an effect. */
  give(second: number, name: string, event: Event): string[] {
    const story = this.story(name);
    const from = story.state.name;
    story.heldBackBy = event.type === "deadline" ? heldBackBy(this.#members(), name, at(second)) : undefined;
    const done = story.give(second, event).map((line) => `${name}: ${line}`);
    return [...done, ...this.agree(second, { name, from })];
  }

  hear(second: number, name: string, changes: Partial<Advert> = {}): string[] {
    return this.give(second, name, { type: "advert", advert: advertOf(changes), source: ip("192.0.2.11") });
  }

  wake(second: number, name: string): string[] {
    return this.give(second, name, { type: "deadline" });
  }

  agree(second: number, move?: { name: string; from: State["name"] }): string[] {
    const lines: string[] = [];
    for (;;) {
      const follow = nextFollow(this.#members(), move, at(second));
      if (follow === undefined) return lines;
      const done = this.story(follow.member).give(second, follow.event);
      lines.push(...done.map((line) => `${follow.member}: ${line}`));
      if (lines.length > 50) throw new Error(`no end: ${lines.join("; ")}`);
    }
  }

  story(name: string): Story {
    const story = this.stories.get(name);
    if (story === undefined) throw new Error(name);
    return story;
  }

  get states(): string {
    return [...this.stories.values()].map(({ state }) => state.name).join(" ");
  }

  #members() {
    return [...this.stories].map(([name, { state }]) => ({ name, state }));
  }
}

const moves = (lines: readonly string[]) => lines.filter((line) => line.includes("->"));

t.test("a member that takes over takes the other along", (t) => {
  const troupe = Troupe.backup();
  t.same(troupe.wake(3.609_375, "out"), [
    "out: advert",
    "out: add 192.0.2.1 out",
    "out: announce 192.0.2.1 out x5",
    "out: backup -> master (master-down)",
    "in: advert",
    "in: add 192.0.2.1 in",
    "in: announce 192.0.2.1 in x5",
    "in: backup -> master (sync-group: out)",
  ]);
  t.end();
});

t.test("one that yields takes the other along, which is no word that nobody is master there", (t) => {
  const troupe = Troupe.master();
  t.same(troupe.hear(0.5, "in", { priority: 150 }), [
    "in: remove 192.0.2.1 in",
    "in: last advert",
    "in: master -> backup (higher-priority: 192.0.2.11)",
    "out: remove 192.0.2.1 out",
    "out: last advert",
    "out: master -> backup (sync-group: in)",
  ]);
  t.equal(troupe.story("out").due, 4.109_375, "a full wait");
  t.end();
});

t.test("a fault of one is a fault of all, named after it", (t) => {
  const troupe = Troupe.master();
  t.same(troupe.give(0.5, "out", { type: "fault-raised", fault: "interface out is down" }), [
    "out: remove 192.0.2.1 out",
    "out: advert of priority 0",
    "out: master -> fault (fault: interface out is down)",
    "in: remove 192.0.2.1 in",
    "in: advert of priority 0",
    "in: master -> fault (sync-group: out)",
  ]);
  t.same(troupe.hear(0.6, "in", { priority: 1 }), []);
  t.equal(troupe.story("in").due, undefined, "nothing but the end of the fault ends it");
  t.same(troupe.give(9, "out", { type: "fault-cleared", fault: "interface out is down" }), [
    "out: fault -> backup (fault-cleared)",
    "in: fault -> backup (sync-group: out)",
  ]);
  t.equal(troupe.story("in").due, 12.609_375);
  t.end();
});

t.test("they are back only when no member has a fault", (t) => {
  const troupe = Troupe.backup();
  troupe.give(1, "out", { type: "fault-raised", fault: "x" });
  t.same(troupe.give(2, "in", { type: "fault-raised", fault: "y" }), []);
  t.same(troupe.give(3, "out", { type: "fault-cleared", fault: "x" }), []);
  t.equal(troupe.states, "fault fault");
  t.same(
    troupe.give(4, "in", { type: "fault-cleared", fault: "y" }),
    ["in: fault -> backup (fault-cleared)", "out: fault -> backup (sync-group: in)"].toSorted((a) =>
      a.startsWith("in") ? -1 : 1,
    ),
  );
  t.end();
});

t.test(
  "an address that the kernel refuses to one is a fault of all, for as long as it is tried again",
  (t) => {
    const troupe = Troupe.master();
    const done = troupe.give(0.1, "in", { type: "address-refused" });
    t.same(moves(done), [
      "in: master -> fault (fault: address refused)",
      "out: master -> fault (sync-group: in)",
    ]);
    t.same(moves(troupe.wake(10.1, "in")), [
      "in: fault -> backup (fault-cleared)",
      "out: fault -> backup (sync-group: in)",
    ]);
    t.end();
  },
);

t.test("one that starts with a fault keeps the other from starting", (t) => {
  const troupe = new Troupe({}, "out", "in");
  troupe.give(0, "out", { type: "startup", faults: [], resume: false });
  t.same(troupe.give(0, "in", { type: "startup", faults: ["x"], resume: false }), [
    "in: init -> fault (fault: x)",
    "out: backup -> fault (sync-group: in)",
  ]);
  t.end();
});

t.test("silence does not move a group while another member hears the master", (t) => {
  const troupe = Troupe.backup();
  troupe.hear(1, "out");
  for (const second of [1, 2, 3, 4]) troupe.hear(second, "in");
  t.same(troupe.wake(4.609_375, "out"), []);
  t.equal(troupe.story("out").due, 8.218_75, "another full wait");
  // Then the master dies: the one that heard it last decides for both.
  t.same(moves(troupe.wake(7.609_375, "in")), [
    "in: backup -> master (master-down: 192.0.2.11)",
    "out: backup -> master (sync-group: in)",
  ]);
  t.end();
});

t.test("a master's own word does, and so does a master that is to be preempted", (t) => {
  const troupe = Troupe.backup();
  troupe.hear(1, "in");
  troupe.hear(1, "out", { priority: 0 });
  t.match(moves(troupe.wake(1.609_375, "out")), [/master-resigned/, /sync-group: out/]);

  const greater = Troupe.backup();
  for (const second of [1, 2, 3]) {
    greater.hear(second, "in", { priority: 50 });
    greater.hear(second, "out", { priority: 50 });
  }
  t.match(moves(greater.wake(3.609_375, "out")), [/preempted-lower-priority/, /sync-group: out/]);
  t.end();
});

t.test("members of different opinions stay with the master that one of them has to obey", (t) => {
  const troupe = Troupe.backup();
  for (const second of [1, 2, 3]) {
    troupe.hear(second, "in", { priority: 50 });
    troupe.hear(second, "out", { priority: 150 });
  }
  t.same(troupe.wake(3.609_375, "in"), []);
  t.equal(troupe.states, "backup backup");
  t.end();
});

t.test("preempt_delay of one does not keep it from being taken along", (t) => {
  const troupe = Troupe.backup({ preemptDelay: seconds(2) });
  for (const second of [1, 2, 3, 4, 5, 6]) {
    troupe.hear(second, "out", { priority: 50 });
    troupe.hear(second, "in", { priority: 50 });
  }
  // The delay ended at 3; the last adverts that counted came at 2.
  t.match(moves(troupe.wake(5.609_375, "in")), [/preempted-lower-priority/, /sync-group: in/]);
  t.end();
});

t.test("who joins a group that is master becomes one, unless it hears a master", (t) => {
  const joins = Troupe.master();
  joins.stories.set("new", new Story({ name: "new" }));
  t.same(moves(joins.give(5, "new", { type: "startup", faults: [], resume: false })), [
    "new: init -> backup (startup)",
    "new: backup -> master (sync-group: out)",
  ]);

  const yields = Troupe.master();
  const other = Story.backup({ name: "new" });
  other.hear(4.5);
  yields.stories.set("new", other);
  t.same(moves(yields.agree(5)), [
    "out: master -> backup (sync-group: new)",
    "in: master -> backup (sync-group: new)",
  ]);
  t.end();
});

t.test("a fault of a member that has left the group is no fault any more", (t) => {
  const troupe = Troupe.backup();
  troupe.give(1, "out", { type: "fault-raised", fault: "x" });
  troupe.stories.delete("out");
  t.same(troupe.agree(2), ["in: fault -> backup (sync-group: out)"]);
  t.end();
});

t.test("a member that yields to the other director's word takes the others along, whoever is heard", (t) => {
  const group = Troupe.master();
  const peer = { state: "master", priority: 150, primary: undefined } as const;
  group.story("out").peer = peer;
  const moves = group
    .give(1, "out", { type: "peer", before: undefined })
    .filter((line) => line.includes("->"));
  t.same(moves, ["out: master -> backup (higher-priority)", "in: master -> backup (sync-group: out)"]);
  t.end();
});
