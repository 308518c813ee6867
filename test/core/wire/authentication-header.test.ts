/**
 * Goal: the authentication header is keepalived's, byte for byte. Method: an advert captured from Debian's keepalived 2.2.7
 * (auth_type AH, auth_pass secret12); Node's HMAC.
 */

import { createHmac } from "node:crypto";
import t from "tap";
import {
  decodeAuthenticationHeader,
  insertAuthenticationHeader,
  integrityValue,
  type Mac,
  protectsOther,
} from "../../../src/core/wire/authentication-header.ts";

const KEY = new TextEncoder().encode("secret12");
const mac: Mac = (key, bytes) => createHmac("md5", key).update(bytes).digest();
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
const hex = (data: Uint8Array | undefined) => Buffer.from(data ?? []).toString("hex");

const IP = "45c0 0040 0001 0000 ff33 18ac c000020b e0000012";
const AH = "70 04 0000 c000020b 00000001 98e8969000b519afe50ea4e1";
/** Version 2, VRID 51, priority 150, authentication type 2, 1 s, 192.0.2.100, no data. */
const MESSAGE = "21 33 96 01 02 01 8465 c0000264 0000000000000000";
const CAPTURED = bytes(`${IP}${AH}${MESSAGE}`);

t.test("the captured header is read", (t) => {
  const header = decodeAuthenticationHeader(CAPTURED.subarray(20));
  t.equal(header?.sequence, 1);
  t.equal(hex(header?.icv), "98e8969000b519afe50ea4e1");
  t.equal(hex(header?.message), MESSAGE.replaceAll(" ", ""));
  t.equal(hex(integrityValue(CAPTURED, KEY, mac)), "98e8969000b519afe50ea4e1");
  t.not(hex(integrityValue(CAPTURED, KEY.slice(1), mac)), "98e8969000b519afe50ea4e1");
  t.end();
});

t.test("the same packet is written; the header checksum is the kernel's", (t) => {
  const before = bytes(`45c0 0028 0000 0000 ff70 0000 c000020b e0000012 ${MESSAGE}`);
  t.equal(hex(insertAuthenticationHeader(before, 1, KEY, mac)), hex(CAPTURED.with(10, 0).with(11, 0)));
  t.end();
});

t.test("the identification is never left to the kernel", (t) => {
  const before = bytes(`45c0 0028 0000 0000 ff70 0000 c000020b e0000012 ${MESSAGE}`);
  const identification = (sequence: number) => [
    ...insertAuthenticationHeader(before, sequence, KEY, mac).subarray(4, 6),
  ];
  t.same(identification(0x12345), [0x23, 0x45]);
  t.same(identification(0x10000), [0, 1]);
  t.end();
});

t.test("what the network may change does not matter, all else does", (t) => {
  const icv = hex(integrityValue(CAPTURED, KEY, mac));
  const free = new Set([1, 6, 7, 10, 11, ...Array.from({ length: 12 }, (_, index) => 32 + index)]);
  for (const [index, byte] of CAPTURED.entries()) {
    const other = hex(integrityValue(CAPTURED.with(index, byte ^ 1), KEY, mac));
    if (free.has(index)) t.equal(other, icv, `byte ${index}`);
    else t.not(other, icv, `byte ${index}`);
  }
  t.end();
});

t.test("what is no such header, or protects something else", (t) => {
  const payload = CAPTURED.subarray(20);
  t.equal(decodeAuthenticationHeader(payload.subarray(0, 23)), undefined);
  t.equal(decodeAuthenticationHeader(payload.with(0, 6)), undefined);
  t.equal(decodeAuthenticationHeader(payload.with(1, 5)), undefined);
  t.equal(protectsOther(CAPTURED), false);
  t.equal(protectsOther(CAPTURED.with(20, 6)), true);
  t.equal(protectsOther(CAPTURED.with(9, 112).with(20, 6)), false);
  t.end();
});
