/**
 * Goal: dummies and tunnels' ends are written and read as linux/if_link.h and linux/if_tunnel.h have them, and ports for GUE
 * as linux/fou.h. Method: bytes by hand, in the layout of `struct nlattr`.
 */

import t from "tap";
import type { Holder } from "../../../src/core/realserver/model.ts";
import {
  decodeGuePort,
  encodeGuePort,
  encodeListPorts,
  FOU_CMD_ADD,
  FOU_CMD_DEL,
} from "../../../src/core/wire/fou.ts";
import { decodeHolder, encodeHolder } from "../../../src/core/wire/holder-link.ts";
import { ip } from "../balance/servers.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (...parts: readonly string[]) => new Uint8Array(Buffer.from(parts.join(""), "hex"));

const FOUR = ip("198.51.100.21");
const SIX = ip("2001:db8::21");
const CASES: readonly (readonly [Holder, readonly string[]])[] = [
  [{ name: "v0", kind: "dummy" }, ["0a000100", "64756d6d79000000"]],
  [
    { name: "v0", kind: "ipip", local: FOUR, checksum: false },
    ["09000100", "6970697000000000", "0c000280", "08000200", "c6336415"],
  ],
  [
    { name: "v0", kind: "sit", local: FOUR, checksum: false },
    ["08000100", "73697400", "14000280", "08000200", "c6336415", "05000900", "29000000"],
  ],
  [
    { name: "v0", kind: "gre", local: FOUR, checksum: true },
    ["08000100", "67726500", "14000280", "08000600", "c6336415", "06000200", "80000000"],
  ],
  [
    { name: "v0", kind: "ip6tnl", local: SIX, checksum: false },
    [
      "0b000100",
      "697036746e6c0000",
      "20000280",
      "14000200",
      "20010db8000000000000000000000021",
      "05000900",
      "00000000",
    ],
  ],
];

t.test("an interface that is to be made is the one that is read", (t) => {
  for (const [holder, parts] of CASES) {
    t.equal(hex(encodeHolder(holder)), parts.join(""), holder.kind);
    t.same(decodeHolder("v0", bytes(...parts)), holder, holder.kind);
  }
  t.end();
});

t.test("other interfaces, and bytes that are none, are nothing", (t) => {
  t.equal(decodeHolder("v0", bytes("09000100", "7665746800000000")), undefined);
  t.equal(decodeHolder("v0", bytes("09000100", "6970697000000000")), undefined, "without data");
  t.equal(decodeHolder("v0", bytes("ffff0100")), undefined);
  t.end();
});

t.test("ports for GUE", (t) => {
  // Command and version; the port 6080 in network order; AF_INET 2; FOU_ENCAP_GUE 2.
  const added = ["01010000", "0600010017c00000", "0500020002000000", "0500040002000000"];
  t.equal(hex(encodeGuePort(FOU_CMD_ADD, { port: 6080, family: 4 })), added.join(""));
  const deleted = ["02010000", "0600010017c00000", "050002000a000000"];
  t.equal(hex(encodeGuePort(FOU_CMD_DEL, { port: 6080, family: 6 })), deleted.join(""));
  t.equal(hex(encodeListPorts()), "03010000");
  t.same(decodeGuePort(bytes(...added)), { port: 6080, family: 4 });
  t.equal(decodeGuePort(bytes(...added.slice(0, 3), "0500040001000000")), undefined, "FOU without GUE");
  t.end();
});
