/**
 * Goal: only a valid advert for one of our instances is admitted; every other packet has a cause. Method: one good packet
 * laid out by hand (its checksum: test/core/wire/vrrp.test.ts), and one change for each cause.
 */

import fc from "fast-check";
import t from "tap";
import { seconds } from "../../../src/core/units/time.ts";
import { admit } from "../../../src/core/vrrp/admission.ts";
import { ip, router } from "./story.ts";

const V3 = [0x31, 0x33, 0x64, 0x01, 0x00, 0x64, 0xa8, 0x02, 0xc0, 0x00, 0x02, 0x64];
const V2 = [0x21, 0x33, 0x64, 0x01, 0x00, 0x01, 0xb8, 0x65, 0xc0, 0x00, 0x02, 0x64, 0, 0, 0, 0, 0, 0, 0, 0];
/** 2 s instead of one: the checksum is one less. */
const V2_SLOW = V2.with(5, 2).with(7, 0x64);
const OURS = () => ip("192.0.2.12");

/** The message in an IPv4 packet from 192.0.2.11 to 224.0.0.18. */
function packet(message: readonly number[], { ttl = 255, protocol = 112, lastOctet = 11 } = {}): Uint8Array {
  return Uint8Array.of(
    0x45,
    0xc0,
    ...[0, 20 + message.length],
    ...[0, 0, 0, 0],
    ttl,
    protocol,
    ...[0, 0],
    ...[192, 0, 2, lastOctet],
    ...[224, 0, 0, 18],
    ...message,
  );
}

t.test("a valid advert reaches the instance with its VRID", (t) => {
  const mine = router();
  const other = router({ name: "mail", vrid: 52 });
  t.same(admit(packet(V3), [other, mine], OURS), {
    type: "admitted",
    router: mine,
    advert: {
      version: 3,
      vrid: 51,
      priority: 100,
      advertInterval: seconds(1),
      addresses: ["192.0.2.100"],
    },
    source: "192.0.2.11",
  });
  t.equal(admit(packet(V2), [router({ version: 2 })], OURS).type, "admitted");
  t.end();
});

t.test("either form of the version 3 checksum is admitted, whichever we send", (t) => {
  const pseudoHeader = V3.with(6, 0x05).with(7, 0x68);
  for (const v3ChecksumAsV2 of [true, false]) {
    for (const message of [V3, pseudoHeader]) {
      t.equal(admit(packet(message), [router({ v3ChecksumAsV2 })], OURS).type, "admitted");
    }
  }
  t.end();
});

const web = router();
const two = router({ version: 2 });
const owner = router({ priority: 255, ownerHeeds: "owners" });
const DISCARDED: [string, string, Uint8Array, typeof web | undefined, (typeof web)[]][] = [
  ["packet", "no IPv4 packet", Uint8Array.of(1, 2, 3), undefined, [web]],
  ["packet", "another protocol", packet(V3, { protocol: 17 }), web, [web]],
  ["own-address", "our own address", packet(V3, { lastOctet: 12 }), web, [web]],
  ["ttl", "254", packet(V3, { ttl: 254 }), web, [web]],
  ["ttl", "1", packet(V3, { ttl: 1 }), web, [web]],
  ["ttl", "0, before everything that the message says", packet(V3.with(7, 0), { ttl: 0 }), web, [web]],
  ["length", "one byte too few", packet(V3.slice(0, 11)), web, [web]],
  ["length", "nothing", packet([]), undefined, [web]],
  ["version", "5", packet(V3.with(0, 0x51)), web, [web]],
  ["type", "2", packet(V3.with(0, 0x32)), web, [web]],
  ["address-count", "0", packet(V3.with(3, 0)), web, [web]],
  ["checksum", "off by one", packet(V3.with(7, 0x03)), web, [web]],
  ["auth-type", "1; the checksum is 100 less", packet(V2.with(4, 1).with(6, 0xb7)), two, [two]],
  ["interval", "0; the checksum is 64 more", packet(V3.with(5, 0).with(7, 0x66)), web, [web]],
  ["vrid", "no such instance", packet(V3), undefined, [router({ vrid: 52 })]],
  ["vrid", "no instance at all", packet(V3), undefined, []],
  ["version-mismatch", "2 for 3", packet(V2), web, [web]],
  ["version-mismatch", "3 for 2", packet(V3), two, [two]],
  ["owner", "we own the address, and heed owners alone", packet(V3), owner, [owner]],
  ["interval-mismatch", "version 2, 2 s for 1 s", packet(V2_SLOW), two, [two]],
];

for (const [cause, name, bytes, meant, routers] of DISCARDED) {
  t.test(`discarded for its ${cause}: ${name}`, (t) => {
    const source = bytes.length < 20 ? undefined : `192.0.2.${bytes[15]}`;
    t.same(admit(bytes, routers, OURS), { type: "discarded", cause, router: meant, source });
    t.end();
  });
}

/** Priority 255 instead of 100: the checksum is 155 times 256 less. */
const OWNERS = V3.with(2, 0xff).with(6, 0x0d);

t.test("an owner hears everybody, or another owner alone, or not even that one", (t) => {
  t.equal(admit(packet(V3), [router({ priority: 255 })], OURS).type, "admitted", "who is to be answered");
  t.equal(admit(packet(OWNERS), [owner], OURS).type, "admitted");
  const deaf = router({ priority: 255, ownerHeeds: "nobody" });
  for (const bytes of [V3, OWNERS])
    t.match(admit(packet(bytes), [deaf], OURS), { type: "discarded", cause: "owner" });
  t.equal(admit(packet(OWNERS), [router({ ownerHeeds: "nobody" })], OURS).type, "admitted");
  t.end();
});

t.test("version 3: another interval is no reason to refuse", (t) => {
  const slow = packet(V3.with(5, 0xc8).with(6, 0xa7).with(7, 0x9e));
  t.match(admit(slow, [web], OURS), { type: "admitted", advert: { advertInterval: seconds(2) } });
  t.end();
});

t.test("any bytes: admitted or discarded, never a throw", (t) => {
  const likely = fc.uint8Array({ maxLength: 40 }).map((message) => packet([...message]));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), likely), (bytes) => {
      const { type } = admit(bytes, [web, router({ vrid: 7, version: 2 })], OURS);
      return type === "admitted" || type === "discarded";
    }),
    { numRuns: 1_000 },
  );
  t.end();
});
