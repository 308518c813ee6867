/**
 * Goal: adverts are read and written as RFC 3768 §5.1 and RFC 9568 §5.1 lay them out, in both forms of the version 3
 * checksum, and whatever is no advert is refused by its cause. Method: messages laid out by hand, checksums added up by
 * hand; two packets that keepalived 2.2.7 sent (tcpdump -x); a table of faults; round trips; any bytes.
 */

import fc from "fast-check";
import t from "tap";
import { type Ipv4, ipv4At } from "../../../src/core/units/ipv4.ts";
import { centiseconds, seconds } from "../../../src/core/units/time.ts";
import { type Advert, type ChecksumForm, decodeAdvert, encodeAdvert } from "../../../src/core/wire/vrrp.ts";

const SOURCE = "192.0.2.11" as Ipv4;
const GROUP = "224.0.0.18" as Ipv4;

const V2 = [
  0x21, //                       version 2, type 1
  0x33, //                       VRID 51
  0x64, //                       priority 100
  0x01, //                       one address
  0x00, //                       no authentication
  0x01, //                       1 s
  ...[0xb8, 0x65], //            2133 + 6401 + 0001 + c000 + 0264 = 14799 -> 479a
  ...[0xc0, 0x00, 0x02, 0x64], // 192.0.2.100
  ...[0x00, 0x00, 0x00, 0x00], // authentication data
  ...[0x00, 0x00, 0x00, 0x00],
];

const V3_MESSAGE = [
  0x31, //                       version 3, type 1
  0x33, //                       VRID 51
  0x64, //                       priority 100
  0x01, //                       one address
  ...[0x00, 0x64], //            100 cs
  ...[0xa8, 0x02], //            3133 + 6401 + 0064 + c000 + 0264 = 157fc -> 57fd
  ...[0xc0, 0x00, 0x02, 0x64], // 192.0.2.100
];

// The pseudo-header adds c000 + 020b + e000 + 0012 + 0070 + 000c = 1a299: 157fc + 1a299 = 2fa95 -> fa97
const V3_PSEUDO_HEADER = V3_MESSAGE.with(6, 0x05).with(7, 0x68);

const ADVERT: Advert = {
  version: 3,
  vrid: 51,
  priority: 100,
  advertInterval: seconds(1),
  addresses: ["192.0.2.100" as Ipv4],
};

const VECTORS: [string, number[], Advert, ChecksumForm][] = [
  ["version 2", V2, { ...ADVERT, version: 2 }, "message"],
  ["version 3, RFC 9568's checksum", V3_MESSAGE, ADVERT, "message"],
  ["version 3, the checksum with a pseudo-header", V3_PSEUDO_HEADER, ADVERT, "pseudo-header"],
];

for (const [name, bytes, advert, checksum] of VECTORS) {
  t.test(`${name}: read and written`, (t) => {
    t.same(decodeAdvert(Uint8Array.from(bytes), SOURCE, GROUP), { ok: true, advert, checksum });
    t.same([...encodeAdvert(advert, SOURCE, GROUP, checksum)], bytes);
    t.end();
  });
}

t.test("keepalived's version 2, priority 150, two addresses", (t) => {
  const captured = Buffer.from(
    "2133 9602 0001 c3fe c000 0264 c000 0265 0000 0000 0000 0000".replaceAll(" ", ""),
    "hex",
  );
  const advert: Advert = {
    version: 2,
    vrid: 51,
    priority: 150,
    advertInterval: seconds(1),
    addresses: ["192.0.2.100", "192.0.2.101"] as Ipv4[],
  };
  t.same(decodeAdvert(captured, SOURCE, GROUP), { ok: true, advert, checksum: "message" });
  t.same([...encodeAdvert(advert, SOURCE, GROUP, "message")], [...captured]);
  t.end();
});

t.test("keepalived's version 3, which has a pseudo-header in its checksum", (t) => {
  const captured = Buffer.from("3133 9602 0064 10fd c000 0264 c000 0265".replaceAll(" ", ""), "hex");
  const advert: Advert = {
    version: 3,
    vrid: 51,
    priority: 150,
    advertInterval: seconds(1),
    addresses: ["192.0.2.100", "192.0.2.101"] as Ipv4[],
  };
  t.same(decodeAdvert(captured, SOURCE, GROUP), { ok: true, advert, checksum: "pseudo-header" });
  t.same([...encodeAdvert(advert, SOURCE, GROUP, "pseudo-header")], [...captured]);
  t.same(decodeAdvert(captured, "192.0.2.12" as Ipv4, GROUP), { ok: false, fault: "checksum", vrid: 51 });
  t.end();
});

t.test("version 2's checksum has no pseudo-header, whatever is asked for", (t) => {
  t.same([...encodeAdvert({ ...ADVERT, version: 2 }, SOURCE, GROUP, "pseudo-header")], V2);
  t.end();
});

t.test("the reserved bits before version 3's interval are ignored", (t) => {
  // f064 for 0064 adds f000: 57fd + f000 = 147fd -> 47fe
  const bytes = Uint8Array.from(V3_MESSAGE.with(4, 0xf0).with(6, 0xb8).with(7, 0x01));
  t.same(decodeAdvert(bytes, SOURCE, GROUP), { ok: true, advert: ADVERT, checksum: "message" });
  t.end();
});

t.test("intervals at their ends: 10 ms and 40.95 s, 1 s and 255 s", (t) => {
  const ends: [2 | 3, number, number, number][] = [
    [3, centiseconds(1), 0x00, 0x01],
    [3, centiseconds(4_095), 0x0f, 0xff],
    [2, seconds(1), 0x00, 0x01],
    [2, seconds(255), 0x00, 0xff],
  ];
  for (const [version, interval, high, low] of ends) {
    const advert = { ...ADVERT, version, advertInterval: interval } as Advert;
    const bytes = encodeAdvert(advert, SOURCE, GROUP, "message");
    t.same([bytes[4], bytes[5]], [high, low]);
    t.match(decodeAdvert(bytes, SOURCE, GROUP), { ok: true, advert: { advertInterval: interval } });
  }
  t.end();
});

t.test("a message with 255 addresses has 1,028 bytes", (t) => {
  const addresses = Array.from({ length: 255 }, (_, index) => `10.0.0.${index}` as Ipv4);
  const bytes = encodeAdvert({ ...ADVERT, addresses }, SOURCE, GROUP, "message");
  t.equal(bytes.length, 1_028);
  t.match(decodeAdvert(bytes, SOURCE, GROUP), { ok: true, advert: { addresses } });
  t.end();
});

/** The message with its checksum made right again, added up here and not by the code under test. */
function summed(bytes: readonly number[]): Uint8Array {
  const words = bytes.with(6, 0).with(7, 0);
  let sum = 0;
  for (const [index, octet] of words.entries()) sum += index % 2 === 0 ? octet * 256 : octet;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return Uint8Array.from(words.with(6, (0xffff - sum) >> 8).with(7, (0xffff - sum) % 256));
}

const REFUSED: [string, Uint8Array, string][] = [
  ["nothing at all", new Uint8Array(), "length"],
  ["seven bytes", Uint8Array.from(V3_MESSAGE.slice(0, 7)), "length"],
  ["version 1", summed(V3_MESSAGE.with(0, 0x11)), "version"],
  ["version 4", summed(V3_MESSAGE.with(0, 0x41)), "version"],
  ["version 0", summed(V3_MESSAGE.with(0, 0x01)), "version"],
  ["type 0", summed(V3_MESSAGE.with(0, 0x30)), "type"],
  ["type 2", summed(V2.with(0, 0x22)), "type"],
  ["no address", summed(V3_MESSAGE.slice(0, 8).with(3, 0)), "address-count"],
  ["no address, version 2", summed([...V2.slice(0, 8), ...V2.slice(12)].with(3, 0)), "address-count"],
  ["one address too few", summed(V3_MESSAGE.with(3, 2)), "length"],
  ["one address too many", summed([...V3_MESSAGE, 10, 0, 0, 1]), "length"],
  ["one byte too many", summed([...V3_MESSAGE, 0]), "length"],
  ["one byte too few", summed(V3_MESSAGE.slice(0, 11)), "length"],
  ["version 2 without authentication data", summed(V2.slice(0, 12)), "length"],
  ["version 3 with authentication data", summed([...V3_MESSAGE, 0, 0, 0, 0, 0, 0, 0, 0]), "length"],
  ["a wrong checksum, version 2", Uint8Array.from(V2.with(7, 0x66)), "checksum"],
  ["a wrong checksum, version 3", Uint8Array.from(V3_MESSAGE.with(7, 0x03)), "checksum"],
  ["a changed priority", Uint8Array.from(V3_MESSAGE.with(2, 0xfe)), "checksum"],
  ["a changed address", Uint8Array.from(V3_PSEUDO_HEADER.with(11, 0x65)), "checksum"],
  ["version 2 with a pseudo-header in its checksum", withPseudoHeader(V2), "checksum"],
  ["a plain text password", summed(V2.with(4, 1)), "auth-type"],
  ["an authentication header", summed(V2.with(4, 2)), "auth-type"],
  ["no interval, version 2", summed(V2.with(5, 0)), "interval"],
  ["no interval, version 3", summed(V3_MESSAGE.with(5, 0)), "interval"],
  ["no interval but in the reserved bits", summed(V3_MESSAGE.with(4, 0xf0).with(5, 0)), "interval"],
];

/** c000 + 020b + e000 + 0012 + 0070 + 0014 = 1a2a1, and V2's own 14799: 2ea3a -> ea3c -> 15c3. */
function withPseudoHeader(v2: readonly number[]): Uint8Array {
  return Uint8Array.from(v2.with(6, 0x15).with(7, 0xc3));
}

for (const [name, bytes, fault] of REFUSED) {
  t.test(`refused for its ${fault}: ${name}`, (t) => {
    t.same(decodeAdvert(bytes, SOURCE, GROUP), { ok: false, fault, vrid: bytes[1] });
    t.end();
  });
}

const anyAddress = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ipv4At(bytes, 0));
const octet = (min: number) => fc.integer({ min, max: 255 });
const anyAdvert: fc.Arbitrary<Advert> = fc
  .tuple(
    fc.constantFrom(2 as const, 3 as const),
    octet(1),
    octet(0),
    octet(1),
    fc.integer({ min: 1, max: 4_095 }),
    fc.array(anyAddress, { minLength: 1, maxLength: 255 }),
  )
  .map(([version, vrid, priority, whole, hundredths, addresses]) => ({
    version,
    vrid,
    priority,
    advertInterval: version === 2 ? seconds(whole) : centiseconds(hundredths),
    addresses,
  }));
const anyForm = fc.constantFrom<ChecksumForm>("message", "pseudo-header");

t.test("what is written reads the same, in either form", (t) => {
  fc.assert(
    fc.property(anyAdvert, anyForm, anyAddress, anyAddress, (advert, form, source, destination) => {
      const decoded = decodeAdvert(encodeAdvert(advert, source, destination, form), source, destination);
      t.match(decoded, { ok: true, advert });
    }),
  );
  t.end();
});

t.test("one flipped bit is refused", (t) => {
  fc.assert(
    fc.property(anyAdvert, anyForm, fc.nat(), (advert, form, at) => {
      const bytes = encodeAdvert(advert, SOURCE, GROUP, form);
      const bit = at % (bytes.length * 8);
      bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      return !decodeAdvert(bytes, SOURCE, GROUP).ok;
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test("any bytes: an advert or a fault, never a throw", (t) => {
  const anyBytes = fc.uint8Array({ maxLength: 64 });
  const likely = fc
    .tuple(fc.constantFrom(0x21, 0x31), fc.integer({ min: 0, max: 5 }), fc.uint8Array({ maxLength: 40 }))
    .map(([first, count, rest]) => summed([first, 51, 100, count, ...rest, 0, 0, 0, 0]));
  fc.assert(
    fc.property(fc.oneof(anyBytes, likely), anyAddress, (bytes, source) => {
      const decoded = decodeAdvert(bytes, source, GROUP);
      return decoded.ok ? decoded.advert.addresses.length > 0 : typeof decoded.fault === "string";
    }),
    { numRuns: 1_000 },
  );
  t.end();
});

t.test("a message inside a larger buffer is read from where it begins", (t) => {
  const buffer = Uint8Array.of(0x99, 0x99, 0x99, ...V3_MESSAGE, 0x99);
  t.match(decodeAdvert(buffer.subarray(3, 15), SOURCE, GROUP), { ok: true, advert: ADVERT });
  t.end();
});
