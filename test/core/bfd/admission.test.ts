/**
 * Goal: only a packet of a session's neighbour reaches it, and every other one has a cause. Method: a packet laid out by hand
 * and one change for each cause.
 */

import t from "tap";
import { type Addressee, admitControl, type Arrival } from "../../../src/core/bfd/admission.ts";
import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import { session } from "./story.ts";

const ip = (text: string) => text as IpAddress;

/** Down, multiplier 3, discriminators 0x22 and 0; 1 s, 100 ms, 0. */
const CALL = Uint8Array.of(
  ...[0x20, 0x40, 0x03, 0x18],
  ...[0x00, 0x00, 0x00, 0x22],
  ...[0x00, 0x00, 0x00, 0x00],
  ...[0x00, 0x0f, 0x42, 0x40],
  ...[0x00, 0x01, 0x86, 0xa0],
  ...[0x00, 0x00, 0x00, 0x00],
);
/** Up, and our discriminator 0x11 of it. */
const UP = CALL.with(1, 0xc0).with(11, 0x11);

const NEAR: Addressee = { session: session(), discriminator: 0x11 };
const FAR: Addressee = {
  session: session({ name: "far", neighbor: ip("203.0.113.1"), multihop: true, minTtl: 250 }),
  discriminator: 0x12,
};
const ON_ETH1: Addressee = {
  session: session({ name: "eth1", neighbor: ip("fe80::1"), interface: "eth1" }),
  discriminator: 0x13,
};
const ON_ETH0: Addressee = {
  session: session({ name: "eth0", neighbor: ip("fe80::1"), interface: "eth0" }),
  discriminator: 0x14,
};
const ALL = [NEAR, FAR, ON_ETH1, ON_ETH0];

/** Who gets it, or the cause and for whom it was. */
function judged(bytes: Uint8Array, changes: Partial<Arrival> = {}): string {
  const arrival = { source: ip("192.0.2.1"), ttl: 255, interface: "eth0", multihop: false, ...changes };
  const admission = admitControl(bytes, arrival, ALL);
  const name = admission.addressee?.session.name ?? "nobody";
  return admission.type === "admitted" ? name : `${admission.cause} for ${name}`;
}

t.test("by the neighbour's address first, by our discriminator then", (t) => {
  t.equal(judged(CALL), "gateway");
  t.equal(judged(UP), "gateway");
  t.equal(judged(CALL.with(1, 0x00)), "gateway", "AdminDown may come without our discriminator");
  t.equal(judged(CALL, { source: ip("203.0.113.1"), multihop: true, ttl: 250 }), "far");
  t.equal(judged(UP.with(11, 0x12), { source: ip("203.0.113.1"), multihop: true, ttl: 255 }), "far");
  t.equal(judged(CALL, { source: ip("fe80::1"), interface: "eth1" }), "eth1");
  t.equal(judged(CALL, { source: ip("fe80::1"), interface: "eth0" }), "eth0");
  t.end();
});

t.test("each cause", (t) => {
  t.equal(judged(UP, { ttl: 254 }), "ttl for gateway");
  t.equal(judged(UP.with(0, 0), { ttl: 254 }), "ttl for gateway", "before anything is read");
  t.equal(judged(UP.with(0, 0x40)), "version for gateway");
  t.equal(judged(UP.with(11, 0x15)), "your-discriminator for gateway");
  t.equal(
    judged(UP, { source: ip("203.0.113.1"), multihop: true }),
    "your-discriminator for far",
    "by the other port",
  );
  t.equal(judged(CALL.with(1, 0xc0)), "state for gateway");
  t.equal(judged(CALL.with(1, 0x80)), "state for gateway");
  t.equal(judged(CALL, { source: ip("192.0.2.2") }), "source for nobody");
  t.equal(judged(UP, { source: ip("192.0.2.2") }), "source for gateway");
  t.equal(judged(CALL, { source: ip("fe80::1"), interface: "eth2" }), "interface for eth1");
  t.equal(judged(UP.with(11, 0x13), { source: ip("fe80::1"), interface: "eth0" }), "interface for eth1");
  t.equal(judged(Uint8Array.of(...UP.with(1, 0xc4).with(3, 26), 1, 2)), "authentication for gateway");
  t.equal(judged(CALL, { source: ip("203.0.113.1"), multihop: true, ttl: 249 }), "ttl for far");
  t.end();
});
