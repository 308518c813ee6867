/**
 * Goal: sync daemons are started and stopped in the family's words, and those that run are understood.
 * Method: literal bytes worked out by hand from linux/ip_vs.h; random bytes.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { AF_INET, AF_INET6 } from "../../../src/core/wire/ipvs.ts";
import {
  decodeDaemon,
  encodeDelDaemon,
  encodeGetDaemons,
  encodeNewDaemon,
  type WireDaemon,
} from "../../../src/core/wire/ipvs-daemon.ts";

function hex(...lines: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(lines.join("").replaceAll(" ", ""), "hex"));
}

const MASTER: WireDaemon = {
  state: "master",
  interface: "eth1",
  id: 51,
  maxlen: 1_400,
  group: { family: AF_INET, bytes: Uint8Array.of(224, 0, 0, 81) },
  port: 8_848,
  ttl: 1,
};

const MASTER_ATTRIBUTES = [
  "0800 0100 01000000", // STATE: MASTER
  "0900 0200 6574683100 000000", // MCAST_IFN: "eth1" and a zero byte, padded
  "0800 0300 33000000", // SYNC_ID: 51
  "0600 0400 7805 0000", // SYNC_MAXLEN: 1400
  "0800 0500 e0000051", // MCAST_GROUP: 224.0.0.81
  "0600 0700 9022 0000", // MCAST_PORT: 8848 = 0x2290, host order
  "0500 0800 01 000000", // MCAST_TTL
] as const;

t.test("NEW_DAEMON carries all settings, the port in host order", async (t) => {
  t.strictSame(
    encodeNewDaemon(MASTER),
    hex(
      "09 01 0000", // NEW_DAEMON, version 1
      "4000 0380", // DAEMON, nested: 4 + 8 + 12 + 8 + 8 + 8 + 8 + 8
      ...MASTER_ATTRIBUTES,
    ),
  );
});

t.test("without a length the kernel chooses, and a group of IPv6 has an attribute of its own", async (t) => {
  const bytes = Uint8Array.from([0xff, 0x02, ...new Uint8Array(13), 0x51]);
  t.strictSame(
    encodeNewDaemon({ ...MASTER, state: "backup", maxlen: undefined, group: { family: AF_INET6, bytes } }),
    hex(
      "09 01 0000",
      "4400 0380", // 4 + 8 + 12 + 8 + 20 + 8 + 8
      "0800 0100 02000000", // STATE: BACKUP
      "0900 0200 6574683100 000000",
      "0800 0300 33000000",
      "1400 0600 ff020000 00000000 00000000 00000051", // MCAST_GROUP6: ff02::51
      "0600 0700 9022 0000",
      "0500 0800 01 000000",
    ),
  );
});

t.test("DEL_DAEMON names the state, GET_DAEMON nothing", async (t) => {
  t.strictSame(encodeDelDaemon("backup"), hex("0a 01 0000", "0c00 0380", "0800 0100 02000000"));
  t.strictSame(encodeGetDaemons(), hex("0b 01 0000"));
});

t.test("a part of the answer is a daemon, also without what old kernels leave out", async (t) => {
  t.strictSame(decodeDaemon(hex("0b 01 0000", "4000 0380", ...MASTER_ATTRIBUTES)), MASTER);
  t.strictSame(decodeDaemon(hex("0b 01 0000", "2000 0380", ...MASTER_ATTRIBUTES.slice(0, 3))), {
    ...MASTER,
    maxlen: undefined,
    group: undefined,
    port: undefined,
    ttl: undefined,
  });
  t.equal(decodeDaemon(hex("0b 01 0000", "0c00 0380", "0800 0100 02000000")), undefined, "no interface");
  t.equal(
    decodeDaemon(hex("0b 01 0000", "2000 0380", "0800 0100 03000000", ...MASTER_ATTRIBUTES.slice(1, 3))),
    undefined,
    "no such state",
  );
});

t.test("no bytes make the decoder throw", async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const daemon = decodeDaemon(Uint8Array.from([0x0b, 1, 0, 0, ...bytes]));
      assert.ok(daemon === undefined || typeof daemon.interface === "string");
    }),
  );
});
