/**
 * Goal: control packets are read and written as RFC 5880 §4.1 draws them, and nothing else is taken for one. Method: a packet
 * laid out by hand, one change for each fault, and any bytes at all.
 */

import fc from "fast-check";
import t from "tap";
import { microseconds } from "../../../src/core/units/time.ts";
import { BFD_STATES, type ControlPacket, decodeControl, encodeControl } from "../../../src/core/wire/bfd.ts";

/** Version 1, diagnostic 1, Up, Poll and control plane independent, multiplier 3; 300 ms, 50 ms, 0. */
const BYTES = Uint8Array.of(
  ...[0x21, 0xe8, 0x03, 0x18],
  ...[0x00, 0x00, 0x00, 0x07],
  ...[0xca, 0xfe, 0xba, 0xbe],
  ...[0x00, 0x04, 0x93, 0xe0],
  ...[0x00, 0x00, 0xc3, 0x50],
  ...[0x00, 0x00, 0x00, 0x00],
);

const PACKET: ControlPacket = {
  diagnostic: 1,
  state: "up",
  poll: true,
  final: false,
  controlPlaneIndependent: true,
  authenticated: false,
  demand: false,
  multiplier: 3,
  myDiscriminator: 7,
  yourDiscriminator: 0xcafebabe,
  desiredMinTx: microseconds(300_000),
  requiredMinRx: microseconds(50_000),
  requiredMinEchoRx: microseconds(0),
};

t.test("a packet by hand, both ways", (t) => {
  t.strictSame(decodeControl(BYTES), { ok: true, packet: PACKET });
  t.strictSame(encodeControl(PACKET), BYTES);
  t.end();
});

t.test("states and flags have their bits", (t) => {
  const second = (changes: Partial<ControlPacket>) =>
    encodeControl({ ...PACKET, poll: false, controlPlaneIndependent: false, ...changes })[1];
  t.equal(second({ state: "admin-down" }), 0x00);
  t.equal(second({ state: "down" }), 0x40);
  t.equal(second({ state: "init" }), 0x80);
  t.equal(second({ state: "up" }), 0xc0);
  t.equal(second({ state: "admin-down", poll: true }), 0x20);
  t.equal(second({ state: "admin-down", final: true }), 0x10);
  t.equal(second({ state: "admin-down", controlPlaneIndependent: true }), 0x08);
  t.equal(second({ state: "admin-down", demand: true }), 0x02);
  t.end();
});

t.test("each fault by its name, the earlier of two in the order of RFC 5880 §6.8.6", (t) => {
  const fault = (...changes: readonly [number, number][]) => {
    const bytes = changes.reduce((all, [at, value]) => all.with(at, value), BYTES);
    const decoded = decodeControl(bytes);
    return decoded.ok ? "none" : decoded.fault;
  };
  t.equal(fault([0, 0x41]), "version");
  t.equal(fault([0, 0x41], [3, 0]), "version");
  t.equal(fault([3, 23]), "length");
  t.equal(fault([3, 25]), "length", "longer than the datagram");
  t.equal(fault([1, 0xe4], [3, 24]), "length", "no room for the authentication section");
  t.equal(fault([3, 25], [2, 0]), "length");
  t.equal(fault([2, 0]), "multiplier");
  t.equal(fault([2, 0], [1, 0xe9]), "multiplier");
  t.equal(fault([1, 0xe9]), "multipoint");
  t.equal(fault([1, 0xe9], [7, 0]), "multipoint");
  t.equal(fault([7, 0]), "my-discriminator");
  t.strictSame(decodeControl(new Uint8Array()), { ok: false, fault: "length" });
  t.strictSame(decodeControl(BYTES.subarray(0, 23)), { ok: false, fault: "length" });
  t.end();
});

t.test("an authentication section is noticed, and what follows the packet ignored", (t) => {
  const bytes = Uint8Array.of(...BYTES.with(1, 0xec).with(3, 26), 1, 2, 0xff, 0xff);
  t.strictSame(decodeControl(bytes), { ok: true, packet: { ...PACKET, authenticated: true } });
  t.end();
});

const packets: fc.Arbitrary<ControlPacket> = fc.record(
  {
    diagnostic: fc.nat(31),
    state: fc.constantFrom(...BFD_STATES),
    poll: fc.boolean(),
    final: fc.boolean(),
    controlPlaneIndependent: fc.boolean(),
    authenticated: fc.constant(false),
    demand: fc.boolean(),
    multiplier: fc.integer({ min: 1, max: 255 }),
    myDiscriminator: fc.integer({ min: 1, max: 0xffffffff }),
    yourDiscriminator: fc.nat(0xffffffff),
    desiredMinTx: fc.nat(0xffffffff).map(microseconds),
    requiredMinRx: fc.nat(0xffffffff).map(microseconds),
    requiredMinEchoRx: fc.nat(0xffffffff).map(microseconds),
  },
  { noNullPrototype: true },
);

t.test("what is written is read again", (t) => {
  fc.assert(
    fc.property(packets, (packet) => {
      t.strictSame(decodeControl(encodeControl(packet)), { ok: true, packet });
    }),
  );
  t.end();
});

t.test("any bytes are a packet or have a fault", (t) => {
  const start = fc.constantFrom(new Uint8Array(), Uint8Array.of(0x20), Uint8Array.of(0x20, 0x40, 3, 24));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 60 }), (head, tail) => {
      const decoded = decodeControl(Uint8Array.of(...head, ...tail));
      return decoded.ok ? decoded.packet.myDiscriminator > 0 : decoded.fault.length > 0;
    }),
    { numRuns: 2_000 },
  );
  t.end();
});
