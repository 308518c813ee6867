/**
 * The lab's reading of captures, against bytes taken from a real run: a netlink monitor's frames, a gratuitous ARP, an
 * advert, and the file format around them.
 */

import t from "tap";
import { advert, announcement } from "../../src/lab/capture/ethernet.ts";
import { addressNotices } from "../../src/lab/capture/netlink.ts";
import { PcapReader } from "../../src/lab/capture/pcap.ts";

const hex = (...lines: string[]) => Buffer.from(lines.join("").replaceAll(" ", ""), "hex");

/** A notice of 192.0.2.100/24 on eth0: cooked header, message header, ifaddrmsg, IFA_ADDRESS, IFA_LOCAL. */
const notice = (type: string, flags: string) =>
  hex(
    "0007 0338 0000 0000 0000 0000 0000 0000",
    `28000000 ${type} ${flags} 01000000 0b552bc7`,
    "02 18 80 00 02000000",
    "0800 0100 c0000264",
    "0800 0200 c0000264",
  );

t.test("addresses come and go in netlink notices", async (t) => {
  t.same(addressNotices(notice("1400", "0000")), [{ address: "192.0.2.100", present: true }]);
  t.same(addressNotices(notice("1500", "0000")), [{ address: "192.0.2.100", present: false }]);
  t.same(addressNotices(notice("1500", "0500")), [], "a request is not yet a fact");
  t.same(addressNotices(notice("1800", "0000")), [], "a route is no address");
  const generic = notice("1400", "0000");
  generic[15] = 16;
  t.same(addressNotices(generic), [], "another netlink family");
  t.same(addressNotices(notice("1400", "0000").subarray(0, 30)), [], "cut short");
});

/** ARP from 02:00:00:00:01:11 for 192.0.2.100. */
const arp = (operation: string, target: string) =>
  hex(
    "ffffffffffff 020000000111 0806",
    `0001 0800 06 04 ${operation}`,
    "020000000111 c0000264",
    `ffffffffffff ${target}`,
  );

t.test("a gratuitous ARP names its own address, as a request or as a reply", async (t) => {
  const found = { mac: "02:00:00:00:01:11", address: "192.0.2.100" };
  t.same(announcement(arp("0001", "c0000264")), found);
  t.same(announcement(arp("0002", "c0000264")), found);
  t.equal(announcement(arp("0001", "c0000232")), undefined, "a question for somebody else is none");
  t.equal(announcement(arp("0001", "c0000264").subarray(0, 40)), undefined, "cut short");
});

/** VRRP version 3, router 51, priority 0, after an IPv4 header of 20 or 24 bytes. */
const vrrp = (header: string, options: string) =>
  hex(
    "01005e000012 020000000111 0800",
    `${header} c0 0020 000a 0000 ff 70 0000 c000020b e0000012 ${options}`,
    "31 33 00 01 0064 69b8 c0000264",
  );

t.test("an advert gives its router and priority", async (t) => {
  t.same(advert(vrrp("45", "")), { vrid: 51, priority: 0 });
  t.same(advert(vrrp("46", "94040000")), { vrid: 51, priority: 0 }, "after IP options");
  t.equal(advert(vrrp("45", "").subarray(0, 36)), undefined, "cut short");
  t.equal(advert(arp("0001", "c0000264")), undefined);
});

t.test("a capture is read in whatever pieces it comes", async (t) => {
  const file = hex(
    "d4c3b2a1 0200 0400 00000000 00000000 00000800 01000000",
    "e8030000 07000000 03000000 03000000 aabbcc",
    "e9030000 00000000 01000000 01000000 dd",
  );
  const whole = new PcapReader().push(file);
  t.same(whole, [
    { epoch: 1_000_000_007, bytes: Buffer.from("aabbcc", "hex") },
    { epoch: 1_001_000_000, bytes: Buffer.from("dd", "hex") },
  ]);
  const reader = new PcapReader();
  t.same(
    [...file].flatMap((byte) => reader.push(Buffer.of(byte))),
    whole,
    "byte by byte",
  );
  t.throws(() => new PcapReader().push(Buffer.alloc(24)), /not a capture/);
});
