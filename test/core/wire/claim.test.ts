/**
 * Goal: who claims an address is read from a frame, and nothing is read into others. Method: our own encoders, whose bytes
 * have tests of their own, and frames with one byte altered; the filter's program is laid out by hand.
 */

import t from "tap";
import type { Ipv4 } from "../../../src/core/units/ipv4.ts";
import type { Ipv6 } from "../../../src/core/units/ipv6.ts";
import type { Mac } from "../../../src/core/units/mac.ts";
import { ARP_REPLY, ARP_REQUEST, encodeGratuitousArp } from "../../../src/core/wire/arp.ts";
import { claimFilter, decodeClaim } from "../../../src/core/wire/claim.ts";
import { encodeUnsolicitedAdvertisement } from "../../../src/core/wire/ndp.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 9) as Mac;
const VIP = "192.0.2.100" as Ipv4;
const VIP6 = "2001:db8::100" as Ipv6;

t.test("the sender of an ARP packet, whatever its operation", (t) => {
  for (const operation of [ARP_REQUEST, ARP_REPLY] as const)
    t.strictSame(decodeClaim(encodeGratuitousArp(operation, VIP, MAC)), { address: VIP, mac: MAC });
  t.equal(decodeClaim(encodeGratuitousArp(ARP_REPLY, VIP, MAC).subarray(0, 41)), undefined, "cut short");
  t.end();
});

t.test("the target of a neighbour advertisement, with its option or without", (t) => {
  const frame = encodeUnsolicitedAdvertisement(VIP6, MAC);
  t.strictSame(decodeClaim(frame), { address: VIP6, mac: MAC });
  t.strictSame(decodeClaim(frame.subarray(0, 78)), { address: VIP6, mac: MAC }, "the frame's source then");
  t.equal(decodeClaim(frame.subarray(0, 77)), undefined, "cut short");
  for (const offset of [12, 20, 54]) {
    const other = Uint8Array.from(frame, (byte, index) => (index === offset ? byte ^ 1 : byte));
    t.equal(decodeClaim(other), undefined, `another byte ${offset}`);
  }
  t.equal(decodeClaim(new Uint8Array()), undefined);
  t.end();
});

t.test("the filter for IPv4: load the sender, compare, let through", (t) => {
  t.strictSame(
    [...claimFilter([VIP])],
    [
      ...[0x20, 0, 0, 0, 28, 0, 0, 0], //        ld [28]
      ...[0x15, 0, 0, 1, 100, 2, 0, 192], //     jeq #192.0.2.100, 0, 1
      ...[0x06, 0, 0, 0, 0, 0, 4, 0], //         ret #0x40000
      ...[0x06, 0, 0, 0, 0, 0, 0, 0], //         ret #0
    ],
  );
  const many = Array.from({ length: 2_500 }, (_, index) => `10.0.${index >> 8}.${index & 255}` as Ipv4);
  t.equal(claimFilter(many).length, 2 * 8, "too many for a program: all are let through");
  t.end();
});
