/**
 * Goal: an interface's kind and mode are written and read as linux/if_link.h has them. Method: bytes by hand, in the layout
 * of `struct nlattr`.
 */

import t from "tap";
import { virtualMac } from "../../../src/core/vrrp/virtual-link.ts";
import { decodeLinkInfo, encodeLinkInfo } from "../../../src/core/wire/link.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (...parts: readonly string[]) => new Uint8Array(Buffer.from(parts.join(""), "hex"));

/** IFLA_INFO_KIND "macvlan", 12 bytes; IFLA_INFO_DATA with IFLA_MACVLAN_MODE 1, private. */
const MACVLAN = ["0c000100", "6d6163766c616e00", "0c000280", "08000100", "01000000"];
/** IFLA_INFO_KIND "ipvlan", 11 bytes and one of padding; mode 0 (layer 2), flags 2 (vepa). */
const IPVLAN = ["0b000100", "6970766c616e0000", "14000280", "06000100", "00000000", "06000200", "02000000"];

const on = { name: "x", base: "eth0", holdsIpv4: true };

t.test("what is to be made", (t) => {
  t.equal(hex(encodeLinkInfo({ ...on, type: "macvlan", mac: virtualMac(4, 51) })), MACVLAN.join(""));
  t.equal(hex(encodeLinkInfo({ ...on, type: "ipvlan", mode: "vepa", address: undefined })), IPVLAN.join(""));
  t.end();
});

t.test("what is there", (t) => {
  t.same(decodeLinkInfo(bytes(...MACVLAN)), { kind: "macvlan", mode: "private" });
  t.same(decodeLinkInfo(bytes(...IPVLAN)), { kind: "ipvlan", mode: "vepa" });
  t.same(decodeLinkInfo(bytes(...MACVLAN.slice(0, 4), "04000000")), { kind: "macvlan", mode: "bridge" });
  const layer3 = ["0a000280", "06000100", "01000000"];
  t.same(decodeLinkInfo(bytes("0b000100", "6970766c616e0000", ...layer3)), { kind: "ipvlan", mode: "l3 1" });
  t.same(decodeLinkInfo(bytes("09000100", "7665746800")), { kind: "veth", mode: undefined });
  t.equal(decodeLinkInfo(bytes("")), undefined);
  t.equal(decodeLinkInfo(bytes("ffff0100")), undefined);
  t.end();
});
