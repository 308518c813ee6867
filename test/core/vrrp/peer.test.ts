/**
 * Goal: what the other director says by the pair's own link changes what a virtual router does, and in which way.
 * Method: one router, priority 100 at 192.0.2.12, with a peer of priority 150 at 192.0.2.11 unless said otherwise; instants
 * worked out by hand. A backup of priority 100 waits 3 s + 156/256 s = 3.609375 s.
 */

import t from "tap";
import type { Route } from "../../../src/core/routing/model.ts";
import { milliseconds, seconds } from "../../../src/core/units/time.ts";
import type { PeerWord } from "../../../src/core/vrrp/peer.ts";
import { contention, ip, Story } from "./story.ts";

const ROUTE: Route = {
  kind: "route",
  family: 4,
  to: { address: ip("203.0.113.0"), prefixLength: 24 },
  table: 254,
  metric: 0,
  type: "unicast",
  scope: "global",
  nexthops: [{ via: ip("192.0.2.254"), interface: "eth0", weight: 1, onlink: false }],
  tracked: true,
};
const GRACE = milliseconds(10);
const MASTER = { state: "master", priority: 150, primary: ip("192.0.2.11") } as const;

t.test("a backup waits on while the peer says that it is master, and takes over when nobody says so", (t) => {
  const story = Story.backup();
  story.hearPeer(0.5, { state: "master" });
  t.equal(story.due, 3.609_375);
  t.same(story.wake(3.609_375), ["held back by the peer"]);
  t.equal(story.due, 7.218_75);
  t.same(story.hearPeer(4, undefined), []);
  t.same(story.wake(7.218_75), [
    "advert",
    "add 192.0.2.100 eth0",
    "announce 192.0.2.100 eth0 x5",
    "backup -> master (master-down)",
  ]);
  t.end();
});

t.test("an advert of priority 0 does not outweigh the peer's word that it is master", (t) => {
  const story = Story.backup();
  story.hearPeer(0.5, { state: "master" });
  story.hear(1, { priority: 0 });
  t.equal(story.due, 1.609_375);
  t.same(story.wake(1.609_375), ["held back by the peer"]);
  t.end();
});

t.test("a backup does not wait when the master says that it has let go", (t) => {
  for (const state of ["fault", "init"] as const) {
    const story = Story.backup();
    story.hear(0.5);
    story.hearPeer(0.6, { state: "master" });
    t.same(story.hearPeer(0.7, { state }), [
      "advert",
      "add 192.0.2.100 eth0",
      "announce 192.0.2.100 eth0 x5",
      `backup -> master (peer-let-go: ${state})`,
    ]);
  }
  t.end();
});

t.test("of two backups the lesser one leaves what the peer let go to the other", (t) => {
  const lesser = Story.backup();
  lesser.hearPeer(0.6, { state: "master" });
  t.same(lesser.hearPeer(0.7, { state: "backup" }), []);
  const greater = Story.backup({ preempt: false });
  greater.hearPeer(0.6, { state: "master", priority: 50 });
  t.same(
    greater.hearPeer(0.7, { state: "backup", priority: 50 }).at(-1),
    "backup -> master (peer-let-go: backup)",
  );
  t.end();
});

t.test("what the peer lets go is left to a third router that is master on the segment", (t) => {
  const story = Story.backup();
  story.hear(0.5, { priority: 200 }, "192.0.2.13");
  story.hearPeer(0.6, { state: "master" });
  t.same(story.hearPeer(0.7, { state: "fault" }), []);
  t.end();
});

t.test("the peer's own adverts are no third router's, wherever they come from", (t) => {
  const until = Story.backup();
  until.hear(0.5, { priority: 150 }, "192.0.2.5");
  until.hearPeer(0.6, { state: "master", primary: ip("192.0.2.5") });
  t.match(until.hearPeer(0.7, { state: "fault", primary: undefined }).at(-1), /backup -> master/);
  const since = Story.backup();
  since.hear(0.5, { priority: 150 }, "192.0.2.6");
  since.hearPeer(0.6, { state: "master", primary: ip("192.0.2.5") });
  t.match(since.hearPeer(0.7, { state: "fault", primary: ip("192.0.2.6") }).at(-1), /backup -> master/);
  const unknown = Story.backup();
  unknown.hear(0.5, { priority: 150 }, "192.0.2.5");
  unknown.hearPeer(0.6, { state: "master", primary: undefined });
  t.match(unknown.hearPeer(0.7, { state: "fault", primary: undefined }).at(-1), /backup -> master/);
  const third = Story.backup();
  third.hear(0.5, { priority: 200 }, "192.0.2.13");
  third.hearPeer(0.6, { state: "master", primary: ip("192.0.2.5") });
  t.same(third.hearPeer(0.7, { state: "fault", primary: undefined }), [], "whose adverts are not the peer's");
  t.end();
});

t.test("a handover that may take longer is deaf for longer", (t) => {
  const taker = Story.backup();
  taker.hearPeer(0.5, { state: "master" });
  taker.give(1, { type: "take", from: "lvs1", within: milliseconds(400) });
  t.same(taker.hear(1.399), []);
  t.match(taker.hear(1.401).at(-1), /master -> backup/);
  const giver = Story.master();
  giver.give(0.98, { type: "give", within: milliseconds(400) });
  t.equal(giver.due, 1.38);
  t.end();
});

t.test("a peer that was not master is not replaced, whatever becomes of it", (t) => {
  const story = Story.backup();
  story.hearPeer(0.6, { state: "backup" });
  t.same(story.hearPeer(0.7, { state: "fault" }), []);
  t.same(story.give(0.8, { type: "peer-silent", last: { ...MASTER, state: "fault" }, grace: GRACE }), []);
  t.same(story.hearPeer(0.9, { state: "fault" }), []);
  t.equal(story.due, 3.609_375);
  t.end();
});

t.test(
  "a silent peer of higher rank is asked on the segment first, and replaced when it does not answer",
  (t) => {
    const story = Story.backup();
    story.hear(0.5);
    t.same(story.give(0.9, { type: "peer-silent", last: MASTER, grace: GRACE }), ["question"]);
    t.equal(story.due, 0.91);
    t.same(story.wake(0.91), [
      "advert",
      "add 192.0.2.100 eth0",
      "announce 192.0.2.100 eth0 x5",
      "backup -> master (peer-silent: 192.0.2.11)",
    ]);
    t.end();
  },
);

t.test("a silent peer that answers on the segment keeps what it has", (t) => {
  const story = Story.backup();
  story.hear(0.5);
  story.give(0.9, { type: "peer-silent", last: MASTER, grace: GRACE });
  t.same(story.hear(0.905), ["the peer is not silent"]);
  t.equal(story.due, 4.514_375);
  t.same(story.wake(0.91), []);
  t.end();
});

/** Who outranks the master and leaves it alone, and how. */
const LENIENT: readonly [string, () => Story][] = [
  ["nopreempt", () => Story.backup({ preempt: false })],
  ["preempt_delay", () => Story.backup({ preemptDelay: seconds(60) })],
  [
    "a handover that was wanted",
    () => {
      const story = Story.master();
      story.hearPeer(0.1, { state: "backup", priority: 50 });
      story.give(0.2, { type: "give", within: milliseconds(50) });
      story.give(0.2, { type: "given", to: "lvs1" });
      story.hearPeer(0.3, { state: "master", priority: 50 });
      story.hearPeer(0.8, undefined);
      return story;
    },
  ],
];
const LESSER = { ...MASTER, priority: 50 };

for (const [why, begin] of LENIENT) {
  t.test(`a silent peer of lower rank that answers keeps what it has: ${why}`, (t) => {
    const story = begin();
    story.hear(0.5, { priority: 50 });
    t.same(story.give(0.9, { type: "peer-silent", last: LESSER, grace: GRACE }), ["question"]);
    t.same(story.hear(0.905, { priority: 50 }), ["the peer is not silent"]);
    for (const second of [1.5, 2.5, 3.5, 4.5, 5.5]) {
      t.same(story.hear(second, { priority: 50 }), []);
      t.equal(story.due, second + 3.609_375, "and is left alone as before");
    }
    t.end();
  });

  t.test(`one that does not is replaced as quickly as any other: ${why}`, (t) => {
    const story = begin();
    story.hear(0.5, { priority: 50 });
    story.give(0.9, { type: "peer-silent", last: LESSER, grace: GRACE });
    t.equal(story.due, 0.91);
    t.equal(story.wake(0.91).at(-1), "backup -> master (peer-silent: 192.0.2.11)");
    t.end();
  });
}

t.test(
  "one that would give way has 50 ms for its answer, any other 10 ms, but no more than is given",
  (t) => {
    const due = (last: PeerWord, ms: number): number | undefined => {
      const story = Story.backup();
      story.give(0.9, { type: "peer-silent", last, grace: milliseconds(ms) });
      return story.due;
    };
    t.equal(due(MASTER, 500), 0.91);
    t.equal(due(LESSER, 500), 0.95);
    t.equal(due(MASTER, 5), 0.905);
    t.equal(due(LESSER, 5), 0.905);
    t.end();
  },
);

t.test("what is left alone on one router is so, too, when the peer has answered on another", (t) => {
  const story = Story.backup({ preemptDelay: seconds(5) });
  story.hear(0.5, { priority: 50 });
  story.give(0.9, { type: "peer-silent", last: LESSER, grace: GRACE });
  story.give(0.905, { type: "peer-lives" });
  for (const second of [1.5, 2.5, 3.5, 4.5, 5.499]) story.hear(second, { priority: 50 });
  t.equal(story.due, 9.108_375, "5.499 s + 3.609375 s");
  story.hear(5.6, { priority: 50 });
  t.same(story.wake(9.108_375).at(-1), "backup -> master (preempted-lower-priority: 192.0.2.11)");
  t.end();
});

t.test("who would not answer is not asked: VRRP's own wait goes on", (t) => {
  const silent: [string, Story, Partial<PeerWord>][] = [
    ["lower_prio_no_advert", Story.backup({ contention: contention({ answer: false }) }), {}],
    ["and a lesser one", Story.backup({ contention: contention({ answer: false }) }), { priority: 50 }],
    ["an owner that heeds owners alone", Story.backup({ ownerHeeds: "owners" }), { priority: 255 }],
    ["an owner that heeds nobody", Story.backup({ ownerHeeds: "nobody" }), { priority: 255 }],
    ["a master of the least priority would give way", Story.backup({ preempt: false }), { priority: 1 }],
  ];
  for (const [why, story, changes] of silent) {
    story.hear(0.5, { priority: changes.priority ?? 150 });
    const due = story.due;
    const last = { ...MASTER, ...changes };
    t.same(story.give(0.9, { type: "peer-silent", last, grace: GRACE }), [], why);
    t.equal(story.due, due);
  }
  const asked = Story.backup({ ownerHeeds: "owners" });
  t.same(asked.give(0.9, { type: "peer-silent", last: MASTER, grace: GRACE }), ["question"], "no owner");
  const owner = Story.backup();
  const owned = { ...MASTER, priority: 255 };
  t.same(owner.give(0.9, { type: "peer-silent", last: owned, grace: GRACE }), ["question"], "one that heeds");
  const least = Story.backup();
  const stays = { ...MASTER, priority: 1, primary: ip("192.0.2.13") };
  t.same(least.give(0.9, { type: "peer-silent", last: stays, grace: GRACE }), ["question"], "it wins a tie");
  t.end();
});

/** One who has taken over at 0.91 s from a peer that did not answer. */
function replacing(changes: Parameters<typeof Story.backup>[0] = {}, last: PeerWord = MASTER): Story {
  const story = Story.backup(changes);
  story.hear(0.5, { priority: last.priority });
  story.give(0.9, { type: "peer-silent", last, grace: GRACE });
  story.wake(0.91);
  return story;
}

t.test(
  "an advert of the old master after the takeover gives the lie to its silence, and is given way to",
  (t) => {
    t.same(replacing().hear(0.912), [
      "the peer is not silent",
      "remove 192.0.2.100 eth0",
      "last advert",
      "master -> backup (higher-priority: 192.0.2.11)",
    ]);
    const other = replacing();
    t.same(other.hear(0.912, {}, "192.0.2.13")[0], "remove 192.0.2.100 eth0", "another router's does not");
    t.end();
  },
);

t.test("so does the last word of a lesser one, once", (t) => {
  const story = replacing({ preempt: false }, LESSER);
  t.same(story.hear(0.912, { priority: 50 }), [
    "the peer is not silent",
    "advert",
    "announce 192.0.2.100 eth0 x5",
  ]);
  t.same(story.hear(0.93, { priority: 50 }), ["advert"]);
  t.end();
});

t.test("but not when it lets go, is heard by the link again, or would be dead by VRRP's wait, too", (t) => {
  const goes = replacing();
  t.notMatch(goes.hear(0.912, { priority: 0 }), ["the peer is not silent"]);
  t.notMatch(goes.hear(0.93, { priority: 50 }), ["the peer is not silent"], "it was gone");
  const back = replacing();
  back.hearPeer(0.95, { state: "backup", priority: 50 });
  t.notMatch(back.hear(0.96, { priority: 50 }), ["the peer is not silent"]);
  t.equal(replacing().hear(4.519_374)[0], "the peer is not silent", "0.91 s + 3.609375 s");
  t.equal(replacing().hear(4.519_375)[0], "remove 192.0.2.100 eth0");
  t.end();
});

t.test("who follows its group into a takeover by silence has its own doubts", (t) => {
  const story = Story.backup();
  story.hear(0.5);
  story.give(0.9, { type: "peer-silent", last: MASTER, grace: GRACE });
  story.give(0.91, { type: "sync", to: "master", member: "mail" });
  t.equal(story.hear(0.912)[0], "the peer is not silent");
  t.end();
});

t.test("who has not been answered waits for a member that hears the master still", (t) => {
  const story = Story.backup();
  story.hear(0.5);
  story.give(0.9, { type: "peer-silent", last: MASTER, grace: GRACE });
  story.heldBackBy = "mail";
  t.same(story.wake(0.91), []);
  t.equal(story.due, 4.519_375);
  story.heldBackBy = undefined;
  t.equal(story.wake(4.519_375).at(-1), "backup -> master (master-down)");
  t.end();
});

t.test("another router's advert ends the question, and says nothing of the peer", (t) => {
  const story = Story.backup();
  story.hear(0.5);
  story.give(0.9, { type: "peer-silent", last: MASTER, grace: GRACE });
  t.same(story.hear(0.905, { priority: 200 }, "192.0.2.13"), []);
  t.equal(story.due, 4.514_375);
  t.end();
});

t.test("an owner answers whoever speaks for its addresses, announces again, and stays", (t) => {
  const story = Story.master({ priority: 255 });
  t.same(story.hear(1, { priority: 1 }), ["advert", "announce 192.0.2.100 eth0 x5"]);
  t.same(story.hear(2.5, { priority: 254 }, "192.0.2.200"), ["advert", "announce 192.0.2.100 eth0 x5"]);
  t.equal(story.state.name, "master");
  t.end();
});

t.test("of two masters the lesser gives way, the greater announces again when the other has", (t) => {
  const lesser = Story.master();
  t.same(lesser.hearPeer(1, { state: "master" }), [
    "remove 192.0.2.100 eth0",
    "last advert",
    "master -> backup (higher-priority: 192.0.2.11)",
  ]);
  const greater = Story.master();
  t.same(greater.hearPeer(1, { state: "master", priority: 50 }), []);
  t.same(greater.hearPeer(1.1, { state: "backup", priority: 50 }), ["announce 192.0.2.100 eth0 x5"]);
  t.end();
});

t.test("of two masters of one priority the one that loses a tie gives way", (t) => {
  const greater = Story.master();
  t.same(greater.hearPeer(1, { state: "master", priority: 100 }), []);
  const lesser = Story.master();
  t.same(lesser.hearPeer(1, { state: "master", priority: 100, primary: ip("192.0.2.13") }), [
    "remove 192.0.2.100 eth0",
    "last advert",
    "master -> backup (equal-priority-higher-address: 192.0.2.13)",
  ]);
  const alone = Story.master();
  t.same(
    alone.hearPeer(1, { state: "master", priority: 100, primary: undefined }),
    [],
    "who can send no advert",
  );
  t.end();
});

t.test("a backup that preempts asks the peer to hand over, and does not wait for it long", (t) => {
  const story = Story.backup();
  story.hearPeer(0.5, { state: "master", priority: 50 });
  story.hear(1, { priority: 50 });
  t.same(story.wake(3.609_375), ["ask the peer to hand over"]);
  t.equal(story.due, 4.609_375);
  t.same(story.wake(4.609_375).at(-1), "backup -> master (preempted-lower-priority: 192.0.2.11)");
  t.end();
});

t.test("nor shorter, or longer, when its priority changes meanwhile", (t) => {
  const story = Story.backup();
  story.hearPeer(0.5, { state: "master", priority: 50 });
  story.hear(1, { priority: 50 });
  story.wake(3.609_375);
  story.change(3.65, { priority: 250 });
  t.equal(story.due, 4.609_375);
  t.end();
});

t.test("and asks for nothing while another member of its sync group leaves the peer alone", (t) => {
  const story = Story.backup();
  story.hearPeer(0.5, { state: "master", priority: 50 });
  story.hear(1, { priority: 50 });
  story.heldBackBy = "mail";
  t.same(story.wake(3.609_375), []);
  t.equal(story.due, 3.609_375 + 3.609_375);
  story.heldBackBy = undefined;
  t.same(story.wake(7.218_75), ["ask the peer to hand over"]);
  story.heldBackBy = "mail";
  t.same(story.wake(8.218_75), [], "nor takes what it was refused");
  story.heldBackBy = undefined;
  t.same(story.wake(8.218_75 + 3.609_375), ["ask the peer to hand over"], "it asks anew");
  t.end();
});

t.test("a taker claims at once, and is deaf to the giver's last adverts", (t) => {
  const story = Story.backup();
  story.hearPeer(0.5, { state: "master" });
  t.same(story.give(1, { type: "take", from: "lvs1", within: milliseconds(50) }), [
    "advert",
    "add 192.0.2.100 eth0",
    "announce 192.0.2.100 eth0 x5",
    "backup -> master (handover: lvs1)",
  ]);
  t.same(story.hear(1.049), []);
  t.equal(story.due, 1.05, "whoever spoke may have announced");
  t.same(story.wake(1.05), ["advert", "announce 192.0.2.100 eth0 x5"]);
  t.same(story.hearPeer(1.049, { state: "master", priority: 160 }), []);
  t.same(story.hear(1.051).at(-1), "master -> backup (higher-priority: 192.0.2.11)");
  t.end();
});

t.test(
  "a giver neither speaks nor listens until it is over; then its addresses go, without a resignation",
  (t) => {
    const story = Story.master();
    story.hearPeer(0.1, { priority: 50 });
    t.equal(story.due, 1);
    t.same(story.give(0.98, { type: "give", within: milliseconds(50) }), []);
    t.equal(story.due, 1.03);
    t.same(story.wake(1), []);
    t.same(story.hear(1, { priority: 200 }), []);
    t.same(story.give(1.01, { type: "given", to: "lvs2" }), [
      "remove 192.0.2.100 eth0",
      "master -> backup (handover: lvs2)",
    ]);
    t.end();
  },
);

t.test("a giver does not speak of the taker that it hears, nor a taker of the giver", (t) => {
  const giver = Story.master({ priority: 150 });
  giver.hearPeer(1, { priority: 100 });
  giver.give(2, { type: "give", within: milliseconds(50) });
  giver.hear(2.005, { priority: 100 });
  t.same(giver.met, []);
  giver.give(2.02, { type: "given", to: undefined });
  giver.hear(2.03, { priority: 100 });
  t.same(giver.met, ["100 from 192.0.2.11"], "it goes on, and there is another");
  const taker = Story.backup({ priority: 150 });
  taker.give(1, { type: "take", from: "lvs2", within: milliseconds(50) });
  taker.hear(1.005, { priority: 100 });
  t.same(taker.met, []);
  t.end();
});

t.test("a giver that nobody takes from goes on: it sends an advert, and announces again", (t) => {
  const again = ["advert", "announce 192.0.2.100 eth0 x5"];
  const told = Story.master();
  told.give(0.98, { type: "give", within: milliseconds(50) });
  t.same(told.give(1.02, { type: "given", to: undefined }), again);
  t.equal(told.due, 2.02);
  t.same(told.hear(1.04, { priority: 200 }).at(-1), "master -> backup (higher-priority: 192.0.2.11)");
  const untold = Story.master();
  untold.give(0.98, { type: "give", within: milliseconds(50) });
  t.same(untold.wake(1.03), again);
  t.same(untold.give(1.04, { type: "given", to: undefined }), []);
  t.same(untold.hear(1.05, { priority: 200 }).at(-1), "master -> backup (higher-priority: 192.0.2.11)");
  t.end();
});

t.test("what was handed to a peer of lower priority is left to it until it gets worse", (t) => {
  const story = Story.master();
  story.hearPeer(0.5, { priority: 50 });
  story.give(1, { type: "give", within: milliseconds(50) });
  story.give(1.01, { type: "given", to: "lvs2" });
  story.hearPeer(1.02, { state: "master", priority: 50 });
  for (let second = 2; second < 8; second += 1) story.hear(second, { priority: 50 });
  t.equal(story.due, 7 + 3.609_375);
  story.hearPeer(7.5, { state: "master", priority: 40 });
  story.hear(8, { priority: 40 });
  story.hear(9, { priority: 40 });
  t.equal(story.due, 7 + 3.609_375, "no longer put off");
  t.same(story.wake(7 + 3.609_375), ["ask the peer to hand over"]);
  t.end();
});

t.test("unless the peer had asked for it when it was the better one", (t) => {
  const story = Story.master();
  story.hearPeer(0.5, { priority: 200 });
  story.give(1, { type: "give", within: milliseconds(50) });
  story.hearPeer(1.005, { priority: 50 });
  story.give(1.01, { type: "given", to: "lvs2", onRequest: true });
  story.hearPeer(1.02, { state: "master", priority: 50 });
  story.hear(2, { priority: 50 });
  story.hear(3, { priority: 50 });
  t.equal(story.due, 1.01 + 3.609_375, "not put off");
  t.same(story.wake(1.01 + 3.609_375), ["ask the peer to hand over"]);
  t.end();
});

t.test("and another preempt_delay changes nothing in that", (t) => {
  const story = Story.master({ preemptDelay: seconds(5) });
  story.hearPeer(0.5, { priority: 50 });
  story.give(1, { type: "give", within: milliseconds(50) });
  story.give(1.01, { type: "given", to: "lvs2" });
  story.hearPeer(1.02, { state: "master", priority: 50 });
  story.change(1.5, { preemptDelay: seconds(1) });
  story.hearPeer(2, { state: "master", priority: 40 });
  for (const second of [2.1, 3.1, 4.1]) story.hear(second, { priority: 40 });
  t.equal(story.due, 2.1 + 3.609_375, "put off for one second, from its first advert on");
  t.end();
});

t.test("a router in fault takes nothing, whatever the peer says", (t) => {
  const story = Story.backup();
  story.give(0.1, { type: "fault-raised", fault: "x" });
  t.same(story.hearPeer(0.5, { state: "master" }), []);
  t.same(story.hearPeer(0.6, { state: "fault" }), []);
  t.same(story.give(0.7, { type: "take", from: "lvs1", within: milliseconds(50) }), []);
  t.same(story.give(0.7, { type: "peer-silent", last: MASTER, grace: GRACE }), []);
  t.equal(story.state.name, "fault");
  t.end();
});

t.test("a peer that is back as master before its silence was acted upon has not been silent", (t) => {
  const story = Story.backup();
  story.hear(0.5);
  story.hearPeer(0.6, { state: "master" });
  story.hearPeer(1, undefined);
  t.same(story.give(1, { type: "peer-silent", last: MASTER, grace: GRACE }), ["question"]);
  story.hearPeer(1.005, { state: "master" });
  t.same(story.wake(1.01), ["held back by the peer"]);
  t.same(story.hear(1.2), [], "an advert of it contradicts nothing now");
  t.end();
});

t.test("who is asked whether it lives has its own time for that, whatever is configured meanwhile", (t) => {
  const story = Story.backup();
  story.hear(0.5);
  t.same(story.give(1, { type: "peer-silent", last: MASTER, grace: GRACE }), ["question"]);
  story.change(1.005, { downTimerAdverts: 5 });
  t.equal(story.due, 1.01);
  t.end();
});

t.test("a silence that was none on another router is none here", (t) => {
  const story = Story.backup();
  story.hear(0.5);
  story.hearPeer(0.6, { state: "master" });
  story.hearPeer(1, undefined);
  t.same(story.give(1, { type: "peer-silent", last: MASTER, grace: GRACE }), ["question"]);
  t.same(story.give(1.005, { type: "peer-lives" }), []);
  t.same(story.wake(1.01), [], "no takeover at the end of the grace");
  t.equal(story.state.name, "backup");
  t.end();
});

t.test("however a master leaves, its routes go before its addresses", (t) => {
  const routing = [ROUTE];
  const gone = ["route nothing", "remove 192.0.2.100 eth0"];
  const given = Story.master({ routing });
  given.give(1, { type: "give", within: milliseconds(50) });
  t.same(given.give(1.01, { type: "given", to: "lvs2" }).slice(0, 2), gone, "handed over");
  const lesser = Story.master({ routing });
  t.same(lesser.hearPeer(1, { state: "master" }).slice(0, 2), gone, "to the peer that is master, too");
  const beaten = Story.master({ routing });
  t.same(beaten.hear(1, { priority: 200 }).slice(0, 2), gone, "to a better one on the segment");
  t.same(Story.master({ routing }).give(1, { type: "shutdown" }).slice(0, 2), gone, "at its end");
  t.end();
});
