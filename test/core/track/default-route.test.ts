/**
 * Goal: the gateway of the default route over an interface is the one that the kernel uses. Method: messages as the kernel
 * writes them, laid out by hand after linux/rtnetlink.h.
 */

import fc from "fast-check";
import t from "tap";
import type { Route } from "../../../src/core/routing/model.ts";
import { gatewayOver } from "../../../src/core/track/gateway.ts";
import { attribute, joined, u32 } from "../../../src/core/wire/netlink.ts";
import { decodeRoute } from "../../../src/core/wire/routing.ts";

const [OIF, GATEWAY, PRIORITY, MULTIPATH, TABLE] = [4, 5, 6, 9, 15];

function route(
  head: Partial<Record<"family" | "length" | "from" | "tos" | "table" | "type", number>>,
  ...attributes: Uint8Array[]
) {
  const { family = 2, length = 0, from = 0, tos = 0, table = 254, type = 1 } = head;
  return joined([Uint8Array.of(family, length, from, tos, table, 3, 0, type, 0, 0, 0, 0), ...attributes]);
}

const via = (last: number) => attribute(GATEWAY, Uint8Array.of(192, 0, 2, last));
const over = (index: number) => u32(OIF, index);
const metric = (value: number) => u32(PRIORITY, value);
const GATEWAY6 = attribute(GATEWAY, Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));

/** The routes that the kernel tells of; interface N is ethN. */
function told(...messages: Uint8Array[]): readonly Route[] {
  return messages.flatMap((message) => decodeRoute(message, (index) => `eth${index}`)?.entry ?? []);
}

t.test("a default route, and what is none", (t) => {
  t.equal(
    gatewayOver(told(route({}, u32(TABLE, 254), via(1), over(2), metric(100))), 4, "eth2"),
    "192.0.2.1",
  );
  t.equal(gatewayOver(told(route({ family: 10 }, GATEWAY6, over(2))), 6, "eth2"), "fe80::1");
  for (const [what, message] of Object.entries({
    "a network's": route({ length: 24 }, via(1), over(2)),
    "for packets from a network": route({ from: 24 }, via(1), over(2)),
    "for some packets only": route({ tos: 16 }, via(1), over(2)),
    "of another table": route({ table: 0 }, u32(TABLE, 1_000), via(1), over(2)),
    "a blackhole": route({ type: 6 }, over(2)),
    "without a gateway": route({}, over(2)),
    "without an interface": route({}, via(1)),
    "of a bridge": route({ family: 7 }, via(1), over(2)),
  }))
    t.equal(gatewayOver(told(message), 4, "eth2"), undefined, what);
  t.end();
});

t.test("several ways of one route", (t) => {
  // struct rtnexthop: length 16, flags, hops, interface; then its gateway.
  const way = (index: number, last: number) =>
    joined([Uint8Array.of(16, 0, 0, 0, index, 0, 0, 0), via(last)]);
  const routes = told(route({}, attribute(MULTIPATH, joined([way(2, 1), way(3, 254)]))));
  t.equal(gatewayOver(routes, 4, "eth2"), "192.0.2.1");
  t.equal(gatewayOver(routes, 4, "eth3"), "192.0.2.254");
  t.end();
});

t.test("of several routes over an interface the one with the lowest metric counts", (t) => {
  const routes = told(
    route({}, via(1), over(2), metric(200)),
    route({}, via(2), over(2), metric(100)),
    route({}, via(3), over(3)),
    route({ family: 10 }, GATEWAY6, over(2)),
  );
  t.equal(gatewayOver(routes, 4, "eth2"), "192.0.2.2");
  t.equal(gatewayOver(routes, 6, "eth2"), "fe80::1");
  t.equal(gatewayOver(routes, 6, "eth3"), undefined);
  t.end();
});

t.test("any bytes: a route or none, never a throw", (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => told(bytes).length >= 0));
  t.end();
});
