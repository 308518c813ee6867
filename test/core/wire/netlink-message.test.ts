/**
 * Goal: requests are numbered and padded as the kernel wants them, its answers are taken apart, and nonsense is none.
 * Method: bytes by hand from linux/netlink.h; random requests there and back.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { joined } from "../../../src/core/wire/netlink.ts";
import {
  decodeNetlinkMessages,
  encodeNetlinkMessage,
  netlinkErrno,
  NLM_F_ACK,
  NLM_F_REQUEST,
  NLMSG_ERROR,
} from "../../../src/core/wire/netlink-message.ts";

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

t.test("a request with its padding", async (t) => {
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const message = encodeNetlinkMessage({
    type: 0x1c,
    flags,
    sequence: 0xffffffff,
    data: bytes("0501000a aa"),
  });
  t.equal(Buffer.from(message).toString("hex"), "150000001c000500ffffffff000000000501000aaa000000");
});

t.test("a refusal, and an acknowledgement", async (t) => {
  const echo = "14000000 1c00 0500 07000000 00000000";
  const refused = `24000000 0200 0000 07000000 00000000 efffffff ${echo}`;
  const done = `24000000 0200 0000 08000000 00000000 00000000 ${echo}`;
  const messages = decodeNetlinkMessages(bytes(refused + done));
  t.match(messages, [
    { type: NLMSG_ERROR, sequence: 7 },
    { type: NLMSG_ERROR, sequence: 8 },
  ]);
  t.strictSame(messages.map(netlinkErrno), [17, 0], "EEXIST, and success");
});

t.test("nonsense is none, and several are told apart", async () => {
  const request = fc.record({
    type: fc.nat(0xffff),
    flags: fc.nat(0xffff),
    sequence: fc.nat(0xffffffff),
    data: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.array(request), (requests) => {
      const messages = decodeNetlinkMessages(joined(requests.map(encodeNetlinkMessage)));
      const plain = messages.map(({ type, flags, sequence, data }) => ({ type, flags, sequence, data }));
      assert.deepEqual(
        plain.map(({ data, ...rest }) => [rest, [...data]]),
        requests.map(({ data, ...rest }) => [rest, [...data]]),
      );
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 15 }), (any) => {
      assert.deepEqual(decodeNetlinkMessages(any), []);
    }),
  );
});
