/**
 * Goal: what the kernel counts is read from its 64-bit statistics. Method: literal bytes worked out by hand from
 * linux/ip_vs.h.
 */

import t from "tap";
import { destinationAttributes } from "../../../src/core/wire/ipvs.ts";
import { decodeServiceTraffic, readDestinationCounters } from "../../../src/core/wire/ipvs-counters.ts";

function hex(...lines: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(lines.join("").replaceAll(" ", ""), "hex"));
}

/** Five counters of 12 bytes, after a header of 4: 64. */
const STATS64 = [
  "4000 0c80", // STATS64, nested
  "0c00 0100 0700000000000000", // CONNS: 7
  "0c00 0200 0000000001000000", // INPKTS: 2^32, more than 32 bits hold
  "0c00 0300 0200000000000000", // OUTPKTS: 2
  "0c00 0400 ffffffff0f000000", // INBYTES: 2^36 - 1
  "0c00 0500 0000000000000000", // OUTBYTES: 0
] as const;
const TRAFFIC = {
  connections: 7,
  packetsIn: 4_294_967_296,
  packetsOut: 2,
  bytesIn: 68_719_476_735,
  bytesOut: 0,
};
/** The 32-bit ones, of which only the first is here: they are not to be read. */
const STATS = "0c00 0a80 0800 0100 63000000";

t.test("a service's traffic", async (t) => {
  t.strictSame(decodeServiceTraffic(hex("04 01 0000", "5000 0180", STATS, ...STATS64)), TRAFFIC);
  t.equal(decodeServiceTraffic(hex("04 01 0000", "1000 0180", STATS)), undefined, "a kernel without them");
});

t.test("a destination's traffic and connections", async (t) => {
  const connections = [
    "0800 0700 03000000", // ACTIVE_CONNS
    "0800 0800 05000000", // INACT_CONNS
    "0800 0900 01000000", // PERSIST_CONNS
  ];
  const part = hex("08 01 0000", "5c00 0280", ...connections, ...STATS64);
  t.strictSame(readDestinationCounters(destinationAttributes(part)), {
    traffic: TRAFFIC,
    connections: { active: 3, inactive: 5, persistent: 1 },
  });
  const cut = hex("08 01 0000", "1400 0280", ...connections.slice(1));
  t.strictSame(readDestinationCounters(destinationAttributes(cut)), {
    traffic: undefined,
    connections: undefined,
  });
});

t.test("a part that was cut says nothing", async (t) => {
  const part = hex("04 01 0000", "4400 0180", ...STATS64);
  for (let length = 0; length < part.length; length += 1)
    t.equal(decodeServiceTraffic(part.subarray(0, length)), undefined);
});
