/**
 * Goal: a gateway is asked from an own address by the method that fits, and only its own answer to this very question
 * counts. Method: interfaces and packets laid out by hand; checksums are worked out in the comments or come from tcpdump.
 */

import t from "tap";
import { type Inquiry, inquiryOf, type TrackedGateway } from "../../../src/core/track/gateway.ts";
import { isAnswer, questionOf } from "../../../src/core/track/gateway-question.ts";
import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import type { Mac } from "../../../src/core/units/mac.ts";
import { seconds } from "../../../src/core/units/time.ts";
import type { Interface } from "../../../src/core/vrrp/surroundings.ts";
import { ip } from "../vrrp/story.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x0b) as Mac;
const THEIRS = Uint8Array.of(2, 0, 0, 0, 0, 1) as Mac;
const at = (address: string, prefixLength: number) => ({ address: ip(address), prefixLength });
const ETH0: Interface = {
  index: 7,
  name: "eth0",
  up: true,
  mac: MAC,
  addresses: [
    at("192.0.2.100", 24),
    at("203.0.113.11", 25),
    at("192.0.2.11", 24),
    { ...at("fe80::b", 64), tentative: true },
    at("fe80::c", 64),
    at("2001:db8::11", 64),
  ],
};
const VIRTUAL: ReadonlySet<IpAddress> = new Set([ip("192.0.2.100")]);

function gateway(address: string | undefined, changes: Partial<TrackedGateway> = {}): TrackedGateway {
  return {
    name: "up",
    address: address === undefined ? undefined : ip(address),
    family: address?.includes(":") === true ? 6 : 4,
    interface: "eth0",
    method: undefined,
    interval: seconds(1),
    timeout: seconds(1),
    rise: 1,
    fall: 1,
    ...changes,
  };
}

function asked(of: TrackedGateway, on: Partial<Interface> = {}, nextHop?: string): string {
  const hop = nextHop === undefined ? undefined : ip(nextHop);
  const inquiry = inquiryOf(of, hop, new Map([["eth0", { ...ETH0, ...on }]]), VIRTUAL);
  return typeof inquiry === "string" ? inquiry : `${inquiry.method} ${inquiry.target} from ${inquiry.source}`;
}

t.test("whom it asks, how, and from where", (t) => {
  t.equal(asked(gateway("192.0.2.1")), "arp 192.0.2.1 from 192.0.2.11", "not from the virtual address");
  t.equal(asked(gateway("203.0.113.1")), "arp 203.0.113.1 from 203.0.113.11");
  t.equal(asked(gateway("203.0.113.129")), "icmp 203.0.113.129 from 203.0.113.11", "beyond the /25");
  t.equal(asked(gateway("198.51.100.1", { method: "arp" })), "arp 198.51.100.1 from 203.0.113.11");
  t.equal(asked(gateway("fe80::1")), "ndp fe80::1 from fe80::c", "the other one is tentative");
  t.equal(asked(gateway("2001:db8::1")), "ndp 2001:db8::1 from 2001:db8::11");
  t.equal(asked(gateway("2001:db9::1")), "icmp 2001:db9::1 from 2001:db8::11");
  t.equal(asked(gateway(undefined), {}, "198.51.100.1"), "arp 198.51.100.1 from 203.0.113.11", "on the link");
  t.equal(asked(gateway(undefined, { family: 6 }), {}, "fe80::1"), "ndp fe80::1 from fe80::c");
  t.end();
});

t.test("why it cannot ask", (t) => {
  t.equal(asked(gateway("192.0.2.1", { interface: "eth9" })), "interface eth9 is missing");
  t.equal(asked(gateway("192.0.2.1"), { up: false }), "interface eth0 is down");
  t.equal(asked(gateway(undefined)), "there is no default route over eth0");
  const bare = { addresses: [at("192.0.2.100", 24)] };
  t.equal(asked(gateway("192.0.2.1"), bare), "interface eth0 has no address of its own to ask from");
  t.equal(asked(gateway("192.0.2.1"), { mac: undefined }), "interface eth0 has no hardware address");
  t.equal(
    asked(gateway("192.0.2.1", { method: "icmp" }), { mac: undefined }),
    "icmp 192.0.2.1 from 192.0.2.11",
  );
  t.end();
});

const TOKEN = { identifier: 0x1234, sequence: 1, cookie: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };

function inquiry(method: Inquiry["method"], target: string, source: string): Inquiry {
  return { method, target: ip(target), source: ip(source), interfaceIndex: 7, mac: MAC };
}

const ARP = inquiry("arp", "192.0.2.1", "192.0.2.11");
/** Who has 192.0.2.1? Tell 192.0.2.11 */
const ARP_QUESTION = [
  ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...MAC, 0x08, 0x06],
  ...[0, 1, 0x08, 0, 6, 4, 0, 1],
  ...[...MAC, 192, 0, 2, 11],
  ...[0, 0, 0, 0, 0, 0, 192, 0, 2, 1],
];
const ARP_ANSWER = [
  ...[...MAC, ...THEIRS, 0x08, 0x06],
  ...[0, 1, 0x08, 0, 6, 4, 0, 2],
  ...[...THEIRS, 192, 0, 2, 1],
  ...[...MAC, 192, 0, 2, 11],
];

t.test("ARP: the question, its answer, and what is none", (t) => {
  t.same([...questionOf(ARP, TOKEN).bytes], ARP_QUESTION);
  const counts = (bytes: readonly number[]) => isAnswer(Uint8Array.from(bytes), ARP, TOKEN);
  t.ok(counts(ARP_ANSWER));
  t.ok(counts([...ARP_ANSWER, ...Array<number>(18).fill(0)]), "padded to 60 bytes");
  t.notOk(counts(ARP_QUESTION), "our own");
  t.notOk(counts(ARP_ANSWER.with(21, 1)), "a question of the gateway's");
  t.notOk(counts(ARP_ANSWER.with(31, 2)), "somebody else's answer");
  t.notOk(counts(ARP_ANSWER.with(41, 12)), "an answer to somebody else");
  t.notOk(counts(ARP_ANSWER.with(37, 0x0c)), "to another hardware address");
  t.notOk(counts(ARP_ANSWER.with(41, 1)), "gratuitous");
  t.notOk(counts(ARP_ANSWER.slice(0, 41)), "cut short");
  t.notOk(counts(ARP_ANSWER.with(15, 6)), "of another hardware");
  t.end();
});

const ECHO = inquiry("icmp", "192.0.2.1", "192.0.2.11");
const ECHO_HEAD = [0x45, 0xc0, 0, 36, 0, 0, 0, 0, 64, 1, 0, 0];
/**
 * 0x0800 + 0x1234 + 0x0001 + 0x0102 + 0x0304 + 0x0506 + 0x0708 = 0x2a49; the one's complement is 0xd5b6. A reply has
 * 0x0000 in place of 0x0800: 0xddb6.
 */
const ECHO_BODY = [0x12, 0x34, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8];
const ECHO_ANSWER = [...ECHO_HEAD, 192, 0, 2, 1, 192, 0, 2, 11, 0, 0, 0xdd, 0xb6, ...ECHO_BODY];

t.test("echo: the question, its answer, and what is none", (t) => {
  const { bytes, destination } = questionOf(ECHO, TOKEN);
  t.same([...bytes], [...ECHO_HEAD, 192, 0, 2, 11, 192, 0, 2, 1, 8, 0, 0xd5, 0xb6, ...ECHO_BODY]);
  t.equal(destination, "192.0.2.1");
  const counts = (bytes: readonly number[]) => isAnswer(Uint8Array.from(bytes), ECHO, TOKEN);
  t.ok(counts(ECHO_ANSWER));
  t.notOk(counts(ECHO_ANSWER.with(15, 2)), "from another address");
  t.notOk(counts(ECHO_ANSWER.with(19, 100)), "to a virtual address");
  t.notOk(counts(ECHO_ANSWER.with(25, 0x35).with(23, 0xb5)), "another identifier");
  t.notOk(counts(ECHO_ANSWER.with(27, 2).with(23, 0xb5)), "another sequence number");
  t.notOk(counts(ECHO_ANSWER.with(35, 9).with(23, 0xb5)), "another cookie");
  t.notOk(counts(ECHO_ANSWER.with(23, 0xb7)), "damaged");
  t.notOk(counts(ECHO_ANSWER.with(20, 8).with(22, 0xd5)), "a question");
  t.notOk(counts(ECHO_ANSWER.with(3, 34)), "cut short");
  t.end();
});

const NDP = inquiry("ndp", "2001:db8::1", "2001:db8::11");
const [GATEWAY6, OURS6] = [
  [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11],
];
/**
 * A solicited advertisement without options, 24 bytes. Each address adds up to 0x2db9 beside its last two bytes:
 * 2dba (source) + 2dca (destination) + 18 (length) + 3a (next header) + 8800 (type) + e000 (R, S, O) + 2dba (target) =
 * 1f190 -> f191; the one's complement is 0x0e6e.
 */
const ADVERTISEMENT = [
  ...[0x6c, 0, 0, 0, 0, 24, 58, 255, ...(GATEWAY6 ?? []), ...(OURS6 ?? [])],
  ...[136, 0, 0x0e, 0x6e, 0xe0, 0, 0, 0, ...(GATEWAY6 ?? [])],
];

t.test("neighbour solicitation: the question, its answer, and what is none", (t) => {
  const { bytes, destination } = questionOf(NDP, TOKEN);
  t.equal(destination, "ff02::1:ff00:1");
  t.equal(bytes.length, 72);
  t.same([...bytes.subarray(4, 8)], [0, 32, 58, 255]);
  t.same([...bytes.subarray(40, 42)], [135, 0]);
  t.same([...bytes.subarray(48)], [...(GATEWAY6 ?? []), 1, 1, ...MAC]);
  const counts = (bytes: readonly number[]) => isAnswer(Uint8Array.from(bytes), NDP, TOKEN);
  t.ok(counts(ADVERTISEMENT));
  t.notOk(counts(ADVERTISEMENT.with(7, 254)), "it has crossed a router");
  t.notOk(counts(ADVERTISEMENT.with(44, 0xa0).with(42, 0x4e)), "nobody asked");
  t.notOk(counts(ADVERTISEMENT.with(63, 2).with(43, 0x6d)), "about another address");
  t.notOk(counts(ADVERTISEMENT.with(39, 0x12).with(43, 0x6d)), "to somebody else");
  t.notOk(counts(ADVERTISEMENT.with(43, 0x6f)), "damaged");
  t.notOk(counts([...bytes]), "our own question");
  t.end();
});
