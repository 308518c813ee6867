/**
 * Goal: what virtual and real servers had to do is counted once, whatever becomes of the kernel's counters, and only so many
 * are told apart. Method: looks at the table by hand.
 */

import t from "tap";
import type { VirtualServer } from "../../../src/core/balance/model.ts";
import { serviceKey } from "../../../src/core/balance/service.ts";
import { account, type Ledger, type TableCounters, toldServers } from "../../../src/core/balance/traffic.ts";
import { ip, realServer, virtualServer, WEB } from "./servers.ts";

const SERVER = virtualServer(WEB, [realServer(21), realServer(22)]);

/** Counters of which all five are the same number: of the service, and of its destinations by their hosts. */
function counters(service: number, destinations: Readonly<Record<number, number>>, port = 80): TableCounters {
  const traffic = (n: number) => ({ connections: n, packetsIn: n, packetsOut: n, bytesIn: n, bytesOut: n });
  const found = Object.entries(destinations).map(
    ([host, n]) =>
      [
        `198.51.100.${host}:${port}`,
        { traffic: traffic(n), connections: { active: 1, inactive: 2, persistent: 3 } },
      ] as const,
  );
  return new Map([
    [serviceKey({ ...WEB, port }), { traffic: traffic(service), destinations: new Map(found) }],
  ]);
}

/** The connections counted in looks one after the other, as `name=number`. */
function counted(
  looks: readonly TableCounters[],
  servers: readonly VirtualServer[] = [SERVER],
  max = 100,
): string[] {
  let ledger: Ledger | undefined;
  return looks.map((look) => {
    const entry = account(ledger, look, servers, max);
    ledger = entry.ledger;
    return entry.shares.map(({ real, traffic }) => `${real ?? "all"}=${traffic.bytesIn}`).join(" ");
  });
}

t.test("what was there at the first look has been told by an earlier life", async (t) => {
  t.strictSame(counted([counters(10, { 21: 4, 22: 6 }), counters(15, { 21: 8, 22: 7 })]), [
    "all=0 198.51.100.21:80=0 198.51.100.22:80=0",
    "all=5 198.51.100.21:80=4 198.51.100.22:80=1",
  ]);
});

t.test("a service that was added later counts from nought", async (t) => {
  t.strictSame(
    counted([new Map(), counters(10, { 21: 4 })])[1],
    "all=10 198.51.100.21:80=4 198.51.100.22:80=0",
  );
});

t.test("counters that begin anew, and a real server that goes and comes back with its own", async (t) => {
  t.strictSame(
    counted([
      counters(10, { 21: 4, 22: 6 }),
      counters(3, { 21: 1, 22: 2 }),
      counters(4, { 21: 2 }),
      counters(9, { 21: 2, 22: 7 }),
    ]).slice(1),
    [
      "all=3 198.51.100.21:80=1 198.51.100.22:80=2",
      "all=1 198.51.100.21:80=1 198.51.100.22:80=0",
      "all=5 198.51.100.21:80=0 198.51.100.22:80=5",
    ],
  );
});

t.test("a service that is gone at a look comes back with its own, and so do its real servers", async (t) => {
  t.strictSame(
    counted([
      counters(10, { 21: 4, 22: 6 }),
      new Map(),
      counters(12, { 21: 5 }),
      new Map(),
      counters(14, { 21: 5, 22: 7 }),
    ]).slice(1),
    [
      "all=0 198.51.100.21:80=0 198.51.100.22:80=0",
      "all=2 198.51.100.21:80=1 198.51.100.22:80=0",
      "all=0 198.51.100.21:80=0 198.51.100.22:80=0",
      "all=2 198.51.100.21:80=0 198.51.100.22:80=1",
    ],
  );
  t.strictSame(
    counted([counters(10, {}), new Map(), counters(12, {})])[2],
    "all=2 198.51.100.21:80=0 198.51.100.22:80=0",
    "one without destinations, too",
  );
});

t.test("a group's services count together, and so do the connections of a virtual server", async (t) => {
  const group = virtualServer(WEB, [realServer(21, { port: undefined })], {
    name: "tcp group web",
    services: [WEB, { protocol: "tcp", address: ip("192.0.2.100"), port: 81 }],
  });
  const look = new Map([...counters(5, { 21: 2 }), ...counters(7, { 21: 3 }, 81)]);
  t.strictSame(counted([new Map(), look], [group])[1], "all=12 198.51.100.21=5");
  t.match(account(undefined, look, [group], 9).shares, [
    { virtual: "tcp group web", real: undefined, connections: { active: 2, inactive: 4, persistent: 6 } },
    { real: "198.51.100.21", connections: { active: 2, inactive: 4, persistent: 6 } },
  ]);
});

t.test(
  "beyond the limit real servers are counted with their virtual server only; a sorry server is one",
  async (t) => {
    const { sorryServer: _, ...rest } = SERVER;
    const sorry = {
      address: ip("198.51.100.9"),
      port: 80,
      method: "nat",
      tunnel: undefined,
      inhibit: false,
    } as const;
    const server: VirtualServer = { ...rest, sorryServer: sorry };
    const look = counters(9, { 21: 2, 22: 3, 9: 4 });
    t.strictSame(counted([new Map(), look], [server], 2)[1], "all=9 198.51.100.21:80=2 198.51.100.22:80=3");
    t.equal(account(undefined, look, [server], 2).untold, 1);
    t.equal(account(undefined, look, [server], 3).untold, 0);
    for (const limit of [0, 2, 3, 9]) {
      const { shares } = account(undefined, look, [server], limit);
      const told = toldServers([server], limit).map(({ real }) => real);
      t.strictSame(
        shares.flatMap(({ real }) => real ?? []),
        told,
        "the same ones by either",
      );
    }
    t.match(account(undefined, look, [server], 0).shares, [{ real: undefined, connections: { active: 3 } }]);
  },
);

t.test("a kernel that tells no counters counts nothing", async (t) => {
  const look: TableCounters = new Map([[serviceKey(WEB), { traffic: undefined, destinations: new Map() }]]);
  t.strictSame(counted([look, look])[1], "all=0 198.51.100.21:80=0 198.51.100.22:80=0");
});
