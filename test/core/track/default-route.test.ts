/**
 * Goal: the gateway of the default route over an interface is the one that the kernel uses. Method: messages as the kernel
 * writes them, laid out by hand after linux/rtnetlink.h.
 */

import fc from "fast-check";
import t from "tap";
import { defaultRoutes, gatewayOver } from "../../../src/core/wire/default-route.ts";
import { attribute, joined, u32 } from "../../../src/core/wire/netlink.ts";

const [OIF, GATEWAY, PRIORITY, MULTIPATH, TABLE] = [4, 5, 6, 9, 15];

function route(
  head: Partial<Record<"family" | "length" | "table" | "type", number>>,
  ...attributes: Uint8Array[]
) {
  const { family = 2, length = 0, table = 254, type = 1 } = head;
  return joined([Uint8Array.of(family, length, 0, 0, table, 3, 0, type, 0, 0, 0, 0), ...attributes]);
}

const via = (last: number) => attribute(GATEWAY, Uint8Array.of(192, 0, 2, last));
const over = (index: number) => u32(OIF, index);
const metric = (value: number) => u32(PRIORITY, value);
const GATEWAY6 = attribute(GATEWAY, Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));

t.test("a default route, and what is none", (t) => {
  t.same(defaultRoutes(route({}, u32(TABLE, 254), via(1), over(2), metric(100))), [
    { family: 4, gateway: "192.0.2.1", interfaceIndex: 2, metric: 100 },
  ]);
  t.same(defaultRoutes(route({ family: 10 }, GATEWAY6, over(3))), [
    { family: 6, gateway: "fe80::1", interfaceIndex: 3, metric: 0 },
  ]);
  for (const [what, message] of Object.entries({
    "a network's": route({ length: 24 }, via(1), over(2)),
    "of another table": route({ table: 0 }, u32(TABLE, 1_000), via(1), over(2)),
    "a blackhole": route({ type: 6 }, over(2)),
    "without a gateway": route({}, over(2)),
    "without an interface": route({}, via(1)),
    "of a bridge": route({ family: 7 }, via(1), over(2)),
  }))
    t.same(defaultRoutes(message), [], what);
  t.end();
});

t.test("several ways of one route", (t) => {
  // struct rtnexthop: length 16, flags, hops, interface; then its gateway.
  const way = (index: number, last: number) =>
    joined([Uint8Array.of(16, 0, 0, 0, index, 0, 0, 0), via(last)]);
  const message = route({}, attribute(MULTIPATH, joined([way(2, 1), way(3, 254)])));
  t.equal(gatewayOver(defaultRoutes(message), 4, 2), "192.0.2.1");
  t.equal(gatewayOver(defaultRoutes(message), 4, 3), "192.0.2.254");
  t.end();
});

t.test("of several routes over an interface the one with the lowest metric counts", (t) => {
  const routes = [
    ...defaultRoutes(route({}, via(1), over(2), metric(200))),
    ...defaultRoutes(route({}, via(2), over(2), metric(100))),
    ...defaultRoutes(route({}, via(3), over(3))),
    ...defaultRoutes(route({ family: 10 }, GATEWAY6, over(2))),
  ];
  t.equal(gatewayOver(routes, 4, 2), "192.0.2.2");
  t.equal(gatewayOver(routes, 6, 2), "fe80::1");
  t.equal(gatewayOver(routes, 6, 3), undefined);
  t.end();
});

t.test("any bytes: routes or none, never a throw", (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => defaultRoutes(bytes).length >= 0));
  t.end();
});
