/**
 * Goal: requests are numbered and padded as the kernel wants them, its answers are taken apart, and nonsense is none.
 * Method: bytes by hand from linux/netlink.h; random requests there and back.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  decodeMessages,
  encodeRequests,
  errnoIn,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLMSG_ERROR,
} from "../../../src/core/wire/netlink-message.ts";

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

t.test("two requests in one datagram", async (t) => {
  const datagram = encodeRequests(0x1c, 0xffffffff, [
    { flags: 0, payload: bytes("05 01 00 00 aa") },
    { flags: NLM_F_ACK, payload: bytes("06 01 00 00") },
  ]);
  t.equal(
    Buffer.from(datagram).toString("hex"),
    [
      "15000000 1c00 0100 ffffffff 00000000 05010000 aa 000000",
      "14000000 1c00 0500 00000000 00000000 06010000",
    ]
      .join("")
      .replaceAll(" ", ""),
  );
});

t.test("a refusal, and an acknowledgement", async (t) => {
  const echo = "14000000 1c00 0500 07000000 00000000";
  const [refusal, done] =
    decodeMessages(
      bytes(
        `24000000 0200 0000 07000000 00000000 efffffff ${echo} 24000000 0200 0000 08000000 00000000 00000000 ${echo}`,
      ),
    ) ?? [];
  t.match(refusal, { type: NLMSG_ERROR, sequence: 7 });
  t.equal(refusal && errnoIn(refusal), 17, "EEXIST");
  t.match(done, { sequence: 8 });
  t.equal(done && errnoIn(done), 0);
});

t.test("nonsense is undefined", async (t) => {
  for (const hex of ["00", "0f000000 0200 0000 07000000 00000000", "14000000 0200 0000 07000000 00000000"])
    t.equal(decodeMessages(bytes(hex)), undefined);
  t.strictSame(decodeMessages(bytes("")), []);
  t.equal(errnoIn({ type: NLMSG_ERROR, flags: 0, sequence: 1, payload: bytes("ef") }), 0);
});

t.test("there and back", async () => {
  const request = fc.record({
    flags: fc.constantFrom(0, NLM_F_ACK, NLM_F_DUMP),
    payload: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.array(request), fc.nat(0xffffffff), (requests, sequence) => {
      const messages = decodeMessages(encodeRequests(20, sequence, requests));
      assert.deepEqual(
        messages?.map(({ flags, payload, sequence: number }) => [flags, [...payload], number]),
        requests.map(({ flags, payload }, index) => [flags | 1, [...payload], (sequence + index) >>> 0]),
      );
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (any) => {
      decodeMessages(any);
    }),
  );
});
