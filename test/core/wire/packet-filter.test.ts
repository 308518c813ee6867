/**
 * Goal: the filter lets through adverts from one hardware address to one group, and nothing else. Method: the program is
 * carried out by a machine of three instructions (Documentation/networking/filter.rst) over frames by hand.
 */

import t from "tap";
import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import { multicastMac } from "../../../src/core/units/multicast-mac.ts";
import { macText } from "../../../src/core/units/mac.ts";
import { virtualMac } from "../../../src/core/vrrp/virtual-link.ts";
import { withHeaderChecksum } from "../../../src/core/wire/ipv4.ts";
import { packetFilter } from "../../../src/core/wire/packet-filter.ts";

/** Carries a program out over a frame whose IP header starts at 14: how many bytes it lets through. */
function run(program: Uint8Array, frame: Uint8Array): number {
  const view = new DataView(program.buffer);
  const data = new DataView(frame.buffer);
  let [at, accumulator] = [0, 0];
  for (;;) {
    const code = view.getUint16(8 * at, true);
    const operand = view.getInt32(8 * at + 4, true);
    const place = operand < 0 ? operand + 0x200000 : operand + 14;
    if (code === 0x06) return operand;
    if (code === 0x20) accumulator = data.getUint32(place);
    else if (code === 0x28) accumulator = data.getUint16(place);
    else if (code === 0x30) accumulator = data.getUint8(place);
    else if (code === 0x15) at += view.getUint8(8 * at + (accumulator === operand >>> 0 ? 2 : 3));
    else throw new Error(`instruction ${code}`);
    at += 1;
  }
}

const frame = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const FOUR = "01005e000012 00005e000133 0800 45c00020 00000000 ff70 0000 c000020b e0000012";
const SIX = `333300000012 00005e000233 86dd 6c000000 0020 70ff fe80000000000000 0000000000000011 ff02000000000000 0000000000000012`;

t.test("IPv4", (t) => {
  const filter = packetFilter(virtualMac(4, 51), 112, "224.0.0.18" as IpAddress);
  t.ok(run(filter, frame(FOUR)) > 0xffff);
  t.equal(run(filter, frame(FOUR.replace("00005e000133", "00005e000134"))), 0, "another router's");
  t.equal(run(filter, frame(FOUR.replace("00005e000133", "00015e000133"))), 0);
  t.equal(run(filter, frame(FOUR.replace("ff70", "ff11"))), 0, "UDP");
  t.equal(run(filter, frame(FOUR.replace("e0000012", "c0000264"))), 0, "to a host");
  t.end();
});

t.test("IPv6", (t) => {
  const filter = packetFilter(virtualMac(6, 51), 112, "ff02::12" as IpAddress);
  t.ok(run(filter, frame(SIX)) > 0xffff);
  t.equal(run(filter, frame(SIX.replace("00005e000233", "00005e000133"))), 0);
  t.equal(run(filter, frame(SIX.replace("70ff", "3aff"))), 0, "ICMPv6");
  t.equal(run(filter, frame(SIX.replace(/0012$/, "0016"))), 0, "another group");
  t.equal(run(filter, frame(SIX.replace("ff02000000000000", "ff05000000000000"))), 0);
  t.end();
});

t.test("what a packet socket has to know of a packet to send", (t) => {
  t.equal(macText(multicastMac("224.0.0.18" as IpAddress)), "01:00:5e:00:00:12");
  t.equal(macText(multicastMac("239.129.2.18" as IpAddress)), "01:00:5e:01:02:12", "23 bits (RFC 1112 §6.4)");
  t.equal(macText(multicastMac("ff02::1:2345:6789" as IpAddress)), "33:33:23:45:67:89");
  // The example of RFC 1071's arithmetic on a header of twenty bytes: 45c0+20+ff70+c000+20b+e000+12 = 2e76d; e76d+2 = e76f.
  const packet = withHeaderChecksum(frame(FOUR).slice(14));
  t.equal(Buffer.from(packet.subarray(10, 12)).toString("hex"), "1890");
  t.end();
});
