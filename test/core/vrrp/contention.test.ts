/**
 * Goal: what a master says that hears another master is what the file says: garp_lower_prio_*, lower_prio_no_advert,
 * higher_prio_send_advert. Method: one fact a test; the master has priority 100 and 1 s, and became one at second 0.
 */

import t from "tap";
import { seconds, ZERO } from "../../../src/core/units/time.ts";
import { contention, Story } from "./story.ts";

const LESSER = { priority: 50 };
const announcing = { delay: seconds(0.2), repeat: 5, refresh: ZERO, refreshRepeat: 1 };

t.test(
  "a lesser master: both bursts are those of garp_lower_prio, and leave those of the claim alone",
  (t) => {
    const story = Story.master({
      announcing,
      contention: contention({ announceDelay: seconds(0.4), announceRepeat: 2 }),
    });
    t.same(story.hear(0.1, LESSER), ["advert", "announce 192.0.2.100 eth0 x2"]);
    t.equal(story.due, 0.2);
    t.same(story.wake(0.2), ["announce 192.0.2.100 eth0 x5"], "garp_master_delay");
    t.equal(story.due, 0.5);
    t.same(story.wake(0.5), ["announce 192.0.2.100 eth0 x2"], "garp_lower_prio_delay");
    t.equal(story.due, 1.1);
    t.end();
  },
);

t.test(
  "each lesser master is spoken of, answered or not, and none that lets go or is the better one",
  (t) => {
    const story = Story.master({ contention: contention({ answer: false, announceRepeat: 0 }) });
    story.hear(0.1, LESSER);
    story.hear(0.105, { priority: 100 }, "192.0.2.10");
    story.hear(0.2, { priority: 0 });
    t.same(story.met, ["50 from 192.0.2.11", "100 from 192.0.2.10"]);
    story.hear(0.3, { priority: 150 });
    story.hear(0.4, LESSER);
    t.equal(story.state.name, "backup");
    t.equal(story.met.length, 2);
    t.end();
  },
);

t.test("no second burst without a delay, and none at all without a repeat", (t) => {
  const once = Story.master({
    announcing: { ...announcing, delay: ZERO },
    contention: contention({ announceDelay: ZERO }),
  });
  t.same(once.hear(0.1, LESSER), ["advert", "announce 192.0.2.100 eth0 x5"]);
  t.equal(once.due, 1.1);
  const never = Story.master({
    announcing: { ...announcing, delay: ZERO },
    contention: contention({ announceRepeat: 0 }),
  });
  t.same(never.hear(0.1, LESSER), ["advert"]);
  t.equal(never.due, 1.1);
  t.end();
});

t.test("lower_prio_no_advert: announced, not answered, and the adverts keep their cadence", (t) => {
  const story = Story.master({
    announcing: { ...announcing, delay: ZERO },
    contention: contention({ announceDelay: ZERO, answer: false }),
  });
  t.same(story.hear(0.1, LESSER), ["announce 192.0.2.100 eth0 x5"]);
  t.equal(story.due, 1);
  t.same(story.hear(0.5, { priority: 0 }), ["advert"], "who lets go is always answered (RFC 9568 §6.4.3)");
  t.equal(story.due, 1.1, "the burst that it would have had is put off to an interval after the last one");
  t.same(story.wake(1.1), ["announce 192.0.2.100 eth0 x5"]);
  t.equal(story.due, 1.5);
  t.end();
});

t.test("who lets go right after an advert that was not answered is answered at once", (t) => {
  const story = Story.master({
    announcing: { ...announcing, delay: ZERO },
    contention: contention({ announceDelay: ZERO, announceRepeat: 0, answer: false }),
  });
  t.same(story.hear(0.1, LESSER), []);
  t.same(story.hear(0.105, { priority: 0 }), ["advert"]);
  t.end();
});

t.test("higher_prio_send_advert: a last advert when the addresses are off, or none", (t) => {
  const [removed, told] = ["remove 192.0.2.100 eth0", "master -> backup (higher-priority: 192.0.2.11)"];
  const speaking = Story.master({ contention: contention({ lastWord: true }) });
  t.same(speaking.hear(0.1, { priority: 150 }), [removed, "last advert", told]);
  const silent = Story.master({ contention: contention({ lastWord: false }) });
  t.same(silent.hear(0.1, { priority: 150 }), [removed, told]);
  t.end();
});
