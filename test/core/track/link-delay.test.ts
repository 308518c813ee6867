/**
 * Goal: a change of an interface counts when it has lasted, and an interface without a delay is as it is. Method: one
 * interface, delays of 1 s down and 5 s up, looked at at instants.
 */

import t from "tap";
import { delayedView, inTime, type Links } from "../../../src/core/track/link-delay.ts";
import { seconds } from "../../../src/core/units/time.ts";
import type { Interface } from "../../../src/core/vrrp/surroundings.ts";
import { at, Story } from "../vrrp/story.ts";

const DELAYS = { eth1: { down: seconds(1), up: seconds(5) } };

class Machine {
  #links: Links = new Map();

  /** What eth1 counts as at that second when it is so, and when to look again. */
  look(second: number, state: "up" | "down" | "gone"): [counts: string, lookAt: number | undefined] {
    const interfaces = new Map<string, Interface>();
    if (state !== "gone") interfaces.set("eth1", device("eth1", state === "up"));
    const view = delayedView(interfaces, DELAYS, this.#links, at(second));
    this.#links = view.links;
    const found = view.interfaces.get("eth1");
    const counts = found === undefined ? "gone" : found.up ? "up" : "down";
    return [counts, view.lookAt === undefined ? undefined : view.lookAt / 1_000_000];
  }
}

function device(name: string, up: boolean): Interface {
  return { index: 2, name, up, mac: undefined, addresses: [] };
}

t.test("seen for the first time it counts as it is", (t) => {
  t.same(new Machine().look(0, "up"), ["up", undefined]);
  t.same(new Machine().look(0, "down"), ["down", undefined]);
  t.end();
});

t.test("each way has its own delay", (t) => {
  const machine = new Machine();
  machine.look(0, "up");
  t.same(machine.look(10, "down"), ["up", 11]);
  t.same(machine.look(10.999_999, "down"), ["up", 11], "counted from the first look");
  t.same(machine.look(11, "down"), ["down", undefined]);
  t.same(machine.look(20, "up"), ["down", 25]);
  t.same(machine.look(25, "up"), ["up", undefined]);
  t.end();
});

t.test("what changes back has not changed, and waits anew the next time", (t) => {
  const machine = new Machine();
  machine.look(0, "up");
  machine.look(10, "down");
  t.same(machine.look(10.5, "up"), ["up", undefined]);
  t.same(machine.look(10.8, "down"), ["up", 11.8]);
  t.end();
});

t.test("an interface that is deleted is gone at once; one that comes back has its delay", (t) => {
  const machine = new Machine();
  machine.look(0, "up");
  t.same(machine.look(1, "gone"), ["gone", undefined]);
  t.same(machine.look(2, "up"), ["down", 7]);
  t.same(machine.look(7, "up"), ["up", undefined]);
  t.end();
});

t.test("others are left alone", (t) => {
  const interfaces = new Map([["eth0", device("eth0", false)]]);
  const { interfaces: seen, lookAt } = delayedView(interfaces, DELAYS, new Map(), at(0));
  t.equal(seen.get("eth0"), interfaces.get("eth0"));
  t.equal(lookAt, undefined);
  t.end();
});

t.test(
  "a backup that goes by a shorter interval has as much less time to find out that it is cut off",
  (t) => {
    const down = (...all: readonly Story[]) => inTime(DELAYS, all).eth1?.down;
    const [idle, hasty, patient] = [1, 2, 3].map(() => Story.backup({ interface: "eth1" }));
    if (idle === undefined || hasty === undefined || patient === undefined) throw new Error("three backups");
    hasty.hear(0.5, { advertInterval: seconds(0.1) });
    patient.hear(0.5, { advertInterval: seconds(10) });
    t.equal(down(), seconds(1));
    t.equal(down(idle, patient), seconds(1));
    t.equal(down(idle, hasty, patient), seconds(0.1), "the shortest counts");
    const elsewhere = Story.backup();
    elsewhere.hear(0.5, { advertInterval: seconds(0.1) });
    t.equal(down(elsewhere, Story.master({ interface: "eth1" })), seconds(1));
    t.equal(inTime(DELAYS, [hasty]).eth1?.up, seconds(5));
    hasty.wake(10);
    t.equal(hasty.state.name, "master");
    t.equal(down(hasty), seconds(1), "its own interval again");
    t.end();
  },
);
