/** Goal: a hardware address has six bytes, and is a copy. Method: lengths by hand. */

import t from "tap";
import { BROADCAST_MAC, macFrom } from "../../../src/core/units/mac.ts";

t.test("six bytes make an Ethernet address, any other number does not", (t) => {
  t.same(macFrom(Uint8Array.of(2, 0, 0, 0, 0, 1)), Uint8Array.of(2, 0, 0, 0, 0, 1));
  for (const length of [0, 5, 7, 20]) t.equal(macFrom(new Uint8Array(length)), undefined, `${length} bytes`);
  t.end();
});

t.test("it does not change when the buffer that it came from does", (t) => {
  const buffer = Uint8Array.of(2, 0, 0, 0, 0, 1);
  const mac = macFrom(buffer);
  buffer.fill(9);
  t.same(mac, Uint8Array.of(2, 0, 0, 0, 0, 1));
  t.end();
});

t.test("broadcast is ff:ff:ff:ff:ff:ff", (t) => {
  t.same(BROADCAST_MAC, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
  t.end();
});
