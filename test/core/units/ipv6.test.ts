/**
 * Goal: IPv6 addresses as text, bytes and in order. Method: tables by hand, most of them RFC 5952's and RFC 4291's own
 * examples; Node's parser of addresses as a witness; a round trip for any address.
 */

import { isIPv6, SocketAddress } from "node:net";
import fc from "fast-check";
import t from "tap";
import { compareIp, type IpAddress, parseIpAddress } from "../../../src/core/units/ip-address.ts";
import {
  type Ipv6,
  ipv6At,
  ipv6Bytes,
  isLinkLocal,
  isMulticastIpv6,
  isUnicastIpv6,
  parseIpv6,
} from "../../../src/core/units/ipv6.ts";

const SPELLED: readonly [string, string][] = [
  // RFC 5952 §1, §2.1, §4.2
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8::0001", "2001:db8::1"],
  // RFC 4291 §2.2
  ["0:0:0:0:0:0:0:0", "::"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["FF01:0:0:0:0:0:0:101", "ff01::101"],
  ["::FFFF:129.144.52.38", "::ffff:129.144.52.38"],
  ["::ffff:8190:3426", "::ffff:129.144.52.38"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["1::", "1::"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  ["fe80::12", "fe80::12"],
];

t.test("every spelling of an address is read, and written as RFC 5952 has it", (t) => {
  for (const [text, canonical] of SPELLED) t.equal(parseIpv6(text), canonical, text);
  t.end();
});

t.test("what is no address", (t) => {
  const refused = [
    ...["", ":", ":::", "1", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::g"],
    ...["1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", ":1::2", "1::2:", " ::1", "::1 ", "::1\n", "fe80::1%eth0"],
    ...["192.0.2.1", "::192.0.2.256", "192.0.2.1::", "::192.0.2.1:1", "::1/64", "[::1]", "-1::"],
  ];
  for (const text of refused) t.equal(parseIpv6(text), undefined, JSON.stringify(text));
  t.equal(parseIpAddress("192.0.2.1"), "192.0.2.1");
  t.equal(parseIpAddress("2001:DB8::1"), "2001:db8::1");
  t.end();
});

t.test("its bytes are in network order", (t) => {
  const bytes = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd, 0x01, 0x00];
  t.same([...ipv6Bytes("2001:db8::abcd:100" as Ipv6)], bytes);
  t.equal(ipv6At(Uint8Array.of(9, 9, ...bytes, 9), 2), "2001:db8::abcd:100");
  t.same([...ipv6Bytes("::ffff:192.0.2.1" as Ipv6)].slice(10), [0xff, 0xff, 192, 0, 2, 1]);
  t.end();
});

t.test("any address: read back from its text and from its bytes, and Node agrees", (t) => {
  const sparse = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(sparse, (groups) => {
      const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
      const address = ipv6At(bytes, 0);
      const nodes = new SocketAddress({
        family: "ipv6",
        address: groups.map((g) => g.toString(16)).join(":"),
      });
      // The C library also shows the long deprecated ::a.b.c.d in dotted form.
      const dotted = nodes.address.includes(".") && !address.includes(".");
      return (
        Buffer.compare(ipv6Bytes(address), bytes) === 0 &&
        parseIpv6(address) === address &&
        isIPv6(address) &&
        (dotted || nodes.address === address)
      );
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

t.test("kinds", (t) => {
  const kinds = (text: string) => {
    const address = text as Ipv6;
    return [isUnicastIpv6(address), isLinkLocal(address), isMulticastIpv6(address)].map(Number).join("");
  };
  const table = {
    "2001:db8::1": "100",
    "fe80::1": "110",
    "febf::1": "110",
    "fec0::1": "100",
    "fe7f::1": "100",
  };
  const special = { "ff02::12": "001", "::": "000", "::1": "000", "::ffff:192.0.2.1": "000", "ff::1": "100" };
  for (const [address, expected] of Object.entries({ ...table, ...special }))
    t.equal(kinds(address), expected, address);
  t.end();
});

t.test("addresses are compared as unsigned integers in network order, all 128 bits", (t) => {
  const sign = (one: string, other: string) => Math.sign(compareIp(one as IpAddress, other as IpAddress));
  t.equal(sign("fe80::2", "fe80::1"), 1);
  t.equal(sign("fe80::9", "fe80::10"), -1, "not as text");
  t.equal(sign("fe80::ff:0:0:0", "fe80::1:0:0:0:0"), -1, "the high half decides");
  t.equal(sign("fe80::8000:0:0:0", "fe80::7fff:ffff:ffff:ffff"), 1, "unsigned");
  t.equal(sign("fe80::1", "fe80::1"), 0);
  t.equal(sign("192.0.2.11", "10.255.255.255"), 1);
  t.equal(sign("192.0.2.9", "192.0.2.10"), -1);
  t.end();
});
