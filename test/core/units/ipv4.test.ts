/** Goal: IPv4 addresses as text, bytes and numbers. Method: tables by hand, and a round trip for any address. */

import fc from "fast-check";
import t from "tap";
import {
  type Ipv4,
  ipv4At,
  ipv4Bytes,
  ipv4Number,
  isUnicastIpv4,
  parseIpv4,
} from "../../../src/core/units/ipv4.ts";

t.test("what is an address, and what is none", (t) => {
  for (const text of ["0.0.0.0", "192.0.2.1", "255.255.255.255", "10.0.0.9"]) t.equal(parseIpv4(text), text);
  const refused = [
    "",
    "192.0.2",
    "192.0.2.1.5",
    "192.0.2.256",
    "192.0.2.999",
    "192.0.2.01",
    "192.0.2.-1",
    "192.0.2.1 ",
    " 192.0.2.1",
    "192.0.2.1\n",
    "192.0.2.0x1",
    "192.0.2.",
    "3221225985",
    "192.0.2.1/24",
    "::1",
  ];
  for (const text of refused) t.equal(parseIpv4(text), undefined, JSON.stringify(text));
  t.end();
});

t.test("its bytes are in network order", (t) => {
  t.same(ipv4Bytes("192.0.2.100" as Ipv4), Uint8Array.of(0xc0, 0x00, 0x02, 0x64));
  t.equal(ipv4At(Uint8Array.of(9, 9, 0xe0, 0x00, 0x00, 0x12, 9), 2), "224.0.0.18");
  t.end();
});

t.test("its number is unsigned: 192.0.2.11 lies above 10.255.255.255", (t) => {
  t.equal(ipv4Number("0.0.1.2" as Ipv4), 258);
  t.equal(ipv4Number("192.0.2.11" as Ipv4), 0xc000020b);
  t.equal(ipv4Number("255.255.255.255" as Ipv4), 4_294_967_295);
  t.ok(ipv4Number("192.0.2.11" as Ipv4) > ipv4Number("10.255.255.255" as Ipv4));
  t.end();
});

t.test("unicast is 1.0.0.0 to 223.255.255.255", (t) => {
  const facts: [string, boolean][] = [
    ["0.255.255.255", false],
    ["1.0.0.0", true],
    ["127.0.0.1", true],
    ["223.255.255.255", true],
    ["224.0.0.18", false],
    ["240.0.0.1", false],
    ["255.255.255.255", false],
  ];
  for (const [address, unicast] of facts) t.equal(isUnicastIpv4(address as Ipv4), unicast, address);
  t.end();
});

t.test("any four bytes make a text that parses and gives them back", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
      const address = parseIpv4(ipv4At(bytes, 0));
      return address !== undefined && ipv4Bytes(address).join() === bytes.join();
    }),
  );
  t.end();
});

t.test("any text: a canonical address or undefined, never a throw", (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV4Extended()), (text) => {
      const address = parseIpv4(text);
      return address === undefined || ipv4At(ipv4Bytes(address), 0) === text;
    }),
  );
  t.end();
});
