/**
 * Goal: what is not there yet is not counted, and what comes next begins with nought.
 * Method: counters by hand, as a look at the kernel's table would give them.
 */

import t from "tap";
import { openTrafficBook } from "../../src/balancer/traffic-book.ts";
import type { TableCounters } from "../../src/core/balance/traffic.ts";
import { balancerConfig, realServer, virtualServer, WEB } from "../core/balance/servers.ts";

const KEY = "tcp 192.0.2.100:80";

function countersOf(connections: number): TableCounters {
  const traffic = { connections, packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0 };
  return new Map([[KEY, { traffic, destinations: new Map() }]]);
}

t.test("the first look finds nothing, and the next one all that has come since", async (t) => {
  const counted = new Map<string, number>();
  const book = openTrafficBook(
    (name, _labels, by) => counted.set(name, by + (counted.get(name) ?? 0)),
    () => {},
  );
  book.configure(balancerConfig(virtualServer(WEB, [realServer(21)])));

  book.enter(new Map(), () => false);
  t.equal(book.report().connections, undefined);
  t.equal(counted.size, 0);

  book.enter(countersOf(3), () => true);
  t.match(book.report().connections, [{ virtual: KEY, active: 0 }]);
  t.equal(counted.get("virtual_server_connections"), 3);

  book.enter(countersOf(5), () => true);
  t.equal(counted.get("virtual_server_connections"), 5);

  book.enter(new Map(), () => false);
  t.match(book.report().connections, [{ virtual: KEY, active: 0 }], "once there, what is gone is told of");
});

t.test("what is there at the first look has been told of by an earlier life", async (t) => {
  const counted = new Map<string, number>();
  const book = openTrafficBook(
    (name, _labels, by) => counted.set(name, by + (counted.get(name) ?? 0)),
    () => {},
  );
  book.configure(balancerConfig(virtualServer(WEB, [realServer(21)])));
  book.enter(countersOf(3), () => true);
  t.equal(counted.get("virtual_server_connections"), 0);
  book.enter(countersOf(4), () => true);
  t.equal(counted.get("virtual_server_connections"), 1);
});
