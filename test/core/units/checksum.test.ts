/**
 * Goal: the Internet checksum is RFC 1071's. Method: the example of its §3, sums worked out by hand, and the properties
 * that RFC 1071 §2 states, for any bytes.
 */

import fc from "fast-check";
import t from "tap";
import { internetChecksum } from "../../../src/core/units/checksum.ts";

t.test("RFC 1071 §3: 0001 f203 f4f5 f6f7 sums up to ddf2, whose complement is 220d", (t) => {
  t.equal(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)), 0x220d);
  t.end();
});

t.test("an odd last byte counts as the high half of a word", (t) => {
  // 0102 + 0300 = 0402
  t.equal(internetChecksum(Uint8Array.of(1, 2, 3)), 0xfbfd);
  t.end();
});

t.test("a carry is added at the low end, again and again", (t) => {
  // ffff + ffff + 0001 = 1ffff -> ffff + 1 = 10000 -> 0001
  t.equal(internetChecksum(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x00, 0x01)), 0xfffe);
  t.end();
});

t.test("of nothing it is ffff, of all ones 0", (t) => {
  t.equal(internetChecksum(), 0xffff);
  t.equal(internetChecksum(Uint8Array.of(0xff, 0xff)), 0);
  t.end();
});

const evenBytes = fc
  .uint8Array({ minLength: 0, maxLength: 200 })
  .map((bytes) => bytes.slice(0, bytes.length & ~1));

t.test("data that carries its own checksum sums up to 0", (t) => {
  fc.assert(
    fc.property(evenBytes, (bytes) => {
      const checksum = internetChecksum(bytes);
      return internetChecksum(bytes, Uint8Array.of(checksum >>> 8, checksum & 0xff)) === 0;
    }),
  );
  t.end();
});

t.test("pieces count as if they were one, in whatever order", (t) => {
  fc.assert(
    fc.property(evenBytes, evenBytes, (one, other) => {
      const whole = internetChecksum(Uint8Array.of(...one, ...other));
      return internetChecksum(one, other) === whole && internetChecksum(other, one) === whole;
    }),
  );
  t.end();
});

t.test("one flipped bit changes it", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 40 }), fc.nat(), (bytes, at) => {
      const flipped = Uint8Array.from(bytes);
      const bit = at % (bytes.length * 8);
      flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      return internetChecksum(flipped) !== internetChecksum(bytes);
    }),
  );
  t.end();
});
