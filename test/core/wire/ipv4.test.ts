/**
 * Goal: the IPv4 header, read and written. Method: a packet that keepalived 2.2.7 sent (tcpdump -x), one line a field; a
 * table of what is no packet; a round trip; any bytes.
 */

import fc from "fast-check";
import t from "tap";
import { type Ipv4, ipv4At } from "../../../src/core/units/ipv4.ts";
import { decodeIpv4, encodeIpv4 } from "../../../src/core/wire/ipv4.ts";

const HEADER = [
  0x45, //                       version 4, header of 5 words
  0xc0, //                       precedence: internetwork control
  ...[0x00, 0x18], //            total length: 24
  ...[0x00, 0x01], //            identification
  ...[0x00, 0x00], //            flags, fragment offset
  0xff, //                       time to live: 255
  0x70, //                       protocol: 112
  ...[0x18, 0x97], //            header checksum
  ...[0xc0, 0x00, 0x02, 0x0b], // source: 192.0.2.11
  ...[0xe0, 0x00, 0x00, 0x12], // destination: 224.0.0.18
];
const PAYLOAD = [0xde, 0xad, 0xbe, 0xef];

/** The packet above with some octets replaced, by their offset. */
function packetWith(changes: Readonly<Record<number, number>>): Uint8Array {
  const bytes = Uint8Array.of(...HEADER, ...PAYLOAD);
  for (const [offset, octet] of Object.entries(changes)) bytes[Number(offset)] = octet;
  return bytes;
}

t.test("a packet is read field by field", (t) => {
  t.same(decodeIpv4(packetWith({})), {
    source: "192.0.2.11",
    destination: "224.0.0.18",
    ttl: 255,
    protocol: 112,
    payload: Uint8Array.of(...PAYLOAD),
  });
  t.end();
});

t.test("options are skipped, and Ethernet's padding is not payload", (t) => {
  const withOptions = [...HEADER, 0x01, 0x01, 0x01, 0x00, ...PAYLOAD];
  withOptions[0] = 0x46;
  withOptions[3] = 28;
  t.same(decodeIpv4(Uint8Array.from(withOptions))?.payload, Uint8Array.of(...PAYLOAD));
  const padded = Uint8Array.of(...HEADER, ...PAYLOAD, ...new Uint8Array(18));
  t.same(decodeIpv4(padded)?.payload, Uint8Array.of(...PAYLOAD));
  t.end();
});

t.test("what is no whole packet is undefined", (t) => {
  const refused: [string, Uint8Array][] = [
    ["nothing", new Uint8Array()],
    ["a header cut short", Uint8Array.from(HEADER.slice(0, 19))],
    ["version 6", packetWith({ 0: 0x65 })],
    ["a header of four words", packetWith({ 0: 0x44 })],
    ["a header that is longer than the packet", packetWith({ 0: 0x4f })],
    ["a total length below the header's", packetWith({ 3: 19 })],
    ["a total length beyond what came", packetWith({ 3: 25 })],
  ];
  for (const [name, bytes] of refused) t.equal(decodeIpv4(bytes), undefined, name);
  t.end();
});

t.test("a packet is written with what the kernel fills in left 0", (t) => {
  const expected = packetWith({ 4: 0, 5: 0, 10: 0, 11: 0 });
  const packet = {
    source: "192.0.2.11" as Ipv4,
    destination: "224.0.0.18" as Ipv4,
    ttl: 255,
    protocol: 112,
    payload: Uint8Array.from(PAYLOAD),
  };
  t.same([...encodeIpv4(packet)], [...expected]);
  t.end();
});

const anyAddress = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ipv4At(bytes, 0));

t.test("what is written reads the same", (t) => {
  const anyPacket = fc.record({
    source: anyAddress,
    destination: anyAddress,
    ttl: fc.integer({ min: 0, max: 255 }),
    protocol: fc.integer({ min: 0, max: 255 }),
    payload: fc.uint8Array({ maxLength: 1_500 }),
  });
  fc.assert(
    fc.property(anyPacket, (packet) => {
      const read = decodeIpv4(encodeIpv4(packet));
      t.same({ ...read, payload: [...(read?.payload ?? [])] }, { ...packet, payload: [...packet.payload] });
    }),
  );
  t.end();
});

t.test("any bytes: a payload within them, or undefined, never a throw", (t) => {
  const likely = fc
    .tuple(fc.integer({ min: 0x40, max: 0x4f }), fc.uint8Array({ maxLength: 80 }))
    .map(([first, rest]) => Uint8Array.of(first, ...rest));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), likely), (bytes) => {
      const packet = decodeIpv4(bytes);
      return packet === undefined || packet.payload.length <= bytes.length - 20;
    }),
  );
  t.end();
});
