/**
 * Goal: routes and rules are on the wire as the kernel's headers have them. Method: bytes worked out by hand from
 * linux/rtnetlink.h, and what was encoded is decoded again.
 */

import t from "tap";
import type { Route, RoutingRule } from "../../../src/core/routing/model.ts";
import {
  decodeRoute,
  decodeRule,
  encodeRoute,
  encodeRouteId,
  encodeRule,
} from "../../../src/core/wire/routing.ts";
import { ip } from "../vrrp/story.ts";

const indexOf = (name: string): number => Number(name.replace("eth", "")) + 2;
const nameOf = (index: number): string | undefined => (index >= 2 ? `eth${index - 2}` : undefined);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const FULL: Route = {
  kind: "route",
  family: 4,
  to: { address: ip("10.0.0.0"), prefixLength: 8 },
  table: 100_000,
  metric: 7,
  type: "unicast",
  scope: "global",
  src: ip("192.0.2.100"),
  mtu: 1400,
  nexthops: [{ via: ip("192.0.2.1"), interface: "eth0", weight: 1, onlink: true }],
  tracked: false,
};
const RULE: RoutingRule = {
  kind: "rule",
  family: 4,
  priority: 5,
  not: true,
  from: { address: ip("192.0.2.100"), prefixLength: 32 },
  to: { address: ip("10.0.0.0"), prefixLength: 8 },
  iif: "eth0",
  oif: "eth1",
  fwmark: { mark: 16, mask: 240 },
  action: "lookup",
  table: 100_000,
  suppressPrefixLength: 0,
};

t.test("a route, byte for byte", (t) => {
  t.equal(
    hex(encodeRoute({ entry: FULL, protocol: 112 }, indexOf)),
    [
      "02080000 00700001 04000000", // AF_INET, /8, table 0, protocol 112, universe, unicast, onlink
      "08000f00 a0860100", // RTA_TABLE 100000
      "08000100 0a000000", // RTA_DST
      "08000600 07000000", // RTA_PRIORITY
      "08000700 c0000264", // RTA_PREFSRC
      "0c000880 08000200 78050000", // RTA_METRICS { RTAX_MTU }
      "08000500 c0000201", // RTA_GATEWAY
      "08000400 02000000", // RTA_OIF
    ]
      .join("")
      .replaceAll(" ", ""),
  );
  t.equal(
    hex(encodeRouteId({ entry: FULL, protocol: 112 })),
    "020800000070ff000000000008000f00a0860100080001000a0000000800060007000000",
  );
  t.end();
});

t.test("what is encoded is decoded", (t) => {
  const [way] = FULL.nexthops;
  if (way === undefined) throw new Error("a way");
  const routes: readonly Route[] = [
    FULL,
    { ...FULL, table: 100, nexthops: [way, { ...way, via: ip("fe80::1"), interface: "eth1", weight: 256 }] },
    { ...FULL, type: "prohibit", nexthops: [], src: undefined, mtu: undefined },
    {
      ...FULL,
      family: 6,
      to: { address: ip("::"), prefixLength: 0 },
      src: ip("2001:db8::1"),
      nexthops: [{ ...way, via: undefined }],
    },
  ];
  for (const entry of routes) {
    const decoded = decodeRoute(encodeRoute({ entry, protocol: 18 }, indexOf), nameOf);
    t.strictSame(decoded, { entry, protocol: 18 });
  }
  const any = { from: undefined, to: undefined, iif: undefined, oif: undefined, fwmark: undefined };
  const rules: readonly RoutingRule[] = [
    RULE,
    {
      ...RULE,
      ...any,
      not: false,
      family: 6,
      action: "unreachable",
      table: 0,
      suppressPrefixLength: undefined,
    },
  ];
  for (const entry of rules)
    t.strictSame(decodeRule(encodeRule({ entry, protocol: 112 })), { entry, protocol: 112 });
  t.end();
});

t.test("what is none of ours, or no message at all, is undefined", (t) => {
  const bytes = encodeRoute({ entry: FULL, protocol: 112 }, indexOf);
  for (let length = 0; length < bytes.length; length += 1) {
    t.doesNotThrow(() => decodeRoute(bytes.subarray(0, length), nameOf));
    t.doesNotThrow(() => decodeRule(bytes.subarray(0, length)));
  }
  const local = Uint8Array.from(bytes);
  local[7] = 2; // RTN_LOCAL
  t.equal(decodeRoute(local, nameOf), undefined);
  const bridge = Uint8Array.from(bytes);
  bridge[0] = 7; // AF_BRIDGE
  t.equal(decodeRoute(bridge, nameOf), undefined);
  t.end();
});
