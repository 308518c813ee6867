/**
 * Goal: a gratuitous ARP frame, byte by byte. Method: RFC 826's fields laid out by hand; the target hardware address is
 * RFC 9568 §8.1.2's with erratum 7949.
 */

import t from "tap";
import type { Ipv4 } from "../../../src/core/units/ipv4.ts";
import type { Mac } from "../../../src/core/units/mac.ts";
import { ARP_REPLY, ARP_REQUEST, encodeGratuitousArp } from "../../../src/core/wire/arp.ts";

const MAC = Uint8Array.of(0x02, 0x00, 0x5e, 0x10, 0x20, 0x30) as Mac;
const FORMS = [
  ["request", ARP_REQUEST, 0x01],
  ["reply", ARP_REPLY, 0x02],
] as const;

for (const [name, operation, octet] of FORMS) {
  t.test(`a gratuitous ${name} for 192.0.2.100`, (t) => {
    const expected = [
      ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], // Ethernet destination: broadcast
      ...[0x02, 0x00, 0x5e, 0x10, 0x20, 0x30], // Ethernet source
      ...[0x08, 0x06], //                         EtherType: ARP
      ...[0x00, 0x01], //                         hardware type: Ethernet
      ...[0x08, 0x00], //                         protocol type: IPv4
      0x06, //                                    hardware address length
      0x04, //                                    protocol address length
      ...[0x00, octet], //                        operation
      ...[0x02, 0x00, 0x5e, 0x10, 0x20, 0x30], // sender hardware address
      ...[0xc0, 0x00, 0x02, 0x64], //             sender protocol address
      ...[0x02, 0x00, 0x5e, 0x10, 0x20, 0x30], // target hardware address
      ...[0xc0, 0x00, 0x02, 0x64], //             target protocol address
    ];
    t.same([...encodeGratuitousArp(operation, "192.0.2.100" as Ipv4, MAC)], expected);
    t.equal(expected.length, 42);
    t.end();
  });
}
