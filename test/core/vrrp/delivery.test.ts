/**
 * Goal: where adverts go and come from, and who is a peer, over both families, by multicast and by unicast. Method: one
 * router, one interface, one packet at a time; the rules are RFC 9568 §5.1 and docs/config.md.
 */

import t from "tap";
import { admit } from "../../../src/core/vrrp/admission.ts";
import { advertPackets } from "../../../src/core/vrrp/advert-packet.ts";
import { type Delivery, MULTICAST6, type UnicastPeer } from "../../../src/core/vrrp/delivery.ts";
import { addressMismatch } from "../../../src/core/vrrp/mismatch.ts";
import { type Interface, faultsOf, primaryAddress } from "../../../src/core/vrrp/surroundings.ts";
import { decodeIp } from "../../../src/core/wire/ip-packet.ts";
import { advertOf, ip, router, Story, vip } from "./story.ts";

type Unicast = Delivery & { type: "unicast" };

function unicast(changes: Partial<Unicast> = {}): Unicast {
  return {
    type: "unicast",
    peers: [peer("192.0.2.11")],
    source: undefined,
    ttl: 255,
    checkSource: true,
    ...changes,
  };
}

function peer(address: string, minTtl = 255, maxTtl = 255): UnicastPeer {
  return { address: ip(address), minTtl, maxTtl };
}

const SIX = router({ family: 6, delivery: MULTICAST6, addresses: [vip("2001:db8::100"), vip("fe80::100")] });
const OURS = () => ip("192.0.2.12");

/** The headers of what goes out. */
function headers(of: ReturnType<typeof router>, source: string) {
  return advertPackets(of, 100, ip(source)).map(({ destination, packet }) => {
    const read = decodeIp(packet);
    return `${read?.source} > ${read?.destination} (${destination}) ttl ${read?.ttl} protocol ${read?.protocol}`;
  });
}

t.test("adverts go to the group, or to each peer but ourselves", (t) => {
  t.same(headers(router(), "192.0.2.12"), ["192.0.2.12 > 224.0.0.18 (224.0.0.18) ttl 255 protocol 112"]);
  t.same(headers(SIX, "fe80::12"), ["fe80::12 > ff02::12 (ff02::12) ttl 255 protocol 112"]);
  const peers = [peer("192.0.2.11"), peer("192.0.2.12"), peer("198.51.100.9")];
  t.same(headers(router({ delivery: unicast({ peers, ttl: 64 }) }), "192.0.2.12"), [
    "192.0.2.12 > 192.0.2.11 (192.0.2.11) ttl 64 protocol 112",
    "192.0.2.12 > 198.51.100.9 (198.51.100.9) ttl 64 protocol 112",
  ]);
  t.end();
});

t.test("each packet's checksum is good for its own destination", (t) => {
  const delivery = unicast({ peers: [peer("192.0.2.11"), peer("192.0.2.13")] });
  const peerOf = (packet: Uint8Array) => admit(packet, [router()], () => ip("192.0.2.1"));
  for (const { packet } of advertPackets(router({ delivery }), 100, ip("192.0.2.12")))
    t.equal(peerOf(packet).type, "admitted");
  t.end();
});

t.test("the first address of an IPv6 advert is a link-local one, wherever it was written", (t) => {
  const [sent] = advertPackets(SIX, 100, ip("fe80::12"));
  const admission = admit(sent?.packet ?? new Uint8Array(), [SIX], () => ip("fe80::11"));
  t.match(admission, { type: "admitted", advert: { addresses: ["fe80::100", "2001:db8::100"] } });
  t.equal(addressMismatch(SIX, advertOf({ addresses: [ip("2001:db8::100"), ip("fe80::100")] })), undefined);
  t.end();
});

/** What becomes of an advert of `from`'s with that TTL. */
function verdict(delivery: Delivery, from: string, ttl: number): string {
  const sender = router({ delivery: unicast({ peers: [peer("192.0.2.99")], ttl }) });
  const [sent] = advertPackets(sender, 100, ip(from));
  const admission = admit(sent?.packet ?? new Uint8Array(), [router({ delivery })], OURS);
  return admission.type === "discarded" ? admission.cause : admission.type;
}

t.test("unicast: only a named peer is heard, with the TTL that it is to have", (t) => {
  t.equal(verdict(unicast(), "192.0.2.11", 255), "admitted");
  t.equal(verdict(unicast(), "192.0.2.13", 255), "source");
  t.equal(verdict(unicast(), "192.0.2.12", 255), "own-address", "a peer that is ourselves is no peer");
  t.equal(verdict(unicast(), "192.0.2.11", 254), "ttl");
  t.equal(verdict(unicast(), "192.0.2.13", 254), "source", "who it is comes before how far it is");
  const far = unicast({ peers: [peer("192.0.2.11", 60, 62)] });
  const heard = [59, 60, 61, 62, 63, 255].map((ttl) => verdict(far, "192.0.2.11", ttl));
  t.same(heard, ["ttl", "admitted", "admitted", "admitted", "ttl", "ttl"]);
  t.end();
});

t.test("unicast without a check of the source: anybody on this link", (t) => {
  const open = unicast({ peers: [peer("192.0.2.11", 60)], checkSource: false });
  t.equal(verdict(open, "192.0.2.13", 255), "admitted");
  t.equal(verdict(open, "192.0.2.13", 254), "ttl");
  t.equal(verdict(open, "192.0.2.11", 60), "admitted");
  t.end();
});

t.test("equal priorities: the higher of two IPv6 addresses stays", (t) => {
  const lower = Story.master({ ...SIX, name: "web" });
  lower.primary = ip("fe80::9");
  lower.give(1, { type: "advert", advert: advertOf({ priority: 100 }), source: ip("fe80::10") });
  t.equal(lower.state.name, "backup");
  const higher = Story.master({ ...SIX, name: "web" });
  higher.primary = ip("fe80::10");
  higher.give(1, { type: "advert", advert: advertOf({ priority: 100 }), source: ip("fe80::9") });
  t.equal(higher.state.name, "master");
  t.end();
});

function eth(name: string, ...addresses: (string | { address: string; tentative: boolean })[]): Interface {
  const on = addresses.map((one) => (typeof one === "string" ? { address: one, tentative: false } : one));
  return {
    index: 2,
    name,
    up: true,
    mac: undefined,
    addresses: on.map(({ address, tentative }) => ({ address: ip(address), prefixLength: 64, tentative })),
  };
}

function on(...links: Interface[]) {
  return new Map(links.map((link) => [link.name, link]));
}

t.test("IPv6 adverts come from a link-local address that is not virtual and not tentative", (t) => {
  const virtual = new Set([ip("fe80::100"), ip("2001:db8::100")]);
  const all = ["192.0.2.12", "2001:db8::12", "fe80::100", "fe80::12", "fe80::13"];
  t.equal(primaryAddress(SIX, on(eth("eth0", ...all)), virtual), "fe80::12");
  t.equal(primaryAddress(router(), on(eth("eth0", ...all)), virtual), "192.0.2.12");
  const missing = ["interface eth0 has no IPv6 link-local address"];
  t.same(faultsOf(SIX, on(eth("eth0", "192.0.2.12", "2001:db8::12", "fe80::100")), virtual), missing);
  t.same(faultsOf(SIX, on(eth("eth0", { address: "fe80::12", tentative: true })), virtual), missing);
  const owner = router({ ...SIX, priority: 255 });
  t.equal(primaryAddress(owner, on(eth("eth0", "2001:db8::100", "fe80::100")), virtual), "fe80::100");
  t.end();
});

t.test("unicast over IPv6 comes from an address of the peers' scope", (t) => {
  const interfaces = on(eth("eth0", "fe80::12", "2001:db8::12"));
  const source = (address: string) =>
    primaryAddress(router({ ...SIX, delivery: unicast({ peers: [peer(address)] }) }), interfaces, new Set());
  t.equal(source("2001:db8::11"), "2001:db8::12");
  t.equal(source("fe80::11"), "fe80::12");
  const far = router({ ...SIX, delivery: unicast({ peers: [peer("2001:db8::11")] }) });
  t.same(faultsOf(far, on(eth("eth0", "fe80::12")), new Set()), ["interface eth0 has no IPv6 address"]);
  t.end();
});

t.test("a configured source is used once it is on this machine; until then it is a fault", (t) => {
  const from = (source: string) => router({ delivery: unicast({ source: ip(source) }) });
  const interfaces = on(eth("eth0", "192.0.2.12"), eth("lo", "203.0.113.1", "fe80::7"));
  t.equal(primaryAddress(from("203.0.113.1"), interfaces, new Set()), "203.0.113.1", "on any interface");
  t.same(faultsOf(from("203.0.113.2"), interfaces, new Set()), [
    "address 203.0.113.2 is not on this machine",
  ]);
  t.equal(primaryAddress(from("fe80::7"), interfaces, new Set()), undefined, "link-local: on its own only");
  t.end();
});
