/**
 * Goal: the plan leads from what is there to what shall be, touches nothing else, and is empty when there is nothing to do.
 * Method: plans as text, written out by hand.
 */

import t from "tap";
import type { Route, RoutingEntry, RoutingRule } from "../../../src/core/routing/model.ts";
import { planRouting, routingPlanText } from "../../../src/core/routing/plan.ts";
import { RoutingBook } from "../../../src/core/routing/routing-book.ts";
import { ip } from "../vrrp/story.ts";

function route(changes: Partial<Route> = {}): Route {
  return {
    kind: "route",
    family: 4,
    to: { address: ip("10.0.0.0"), prefixLength: 8 },
    table: 254,
    metric: 0,
    type: "unicast",
    scope: "global",
    nexthops: [{ via: ip("192.0.2.1"), interface: undefined, weight: 1, onlink: false }],
    tracked: true,
    ...changes,
  };
}

function rule(changes: Partial<RoutingRule> = {}): RoutingRule {
  return { kind: "rule", family: 4, priority: 5, not: false, action: "lookup", table: 100, ...changes };
}

function planned(wanted: readonly RoutingEntry[], found: readonly RoutingEntry[]): string {
  return routingPlanText(planRouting(wanted, found));
}

t.test("routes come before the rules that lead to them, and go after them", (t) => {
  t.equal(
    planned([rule(), route()], []),
    "add route 10.0.0.0/8 via 192.0.2.1\nadd rule 5: from all lookup 100\n",
  );
  t.equal(
    planned([], [route(), rule()]),
    "remove rule 5: from all lookup 100\nremove route 10.0.0.0/8 via 192.0.2.1\n",
  );
  t.equal(planned([rule(), route()], [route(), rule()]), "");
  t.end();
});

t.test("what is left to the kernel may be as it likes, all else is replaced in one step", (t) => {
  const [way] = route().nexthops;
  if (way === undefined) throw new Error("a way");
  const found = route({ nexthops: [{ ...way, interface: "eth0", weight: 7 }], tracked: false });
  t.equal(planned([route()], [found]), "");
  for (const changes of [
    { mtu: 1400 },
    { src: ip("192.0.2.100") },
    { scope: "link" },
    { type: "blackhole", nexthops: [] },
    { nexthops: [{ ...way, via: ip("192.0.2.2") }] },
    { nexthops: [{ ...way, interface: "eth1" }] },
    { nexthops: [{ ...way, onlink: true }] },
    { nexthops: [way, { ...way, via: ip("192.0.2.2") }] },
  ] as const) {
    t.match(
      planned([route(changes)], [found]),
      /^replace route \S* ?10\.0\.0\.0\/8.*\n$/,
      JSON.stringify(changes),
    );
  }
  const both = [way, { ...way, via: ip("192.0.2.2"), weight: 3 }];
  t.equal(planned([route({ nexthops: both })], [route({ nexthops: both.toReversed() })]), "", "in any order");
  t.match(
    planned([route({ nexthops: both })], [route({ nexthops: [way, { ...both[1], ...way }] })]),
    /^replace/,
  );
  t.end();
});

t.test("routes of another table or metric stand side by side", (t) => {
  t.equal(
    planned([route({ table: 100 }), route({ metric: 5 })], [route()]),
    "remove route 10.0.0.0/8 via 192.0.2.1\n" +
      "add route 10.0.0.0/8 via 192.0.2.1 metric 5\nadd route 10.0.0.0/8 via 192.0.2.1 table 100\n",
  );
  t.end();
});

t.test("the book: only what it knows is ours", (t) => {
  const book = new RoutingBook();
  const other = route({ to: { address: ip("192.168.0.0"), prefixLength: 16 } });
  const earlier = route({ metric: 9 });
  book.know([route(), rule(), earlier]);
  t.equal(
    routingPlanText(book.repair([route(), other, earlier], [route()])),
    "remove route 10.0.0.0/8 via 192.0.2.1 metric 9\n",
    "what is about to be wanted stays, what is not known is another's",
  );
  t.equal(routingPlanText(book.hold("web", [route(), rule()])).split("\n").length, 3);
  t.equal(routingPlanText(book.hold("web", [route(), rule()])), "", "the same again");
  t.equal(routingPlanText(book.repair([route()])), "add rule 5: from all lookup 100\n");
  t.equal(routingPlanText(book.hold("static", [other])), "add route 192.168.0.0/16 via 192.0.2.1\n");
  book.forgetAllBut([]);
  t.strictSame(
    book.ours().map(({ kind }) => kind),
    ["route", "rule", "route"],
    "what is wanted is not forgotten",
  );
  t.equal(
    routingPlanText(book.hold("web", [])),
    "remove rule 5: from all lookup 100\nremove route 10.0.0.0/8 via 192.0.2.1\n",
  );
  t.end();
});

t.test("a change of what has the place of one of ours is worth a look, and no other", (t) => {
  const book = new RoutingBook();
  book.know([route(), rule()]);
  t.ok(book.concerns(route({ nexthops: [], type: "blackhole" })));
  t.ok(book.concerns(rule()));
  t.notOk(book.concerns(route({ metric: 5 })));
  t.notOk(book.concerns(rule({ priority: 6 })));
  book.forgetAllBut([rule()]);
  t.notOk(book.concerns(route()));
  t.end();
});
