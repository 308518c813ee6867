/**
 * Goal: a master is RFC 9568 §6.4.3's, announces what it claims, and lets go before it tells. Method: one fact a test; the
 * master is 192.0.2.12 with priority 100 and 1 s; it becomes one at second 0.
 */

import t from "tap";
import { centiseconds, seconds, ZERO } from "../../../src/core/units/time.ts";
import { contention, Story, vip } from "./story.ts";

const ANNOUNCE = "announce 192.0.2.100 eth0 x5";
const QUIET = { delay: ZERO, repeat: 5, refresh: ZERO, refreshRepeat: 1 };

t.test("a master sends an advert each interval, from the claim on", (t) => {
  const story = Story.master({ announcing: QUIET });
  for (const second of [1, 2, 3]) {
    t.equal(story.due, second);
    t.same(story.wake(second - 0.000_001), []);
    t.same(story.wake(second), ["advert"]);
  }
  t.end();
});

t.test("a late advert does not shift those after it", (t) => {
  const story = Story.master({ announcing: QUIET });
  t.same(story.wake(1.02), ["advert"]);
  t.equal(story.due, 2);
  t.end();
});

t.test("after a stall there is one advert, no burst, and a new cadence", (t) => {
  const story = Story.master({ announcing: QUIET });
  t.same(story.wake(10.3), ["advert"]);
  t.equal(story.due, 11.3);
  t.same(story.wake(10.3), []);
  t.end();
});

t.test("what is claimed is announced again after garp_master_delay, once", (t) => {
  const story = Story.master({ announcing: { ...QUIET, delay: seconds(1.5), repeat: 3 } });
  t.same(story.wake(1), ["advert"]);
  t.equal(story.due, 1.5);
  t.same(story.wake(1.5), ["announce 192.0.2.100 eth0 x3"]);
  t.equal(story.due, 2);
  t.same(story.wake(2), ["advert"]);
  t.equal(story.due, 3);
  t.end();
});

t.test("and refreshed each garp_master_refresh, garp_master_refresh_repeat times", (t) => {
  const announcing = { delay: ZERO, repeat: 5, refresh: seconds(2.5), refreshRepeat: 2 };
  const story = Story.master({ announcing, advertInterval: seconds(10) });
  t.equal(story.due, 2.5);
  t.same(story.wake(2.5), ["announce 192.0.2.100 eth0 x2"]);
  t.equal(story.due, 5);
  t.same(story.wake(9), ["announce 192.0.2.100 eth0 x2"], "late, and once");
  t.equal(story.due, 10);
  t.end();
});

t.test("the burst at the claim names every address, on its interface", (t) => {
  const story = new Story({ addresses: [vip("192.0.2.100"), vip("198.51.100.1", "eth1")] });
  const done = story.give(0, { type: "startup", faults: [], resume: true });
  t.same(done.slice(0, 3), [
    "advert",
    "add 192.0.2.100 eth0, 198.51.100.1 eth1",
    "announce 192.0.2.100 eth0, 198.51.100.1 eth1 x5",
  ]);
  t.end();
});

t.test("a higher priority is yielded to: the addresses off, a last advert, then told", (t) => {
  const story = Story.master();
  t.same(story.hear(0.5, { priority: 101 }), [
    "remove 192.0.2.100 eth0",
    "last advert",
    "master -> backup (higher-priority: 192.0.2.11)",
  ]);
  t.equal(story.due, 4.109_375);
  t.end();
});

t.test("the winner's interval is learned at once", (t) => {
  const story = Story.master();
  story.hear(1, { advertInterval: centiseconds(200) });
  // 1 s + 3 * 2 s + 156 / 256 * 2 s
  t.equal(story.due, 8.218_75);
  t.end();
});

t.test("of two equal ones the higher address stays, as an unsigned number", (t) => {
  const yields = ["master -> backup (equal-priority-higher-address: 192.0.2.13)"];
  t.same(Story.master().hear(0.5, { priority: 100 }, "192.0.2.13").slice(-1), yields);
  t.same(Story.master().hear(0.5, { priority: 100 }, "192.0.2.11"), ["advert", ANNOUNCE]);
  t.same(Story.master().hear(0.5, { priority: 100 }, "10.0.0.1"), ["advert", ANNOUNCE]);
  t.match(Story.master().hear(0.5, { priority: 100 }, "203.0.113.1").at(-1), "master -> backup");
  t.end();
});

t.test("without an address of its own, equal is not stronger", (t) => {
  const story = Story.master();
  story.primary = undefined;
  t.same(story.hear(0.5, { priority: 100 }, "203.0.113.1"), ["advert", ANNOUNCE]);
  t.end();
});

t.test("a lesser master is answered at once, and the advert timer starts anew", (t) => {
  const story = Story.master({ announcing: QUIET });
  t.same(story.hear(0.25, { priority: 99 }), ["advert", ANNOUNCE]);
  t.equal(story.due, 1.25);
  t.end();
});

t.test("each lesser advert is answered, but the addresses are announced once an interval", (t) => {
  const story = Story.master({ announcing: QUIET });
  t.same(story.hear(0.1, { priority: 99 }), ["advert", ANNOUNCE]);
  t.same(story.hear(0.2, { priority: 99 }), ["advert"]);
  t.same(story.hear(1.08, { priority: 99 }), ["advert"]);
  t.same(story.hear(1.1, { priority: 99 }), ["advert", ANNOUNCE]);
  t.end();
});

t.test(
  "a burst that comes too soon after another is put off until the interval is over, also without a second one",
  (t) => {
    const story = Story.master({ announcing: QUIET });
    story.hear(0.1, { priority: 99 });
    t.same(story.hear(0.105, { priority: 99 }), [], "not even answered");
    t.equal(story.due, 1.1);
    t.same(story.wake(1.1), ["advert", ANNOUNCE]);
    t.end();
  },
);

t.test("and again after garp_master_delay, for the clients may have learnt the other one's address", (t) => {
  const story = Story.master({ announcing: { ...QUIET, delay: seconds(0.3) } });
  story.wake(0.3);
  story.hear(0.5, { priority: 99 });
  t.equal(story.due, 0.8);
  t.same(story.wake(0.8), [ANNOUNCE]);
  t.end();
});

t.test("a queue of lesser adverts has one answer, and a flood one in 10 ms", (t) => {
  const story = Story.master({ announcing: QUIET });
  t.same(story.hear(30, { priority: 99 }), ["advert", ANNOUNCE]);
  for (let index = 1; index < 30; index += 1) t.same(story.hear(30 + index * 0.000_3, { priority: 99 }), []);
  t.equal(story.due, 31, "what is not answered does not put off the next advert either");
  t.same(story.hear(30.01, { priority: 99 }), ["advert"]);
  t.end();
});

t.test("another lesser one that is heard too soon is answered when the 10 ms are over", (t) => {
  const story = Story.master({ announcing: QUIET });
  story.hear(30, { priority: 99 });
  t.same(story.hear(30.002, { priority: 98 }, "192.0.2.13"), []);
  t.same(story.hear(30.003, { priority: 98 }, "192.0.2.13"), []);
  t.equal(story.due, 30.01);
  t.same(story.wake(30.01), ["advert"]);
  t.equal(story.due, 31, "the burst that was put off");
  t.same(story.wake(31.01), ["advert", ANNOUNCE], "the advert timer has started anew");
  t.end();
});

t.test("two that take each other for the lesser one do not answer each other for ever", (t) => {
  const story = Story.master({ announcing: QUIET });
  story.hear(30, { priority: 99 });
  story.hear(30.002, { priority: 98 }, "192.0.2.13");
  story.wake(30.01);
  t.same(story.hear(30.011, { priority: 98 }, "192.0.2.13"), ["advert"]);
  t.same(story.hear(30.012, { priority: 98 }, "192.0.2.13"), []);
  t.equal(story.due, 31, "the burst that was put off");
  t.end();
});

t.test("with lower_prio_no_advert what comes too soon is not answered later either", (t) => {
  const story = Story.master({
    announcing: QUIET,
    contention: contention({ answer: false, announceRepeat: 0 }),
  });
  story.hear(30, { priority: 0 });
  story.hear(30.005, { priority: 99 }, "192.0.2.13");
  t.equal(story.due, 31);
  t.end();
});

t.test("priority 0 is answered, too, and moves nothing", (t) => {
  const story = Story.master({ announcing: QUIET });
  t.same(story.hear(0.5, { priority: 0 }), ["advert", ANNOUNCE]);
  t.equal(story.due, 1.5);
  t.equal(story.state.name, "master");
  t.end();
});

t.test("without preemption a master still yields to a higher one, and not to a lesser one", (t) => {
  t.match(Story.master({ preempt: false }).hear(0.5, { priority: 101 }).at(-1), "master -> backup");
  t.same(Story.master({ preempt: false }).hear(0.5, { priority: 99 }), ["advert", ANNOUNCE]);
  t.end();
});

t.test("after a stall a master that lost yields before it says a word", (t) => {
  const story = Story.master();
  t.same(story.hear(20, { priority: 150 }), [
    "remove 192.0.2.100 eth0",
    "last advert",
    "master -> backup (higher-priority: 192.0.2.11)",
  ]);
  t.same(story.wake(20), []);
  t.end();
});

t.test("shutdown: gone before told", (t) => {
  const story = Story.master();
  t.same(story.give(0.5, { type: "shutdown" }), [
    "remove 192.0.2.100 eth0",
    "advert of priority 0",
    "master -> init (shutdown)",
  ]);
  t.equal(story.due, undefined);
  t.end();
});

t.test("reconfigured: peers hear of it at once, and addresses come and go one by one", (t) => {
  const story = Story.master({ addresses: [vip("192.0.2.100"), vip("192.0.2.101")], announcing: QUIET });
  t.same(story.change(0.5, { addresses: [vip("192.0.2.101"), vip("192.0.2.102")] }), [
    "remove 192.0.2.100 eth0",
    "advert",
    "add 192.0.2.102 eth0",
    "announce 192.0.2.102 eth0 x5",
  ]);
  t.equal(story.due, 1.5);
  t.end();
});

t.test("reconfigured: an address with another prefix or interface is another address", (t) => {
  const story = Story.master({ announcing: QUIET });
  t.same(story.change(0.5, { addresses: [{ ...vip("192.0.2.100"), prefixLength: 32 }] }), [
    "remove 192.0.2.100 eth0",
    "advert",
    "add 192.0.2.100 eth0",
    ANNOUNCE,
  ]);
  t.same(story.change(0.6, { addresses: [{ ...vip("192.0.2.100", "eth1"), prefixLength: 32 }] }), [
    "remove 192.0.2.100 eth0",
    "advert",
    "add 192.0.2.100 eth1",
    "announce 192.0.2.100 eth1 x5",
  ]);
  t.end();
});

t.test("reconfigured: added addresses are announced twice like those of a claim", (t) => {
  const story = Story.master({ announcing: { ...QUIET, delay: seconds(0.4) } });
  story.wake(0.4);
  story.change(0.5, { addresses: [vip("192.0.2.100"), vip("192.0.2.101")] });
  t.equal(story.due, 0.9);
  t.end();
});

t.test("reconfigured: a priority or interval is told at once; the addresses stay", (t) => {
  const story = Story.master({ announcing: QUIET });
  t.same(story.change(0.5, { priority: 50 }), ["advert"]);
  t.same(story.change(0.6, { advertInterval: centiseconds(20) }), ["advert"]);
  t.equal(story.due, 0.8);
  t.match(story.hear(0.7, { priority: 51 }).at(-1), "master -> backup");
  t.end();
});
