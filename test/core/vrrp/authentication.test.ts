/**
 * Goal: a packet that is not sealed as ours are is discarded by cause, and what is sealed is admitted as any other advert.
 * Method: adverts by hand, and keepalived's captured one; each with one thing wrong.
 */

import { createHmac } from "node:crypto";
import t from "tap";
import type { Ipv4 } from "../../../src/core/units/ipv4.ts";
import { admit } from "../../../src/core/vrrp/admission.ts";
import { advertPackets } from "../../../src/core/vrrp/advert-packet.ts";
import { type Guard, seal } from "../../../src/core/vrrp/authentication.ts";
import type { Authentication, VirtualRouter } from "../../../src/core/vrrp/model.ts";
import { firstSequences, heardSequence, nextSequence } from "../../../src/core/vrrp/sequence.ts";
import { router } from "./story.ts";

const KEY = new TextEncoder().encode("secret12");
const PASS: Authentication = { type: "pass", key: KEY };
const AH: Authentication = { type: "ah", key: KEY };
const OURS = () => "192.0.2.12" as Ipv4;
const THEIRS = "192.0.2.11" as Ipv4;

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");
/** 2133 + 9601 + 0101 + c000 + 0264 + 7365 + 6372 + 6574 + 3132 = 2e816 -> e818 -> 17e7. */
const WITH_PASS = bytes(
  "45c0 0028 0000 0000 ff70 0000 c000020b e0000012 21 33 96 01 01 01 17e7 c0000264 7365637265743132",
);
/** Captured from keepalived 2.2.7, auth_type AH, auth_pass secret12. */
const WITH_AH = bytes(
  "45c0 0040 0001 0000 ff33 18ac c000020b e0000012 7004 0000 c000020b 00000001 98e8969000b519afe50ea4e1" +
    "21 33 96 01 02 01 8465 c0000264 0000000000000000",
);
/** 2133 + 9601 + 0001 + c000 + 0264 = 17999 -> 799a -> 8665. */
const WITHOUT = bytes(
  "45c0 0028 0000 0000 ff70 0000 c000020b e0000012 21 33 96 01 00 01 8665 c0000264 0000000000000000",
);

const guard = (last = 0): Guard => ({
  mac: (key, data) => createHmac("md5", key).update(data).digest(),
  lastSequence: (vrid, source) => (vrid === 51 && source === THEIRS ? last : 0),
});

function web(authentication?: Authentication): VirtualRouter {
  return router({ version: 2, vrid: 51, authentication });
}

/** `admitted`, or the cause. */
function judged(packet: Uint8Array, authentication?: Authentication, last = 0): string {
  const admission = admit(packet, [web(authentication)], OURS, guard(last));
  return admission.type === "discarded" ? admission.cause : admission.type;
}

t.test("each kind is admitted where it is asked for, and nowhere else", (t) => {
  const packets = { pass: WITH_PASS, ah: WITH_AH, none: WITHOUT };
  const table = Object.entries(packets).map(([name, packet]) => [
    name,
    judged(packet, PASS),
    judged(packet, AH),
    judged(packet),
  ]);
  t.same(table, [
    ["pass", "admitted", "auth-type", "auth-type"],
    ["ah", "auth-type", "admitted", "auth-type"],
    ["none", "auth-type", "auth-type", "admitted"],
  ]);
  t.end();
});

t.test("an admitted one says what it says without authentication", (t) => {
  const advert = {
    version: 2,
    vrid: 51,
    priority: 150,
    advertInterval: 1_000_000,
    addresses: ["192.0.2.100"],
  };
  const [pass, ah] = [PASS, AH].map(web) as [VirtualRouter, VirtualRouter];
  t.same(admit(WITH_PASS, [pass], OURS), { type: "admitted", router: pass, advert, source: THEIRS });
  t.same(admit(WITH_AH, [ah], OURS, guard()), {
    type: "admitted",
    router: ah,
    advert,
    source: THEIRS,
    sequence: 1,
  });
  t.end();
});

t.test("a wrong password and a wrong code", (t) => {
  const other = (type: Authentication["type"]) => ({ type, key: new TextEncoder().encode("secret13") });
  t.equal(judged(WITH_PASS, other("pass")), "auth-fail");
  t.equal(judged(WITH_AH, other("ah")), "auth-fail");
  t.equal(judged(WITH_PASS, { type: "pass", key: KEY.subarray(0, 7) }), "auth-fail", "a beginning of it");
  t.equal(judged(WITH_AH.with(43, 0xe0), AH), "auth-fail", "one bit of the code");
  t.equal(judged(WITH_AH.with(31, 2), AH), "auth-fail", "another sequence number");
  t.end();
});

t.test("a sequence number counts once", (t) => {
  t.equal(judged(WITH_AH, AH, 0), "admitted");
  t.equal(judged(WITH_AH, AH, 1), "auth-replay");
  t.equal(judged(WITH_AH, AH, 2), "auth-replay");
  t.equal(judged(WITH_AH.with(43, 0xe0), AH, 2), "auth-fail", "a forged one is no replay");
  t.end();
});

t.test("damage is damage, whatever the authentication", (t) => {
  t.equal(judged(WITH_PASS.with(27, 0xe8), PASS), "checksum");
  t.equal(judged(WITH_AH.with(51, 0x66), AH), "checksum");
  t.equal(judged(WITH_AH.subarray(0, 40), AH), "packet", "not whole");
  t.equal(judged(WITH_AH.with(20, 6), AH), "packet", "another protocol within");
  t.equal(judged(WITH_PASS.with(8, 254), PASS), "ttl");
  t.end();
});

t.test("what we seal is what is on the wire", (t) => {
  const addresses = [{ address: "192.0.2.100" as Ipv4, prefixLength: 24, interface: "eth0" }];
  const [advert] = advertPackets({ ...web(), addresses }, 150, THEIRS);
  const plain = advert?.packet ?? new Uint8Array();
  t.equal(hex(plain), hex(WITHOUT));
  const { mac } = guard();
  t.equal(hex(seal(plain, PASS, 1, mac)), hex(WITH_PASS));
  t.equal(hex(seal(plain, AH, 1, mac)), hex(WITH_AH.with(10, 0).with(11, 0)));
  t.equal(hex(plain), hex(WITHOUT), "and leaves the packet alone");
  t.end();
});

t.test("sequence numbers go on above all that was heard", (t) => {
  let sequences = firstSequences(1_000.9);
  sequences = nextSequence(sequences);
  t.equal(sequences.highest, 1_001);
  sequences = heardSequence(sequences, THEIRS, 5);
  t.equal(nextSequence(sequences).highest, 1_002);
  sequences = heardSequence(sequences, THEIRS, 5_000);
  t.equal(nextSequence(sequences).highest, 5_001);
  t.equal(sequences.heard.get(THEIRS), 5_000);
  t.end();
});
