/**
 * Goal: attributes are laid out as linux/netlink.h has it, and no bytes whatever make the decoder throw.
 * Method: literal bytes, one line a field, worked out by hand from `struct nlattr`; random lists there and back; random
 * bytes.
 */

import fc from "fast-check";
import t from "tap";
import {
  attribute,
  NetlinkWriter,
  be16,
  be32,
  decodeAttributes,
  joined,
  nested,
  readBe16,
  readBe32,
  readNested,
  readText,
  readU16,
  readU32,
  text,
  u16,
  u32,
  u8,
} from "../../../src/core/wire/netlink.ts";

/** Bytes from hexadecimal text with blanks and line ends for the reader. */
function hex(...lines: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(lines.join("").replaceAll(" ", ""), "hex"));
}

t.test("integers and text are laid out with length, type, value and padding", async (t) => {
  t.strictSame(u16(1, 0x0102), hex("0600 0100", "0201", "0000"));
  t.strictSame(u32(5, 0x01020304), hex("0800 0500", "04030201"));
  t.strictSame(u32(7, 4, 0xfffffffd), hex("0c00 0700", "04000000", "fdffffff"));
  t.strictSame(be16(4, 80), hex("0600 0400", "0050", "0000"));
  t.strictSame(be32(9, 0xffffff00), hex("0800 0900", "ffffff00"));
  t.strictSame(text(6, "wlc"), hex("0800 0600", "776c6300"));
});

t.test("a nested attribute has the nested flag and the padded lengths of what is in it", async (t) => {
  const bytes = nested(1, u16(1, 2), u32(8, 300));
  t.strictSame(
    bytes,
    hex(
      "1400 0180", // length 4 + 8 + 8, type 1 with NLA_F_NESTED
      "0600 0100 0200 0000",
      "0800 0800 2c010000",
    ),
  );
  const inner = readNested(decodeAttributes(bytes)?.get(1));
  t.equal(readU16(inner?.get(1)), 2);
  t.equal(readU32(inner?.get(8)), 300);
});

t.test("the last attribute's padding may be missing, and the last of a type counts", async (t) => {
  t.equal(readU16(decodeAttributes(hex("0600 0100 0700"))?.get(1)), 7);
  t.equal(readU16(decodeAttributes(joined([u16(1, 7), u16(1, 8)]))?.get(1)), 8);
});

const REFUSED: readonly (readonly [string, Uint8Array])[] = [
  ["a header cut short", hex("0800 01")],
  ["a length below the header's", hex("0300 0100")],
  ["a length of zero, which would never end", hex("0000 0100 00000000")],
  ["a length past the end", hex("0900 0100 00000000")],
  ["bytes left over", hex("0600 0100 0700 0000", "ff")],
];
for (const [name, bytes] of REFUSED) {
  t.test(`refused: ${name}`, async (t) => {
    t.equal(decodeAttributes(bytes), undefined);
  });
}

t.test("a value that has not the size of its type is undefined", async (t) => {
  t.equal(readU16(hex("01")), undefined);
  t.equal(readU32(hex("0102")), undefined);
  t.equal(readBe16(hex("010203")), undefined);
  t.equal(readBe32(undefined), undefined);
  t.equal(readText(undefined), undefined);
  t.equal(readText(hex("7272")), "rr", "text without its zero byte is all of it");
});

t.test("any list of attributes comes back as it went, with the last of each type and no others", async () => {
  const type = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 0x3fff }));
  fc.assert(
    fc.property(fc.array(fc.tuple(type, fc.uint8Array())), type, (attributes, other) => {
      const values = decodeAttributes(joined(attributes.map(([type, value]) => attribute(type, value))));
      const expected = new Map(attributes);
      if (values === undefined || values.has(other) !== expected.has(other)) return false;
      return [...expected].every(
        ([type, value]) => Buffer.compare(values.get(type) ?? Buffer.of(1), value) === 0,
      );
    }),
  );
});

t.test(
  "written into one piece of memory, however small at first, attributes are the same bytes",
  async (t) => {
    const [type, byte] = [fc.integer({ min: 1, max: 0x3fff }), fc.nat(0xff)];
    const values = fc.record({
      short: fc.nat(0xffff),
      long: fc.integer({ min: 0, max: 0xffffffff }),
      bytes: fc.uint8Array(),
    });
    fc.assert(
      fc.property(fc.nat(200), type, byte, values, (capacity, type, byte, { short, long, bytes }) => {
        const writer = new NetlinkWriter(capacity);
        writer.raw(be32(1, long));
        writer.nested(type, () => {
          writer.u8(2, byte);
          writer.nested(3, () => writer.u16(4, short));
          writer.attribute(5, bytes);
          writer.attribute(6, bytes, bytes.length + 7);
        });
        writer.u32(7, long);
        writer.be16(type, short);
        const padded = joined([bytes, new Uint8Array(7)]);
        const expected = joined([
          be32(1, long),
          nested(type, u8(2, byte), nested(3, u16(4, short)), attribute(5, bytes), attribute(6, padded)),
          u32(7, long),
          be16(type, short),
        ]);
        return Buffer.compare(writer.bytes, expected) === 0;
      }),
    );
    t.strictSame(new NetlinkWriter(8).bytes, hex(""));
  },
);

t.test("no bytes make the decoder throw", async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      decodeAttributes(bytes);
    }),
  );
});
