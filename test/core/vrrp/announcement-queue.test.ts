/**
 * Goal: announcements are as far apart as asked for, each address is announced once before any again, and nothing is lost
 * or piled up. Method: bursts put in by hand and taken out at instants; then any mixture of them, by fast-check.
 */

import fc from "fast-check";
import t from "tap";
import { type Instant, milliseconds, seconds, ZERO } from "../../../src/core/units/time.ts";
import { AnnouncementQueue } from "../../../src/core/vrrp/announcement-queue.ts";
import type { VirtualAddress } from "../../../src/core/vrrp/model.ts";
import { at, ip, vip } from "./story.ts";

const PACE = { 4: milliseconds(10), 6: milliseconds(30) };
const [ONE, TWO, OTHER] = [vip("192.0.2.1"), vip("192.0.2.2"), vip("198.51.100.1", "eth1")];
const SIX: VirtualAddress = { address: ip("2001:db8::1"), prefixLength: 64, interface: "eth0" };

function burst(queue: AnnouncementQueue, addresses: readonly VirtualAddress[], repeat: number): void {
  for (let round = 0; round < repeat; round += 1) for (const address of addresses) queue.put(address, round);
}

function takeAll(queue: AnnouncementQueue, now: Instant, pace = PACE): string[] {
  const taken: string[] = [];
  for (let next = queue.take(now, pace); next !== undefined; next = queue.take(now, pace))
    taken.push(next.address);
  return taken;
}

t.test("without a pace all go at once, in their order", (t) => {
  const queue = new AnnouncementQueue();
  burst(queue, [ONE, TWO], 2);
  t.same(
    takeAll(queue, at(1), { 4: ZERO, 6: ZERO }),
    [ONE, TWO, ONE, TWO].map(({ address }) => address),
  );
  t.equal(queue.dueAt, undefined);
  t.end();
});

t.test("interfaces and families do not wait for one another", (t) => {
  const queue = new AnnouncementQueue();
  burst(queue, [ONE, TWO, OTHER, SIX], 1);
  t.same(takeAll(queue, at(1)).toSorted(), ["192.0.2.1", "198.51.100.1", "2001:db8::1"]);
  t.equal(queue.dueAt, at(1.01));
  t.same(takeAll(queue, at(1.009999)), []);
  t.same(takeAll(queue, at(1.01)), ["192.0.2.2"]);
  burst(queue, [SIX, TWO], 1);
  t.equal(queue.dueAt, at(1.02));
  t.same(takeAll(queue, at(1.029999)), ["192.0.2.2"]);
  t.same(takeAll(queue, at(1.03)), ["2001:db8::1"]);
  t.end();
});

t.test("a second claim is announced before the repeats of the first", (t) => {
  const queue = new AnnouncementQueue();
  burst(queue, [ONE], 3);
  t.same(takeAll(queue, at(1)), ["192.0.2.1"]);
  burst(queue, [TWO], 2);
  const order = [1.01, 1.02, 1.03, 1.04].flatMap((second) => takeAll(queue, at(second)));
  t.same(order, ["192.0.2.2", "192.0.2.1", "192.0.2.2", "192.0.2.1"]);
  t.end();
});

t.test("what waits is not put in again, and what is dropped waits no more", (t) => {
  const queue = new AnnouncementQueue();
  for (let count = 0; count < 1_000; count += 1) burst(queue, [ONE, TWO], 2);
  queue.drop([ONE]);
  const taken = Array.from({ length: 10 }, (_, index) => takeAll(queue, at(1 + index))).flat();
  t.same(taken, ["192.0.2.2", "192.0.2.2"]);
  queue.drop([OTHER]);
  t.equal(queue.dueAt, undefined);
  t.end();
});

t.test("whatever is put in: none is early, none is lost, none waits longer than its turn", (t) => {
  const addresses = Array.from({ length: 20 }, (_, index) => vip(`192.0.2.${index + 1}`));
  const bursts = fc.array(
    fc.record({ which: fc.subarray(addresses), repeat: fc.integer({ min: 1, max: 4 }), wait: fc.nat(50) }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(bursts, (all) => {
      const queue = new AnnouncementQueue();
      let now = 1_000_000;
      let last = -Infinity;
      const owed = new Map<string, number>();
      const advance = (until: number) => {
        for (let due = queue.dueAt; due !== undefined && due <= until; due = queue.dueAt) {
          now = Math.max(now, due);
          const next = queue.take(now as Instant, PACE);
          if (next === undefined || now < last + PACE[4]) return false;
          last = now;
          if (now > (owed.get(next.address) ?? Infinity)) return false;
          owed.delete(next.address);
        }
        now = Math.max(now, until);
        return true;
      };
      for (const { which, repeat, wait } of all) {
        burst(queue, which, repeat);
        // Every address there is may go before it once, and one may just have gone.
        for (const { address } of which)
          if (!owed.has(address)) owed.set(address, now + (addresses.length + 1) * PACE[4]);
        if (!advance(now + wait * 1_000)) return false;
      }
      return advance(now + seconds(100)) && owed.size === 0 && queue.dueAt === undefined;
    }),
  );
  t.end();
});
