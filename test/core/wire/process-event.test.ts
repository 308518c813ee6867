/**
 * Goal: the kernel's process events are read as it means them. Method: messages laid out by hand after linux/cn_proc.h, and
 * the first one of them as a 6.18 kernel sent it to another program.
 */

import t from "tap";
import { decodeProcessEvent, listenMessage } from "../../../src/core/wire/process-event.ts";

/** A message with that event and these words of data. */
function message(what: number, ...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(76);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 76, true);
  view.setUint32(36, what, true);
  for (const [index, word] of words.entries()) view.setUint32(52 + 4 * index, word, true);
  return bytes;
}

t.test("what is asked for: length 40, type 3, index 1, value 1, two times zero, 4 bytes, listen", (t) => {
  t.equal(
    Buffer.from(listenMessage()).toString("hex"),
    `28000000030000000000000000000000${"01000000".repeat(2)}${"00000000".repeat(2)}0400000001000000`,
  );
  t.end();
});

t.test("processes, not threads", (t) => {
  t.same(decodeProcessEvent(message(0x1, 10, 10, 20, 20)), { type: "forked", pid: 20 });
  t.equal(decodeProcessEvent(message(0x1, 10, 10, 21, 20)), undefined, "a thread of 20");
  t.same(decodeProcessEvent(message(0x2, 20, 20)), { type: "changed", pid: 20 });
  t.same(decodeProcessEvent(message(0x200, 20, 20)), { type: "changed", pid: 20 });
  t.equal(decodeProcessEvent(message(0x200, 21, 20)), undefined, "a thread's name");
  t.same(decodeProcessEvent(message(0x8000_0000, 20, 20, 0, 17)), { type: "ended", pid: 20 });
  t.equal(decodeProcessEvent(message(0x8000_0000, 21, 20, 0, 17)), undefined, "a thread's end");
  t.end();
});

t.test("everything else is nothing", (t) => {
  const acknowledgement =
    "4c0000000300000000000000000000000100000001000000000000000100000028000000000000000000000054c44c7a16070000" +
    "000000000000000000000000000000000000000000000000";
  t.equal(decodeProcessEvent(Buffer.from(acknowledgement, "hex")), undefined);
  t.equal(decodeProcessEvent(message(0x4, 20, 20)), undefined, "another user id");
  for (let length = 0; length < 68; length += 1)
    t.equal(decodeProcessEvent(message(0x2, 20, 20).subarray(0, length)), undefined);
  t.end();
});
