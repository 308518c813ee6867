/**
 * Goal: the IPv6 header, adverts over IPv6 and neighbour advertisements, byte by byte. Method: RFC 8200 §3, RFC 9568 §5 and
 * RFC 4861 §4.4 laid out by hand, checksums added up by hand; round trips; any bytes.
 */

import fc from "fast-check";
import t from "tap";
import type { Ipv6 } from "../../../src/core/units/ipv6.ts";
import type { Mac } from "../../../src/core/units/mac.ts";
import { centiseconds, seconds } from "../../../src/core/units/time.ts";
import { decodeIp } from "../../../src/core/wire/ip-packet.ts";
import { decodeIpv6, encodeIpv6 } from "../../../src/core/wire/ipv6.ts";
import { encodeUnsolicitedAdvertisement } from "../../../src/core/wire/ndp.ts";
import { decodeAdvert, encodeAdvert } from "../../../src/core/wire/vrrp.ts";

const SOURCE = "fe80::11" as Ipv6;
const GROUP = "ff02::12" as Ipv6;

const FE80_11 = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11];
const FF02_12 = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12];
const FE80_100 = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x00];

const MESSAGE = [
  0x31, //            version 3, type 1
  0x33, //            VRID 51
  0x64, //            priority 100
  0x01, //            one address
  ...[0x00, 0x64], // 100 cs
  // message: 3133 + 6401 + 0064 + fe80 + 0100 = 19518
  // pseudo-header: fe80 + 0011 + ff02 + 0012 + length 0018 + protocol 0070 = 1fe2d; sum 39345 -> 9348
  ...[0x6c, 0xb7],
  ...FE80_100,
];
const PACKET = [
  ...[0x6c, 0x00, 0x00, 0x00], // version 6, traffic class c0, no flow
  ...[0x00, 24], //               payload length
  112, //                         next header
  255, //                         hop limit
  ...FE80_11,
  ...FF02_12,
  ...MESSAGE,
];
const ADVERT = {
  version: 3,
  vrid: 51,
  priority: 100,
  advertInterval: seconds(1),
  addresses: ["fe80::100" as Ipv6],
} as const;

t.test("an advert in an IPv6 packet, written and read", (t) => {
  for (const form of ["message", "pseudo-header"] as const) {
    t.same([...encodeAdvert(ADVERT, SOURCE, GROUP, form)], MESSAGE, "there is one form only");
  }
  const payload = Uint8Array.from(MESSAGE);
  const packet = { source: SOURCE, destination: GROUP, ttl: 255, protocol: 112, payload };
  t.same([...encodeIpv6(packet)], PACKET);
  t.same(decodeIp(Uint8Array.from(PACKET)), packet);
  t.same(decodeAdvert(payload, SOURCE, GROUP), { ok: true, advert: ADVERT, checksum: "pseudo-header" });
  t.end();
});

t.test("the checksum covers source and destination, and has no second form", (t) => {
  const refused = (bytes: number[], source: string, destination: string) =>
    t.match(decodeAdvert(Uint8Array.from(bytes), source as Ipv6, destination as Ipv6), {
      ok: false,
      fault: "checksum",
    });
  refused(MESSAGE, "fe80::12", "ff02::12");
  refused(MESSAGE, "fe80::11", "ff02::13");
  refused(MESSAGE.with(6, 0x6a).with(7, 0xe6), "fe80::11", "ff02::12"); // the message alone: 19518 -> 9519
  t.end();
});

t.test("version 2 is unknown over IPv6, and sixteen bytes to an address are counted", (t) => {
  const fault = (bytes: number[]) => {
    const decoded = decodeAdvert(Uint8Array.from(bytes), SOURCE, GROUP);
    return decoded.ok ? undefined : decoded.fault;
  };
  t.equal(fault(MESSAGE.with(0, 0x21)), "version");
  t.equal(fault(MESSAGE.slice(0, 12)), "length");
  t.equal(fault([...MESSAGE, 0, 0, 0, 0]), "length");
  t.equal(fault(MESSAGE.with(3, 2)), "length");
  t.end();
});

t.test("any advert over IPv6 is read as it was written", (t) => {
  const address = fc.ipV6().map(() => "2001:db8::77" as Ipv6);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4095 }),
      fc.array(address, { minLength: 1, maxLength: 90 }),
      (cs, all) => {
        const advert = { ...ADVERT, advertInterval: centiseconds(cs), addresses: all };
        const decoded = decodeAdvert(encodeAdvert(advert, SOURCE, GROUP, "message"), SOURCE, GROUP);
        t.same(decoded, { ok: true, advert, checksum: "pseudo-header" });
      },
    ),
    { numRuns: 50 },
  );
  t.end();
});

t.test("what is no whole packet is undefined; padding is left out; nothing throws", (t) => {
  t.equal(decodeIpv6(Uint8Array.from(PACKET.slice(0, -1))), undefined);
  t.equal(decodeIpv6(Uint8Array.from(PACKET.with(0, 0x4c))), undefined);
  t.equal(decodeIpv6(Uint8Array.from(PACKET.slice(0, 39))), undefined);
  t.same([...(decodeIpv6(Uint8Array.from([...PACKET, 0, 0]))?.payload ?? [])], MESSAGE);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const packet = decodeIp(bytes);
      return packet === undefined || packet.payload.length <= bytes.length;
    }),
  );
  t.end();
});

t.test("an unsolicited neighbour advertisement for fe80::100", (t) => {
  const mac = [0x02, 0x00, 0x5e, 0x10, 0x20, 0x30];
  const expected = [
    ...[0x33, 0x33, 0, 0, 0, 1], //    Ethernet destination: all nodes
    ...mac, //                         Ethernet source
    ...[0x86, 0xdd], //                EtherType: IPv6
    ...[0x6c, 0x00, 0x00, 0x00], //    version 6, traffic class c0
    ...[0x00, 32, 58, 255], //         32 bytes of ICMPv6, hop limit 255
    ...FE80_100,
    ...[0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01],
    ...[136, 0], //                    neighbour advertisement
    // 8800 + a000 + fe80 + 0100 + 0201 + 0200 + 5e10 + 2030 = 2a9c1
    // pseudo-header: fe80 + 0100 + ff02 + 0001 + 0020 + 003a = 1fedd; sum 4a89e -> a8a2
    ...[0x57, 0x5d],
    ...[0xa0, 0, 0, 0], //             router, not solicited, override
    ...FE80_100,
    ...[2, 1], //                      target link-layer address, 8 bytes
    ...mac,
  ];
  t.same([...encodeUnsolicitedAdvertisement("fe80::100" as Ipv6, Uint8Array.from(mac) as Mac)], expected);
  t.end();
});
