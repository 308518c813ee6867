/**
 * Goal: orders and maintenance make drains of exactly those who are meant, over reloads and restarts, and what changes is
 * told once.
 * Method: books and configurations by hand; random sequences against a plain second opinion.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import type { DrainOrder } from "../../../src/core/balance/drain.ts";
import {
  type DrainBook,
  type DrainChange,
  type DrainReview,
  EMPTY_BOOK,
  giveOrder,
  keysMeant,
  meaningless,
  note,
  restoredBook,
  review,
  withdrawOrder,
} from "../../../src/core/balance/drain-book.ts";
import { parseTarget, type RealServerTarget } from "../../../src/core/balance/target.ts";
import { after, seconds, START } from "../../../src/core/units/time.ts";
import { realServer, virtualServer, WEB } from "./servers.ts";

const SERVICES = [
  virtualServer(WEB, [realServer(21), realServer(22)]),
  virtualServer({ ...WEB, port: 443 }, [realServer(21, { port: 443 })]),
];
const WEB_21 = "tcp 192.0.2.100:80 198.51.100.21:80";
const TLS_21 = "tcp 192.0.2.100:443 198.51.100.21:443";
const REMOVE: DrainOrder = { deadline: seconds(60), end: "remove" };
const HOLD: DrainOrder = { deadline: undefined, end: "hold" };

function target(word: string, virtual?: string): RealServerTarget {
  const parsed = parseTarget(word, virtual);
  if (parsed === undefined) throw new Error(`${word} is no target`);
  return parsed;
}

function told({ changes }: DrainReview): string[] {
  return changes.map((change: DrainChange) => {
    const { virtual, real, source } = change.drain;
    return `${change.type} ${virtual} ${real} ${source}${change.type === "cancelled" ? ` ${change.cause}` : ""}`;
  });
}

t.test("who is meant by a target", async (t) => {
  t.strictSame(keysMeant(target("198.51.100.21"), SERVICES), [WEB_21, TLS_21]);
  t.strictSame(keysMeant(target("198.51.100.21:80"), SERVICES), [WEB_21]);
  t.strictSame(keysMeant(target("198.51.100.21", "tcp 192.0.2.100:443"), SERVICES), [TLS_21]);
  t.strictSame(keysMeant(target("198.51.100.9"), SERVICES), []);
  const targets = [target("198.51.100.21"), target("198.51.100.22:81"), target("198.51.100.9")];
  t.strictSame(meaningless(targets, SERVICES), targets.slice(1));
});

t.test("an order stands over reloads, until it is withdrawn or its real server goes", async (t) => {
  const ordered = review(giveOrder(EMPTY_BOOK, [WEB_21], REMOVE), SERVICES, START);
  t.strictSame(told(ordered), ["started tcp 192.0.2.100:80 198.51.100.21:80 operator"]);
  const again = review(ordered.book, SERVICES, after(START, seconds(5)));
  t.strictSame(told(again), []);
  t.strictSame(again.book.drains, ordered.book.drains, "its deadline is the one it had");
  t.strictSame(told(review(withdrawOrder(again.book, [WEB_21]), SERVICES, START)), [
    "cancelled tcp 192.0.2.100:80 198.51.100.21:80 operator undrained",
  ]);
  const gone = review(again.book, SERVICES.slice(1), START);
  t.strictSame(told(gone), ["cancelled tcp 192.0.2.100:80 198.51.100.21:80 operator not-configured"]);
  t.strictSame(told(review(gone.book, SERVICES, START)), [], "what comes in its place is another one");
});

t.test("another order begins anew, the same one does not", async (t) => {
  const { book } = review(giveOrder(EMPTY_BOOK, [WEB_21], REMOVE), SERVICES, START);
  t.strictSame(told(review(giveOrder(book, [WEB_21], { ...REMOVE }), SERVICES, START)), []);
  t.match(told(review(giveOrder(book, [WEB_21], HOLD), SERVICES, START)), [/^started/]);
});

t.test("maintenance holds whoever is configured by that name, and an order goes before it", async (t) => {
  const maintained = review(
    { ...EMPTY_BOOK, maintenance: [target("198.51.100.21")] },
    SERVICES.slice(0, 1),
    START,
  );
  t.strictSame(told(maintained), ["started tcp 192.0.2.100:80 198.51.100.21:80 maintenance"]);
  const more = review(maintained.book, SERVICES, START);
  t.strictSame(
    told(more),
    ["started tcp 192.0.2.100:443 198.51.100.21:443 maintenance"],
    "one that is new, too",
  );
  t.match(more.book.drains.get(TLS_21)?.state.order, HOLD);
  const ordered = review(giveOrder(more.book, [WEB_21], REMOVE), SERVICES, START);
  t.strictSame(told(ordered), ["started tcp 192.0.2.100:80 198.51.100.21:80 operator"]);
  const back = review(withdrawOrder(ordered.book, [WEB_21]), SERVICES, START);
  t.strictSame(told(back), ["started tcp 192.0.2.100:80 198.51.100.21:80 maintenance"], "it is held again");
  t.strictSame(told(review({ ...back.book, maintenance: [] }, SERVICES, START)), [
    "cancelled tcp 192.0.2.100:80 198.51.100.21:80 maintenance maintenance-over",
    "cancelled tcp 192.0.2.100:443 198.51.100.21:443 maintenance maintenance-over",
  ]);
});

t.test("what was on record goes on", async (t) => {
  const { book } = review(
    giveOrder({ ...EMPTY_BOOK, maintenance: [target("198.51.100.21:443")] }, [WEB_21], REMOVE),
    SERVICES,
    START,
  );
  const restored = restoredBook([...book.drains.values()]);
  const next = review({ ...restored, maintenance: book.maintenance }, SERVICES, after(START, seconds(9)));
  t.strictSame(told(next), []);
  t.strictSame(next.book.drains, book.drains);
});

t.test("the end of a drain is told once", async (t) => {
  const { book } = review(giveOrder(EMPTY_BOOK, [WEB_21, TLS_21], REMOVE), SERVICES, START);
  const deadline = new Map([
    [WEB_21, { type: "deadline" } as const],
    ["nobody", { type: "deadline" } as const],
  ]);
  t.strictSame(told(note(book, deadline, after(START, seconds(59)))), []);
  const over = note(book, deadline, after(START, seconds(60)));
  t.strictSame(told(over), ["ended tcp 192.0.2.100:80 198.51.100.21:80 operator"]);
  t.strictSame(told(note(over.book, deadline, after(START, seconds(61)))), []);
});

t.test("one that is held and has connections again is told as resumed, once", async (t) => {
  const { book } = review(giveOrder(EMPTY_BOOK, [WEB_21], HOLD), SERVICES, START);
  const counted = (active: number) => {
    const counts = { active, inactive: 0, persistent: 0 };
    return new Map([[WEB_21, { type: "counted", counts, templatesHonoured: true } as const]]);
  };
  const empty = note(book, counted(0), START);
  const over = note(empty.book, counted(0), after(START, seconds(2)));
  t.strictSame(told(over), ["ended tcp 192.0.2.100:80 198.51.100.21:80 operator"]);
  const again = note(over.book, counted(3), after(START, seconds(3)));
  t.strictSame(told(again), ["resumed tcp 192.0.2.100:80 198.51.100.21:80 operator"]);
  t.strictSame(told(note(again.book, counted(2), after(START, seconds(4)))), []);
});

t.test("whatever is ordered, configured and put into maintenance: drained is who is meant", async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("order" as const), key: fc.constantFrom(WEB_21, TLS_21) }),
    fc.record({ type: fc.constant("withdraw" as const), key: fc.constantFrom(WEB_21, TLS_21) }),
    fc.record({
      type: fc.constant("maintain" as const),
      words: fc.subarray(["198.51.100.21", "198.51.100.21:443", "198.51.100.9"]),
    }),
    fc.record({ type: fc.constant("configure" as const), places: fc.subarray([0, 1]) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let book: DrainBook = EMPTY_BOOK;
      let services = SERVICES;
      const orders = new Set<string>();
      let words: readonly string[] = [];
      for (const one of steps) {
        const configured = new Set(
          services.flatMap((virtual) => keysMeant(target("198.51.100.21"), [virtual])),
        );
        if (one.type === "order" && configured.has(one.key)) {
          book = giveOrder(book, [one.key], REMOVE);
          orders.add(one.key);
        } else if (one.type === "withdraw") {
          book = withdrawOrder(book, [one.key]);
          orders.delete(one.key);
        } else if (one.type === "maintain") {
          words = one.words;
          book = { ...book, maintenance: words.map((word) => target(word)) };
        } else if (one.type === "configure")
          services = SERVICES.filter((_, index) => one.places.includes(index));
        const before = new Set(book.drains.keys());
        const reviewed = review(book, services, START);
        book = reviewed.book;
        const there = (key: string): boolean => services.some(({ name }) => key.startsWith(`${name} `));
        for (const key of orders) if (!there(key)) orders.delete(key);
        const maintained = (key: string): boolean =>
          words.includes("198.51.100.21") || (key === TLS_21 && words.includes("198.51.100.21:443"));
        const expected = [WEB_21, TLS_21].filter((key) => there(key) && (orders.has(key) || maintained(key)));
        assert.deepEqual([...book.drains.keys()].toSorted(), expected.toSorted());
        const cancelled = reviewed.changes.filter(({ type }) => type === "cancelled").length;
        assert.equal(cancelled, [...before].filter((key) => !book.drains.has(key)).length);
      }
    }),
  );
});
