/**
 * Goal: services and destinations are said as the IPVS family wants them, and understood as it says them.
 * Method: literal bytes worked out by hand from linux/ip_vs.h; random objects there and back; random bytes.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  AF_INET,
  AF_INET6,
  decodeService,
  decodeTimeouts,
  destinationAttributes,
  encodeBare,
  encodeService,
  encodeServiceId,
  encodeTimeouts,
  IPVS_CMD_DEL_DEST,
  IPVS_CMD_DEL_SERVICE,
  IPVS_CMD_GET_SERVICE,
  IPVS_CMD_NEW_DEST,
  IPVS_CMD_NEW_SERVICE,
  putDestination,
  putDestinationId,
  readDestination,
  type WireDestination,
  type WireService,
} from "../../../src/core/wire/ipvs.ts";
import { decodeFamily, encodeGetFamily, encodeMessage } from "../../../src/core/wire/generic-netlink.ts";
import {
  attribute,
  be16,
  be32,
  nested,
  NetlinkWriter,
  text,
  u16,
  u32,
} from "../../../src/core/wire/netlink.ts";

function hex(...lines: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(lines.join("").replaceAll(" ", ""), "hex"));
}

/** What is written into a netlink message. */
function written<What extends readonly unknown[]>(
  put: (to: NetlinkWriter, ...what: What) => void,
  ...what: What
): Uint8Array {
  const writer = new NetlinkWriter(0);
  put(writer, ...what);
  return writer.bytes;
}

function decodedDestination(part: Uint8Array, family: number): WireDestination | undefined {
  return readDestination(destinationAttributes(part), family);
}

const VIP = { family: AF_INET, bytes: Uint8Array.of(192, 0, 2, 100) };
const REAL = { family: AF_INET, bytes: Uint8Array.of(198, 51, 100, 21) };
const WEB: WireService = {
  address: VIP,
  protocol: 6,
  port: 80,
  fwmark: 0,
  scheduler: "wlc",
  flags: 0,
  timeout: 0,
  netmask: 0xffffffff,
  engine: "",
};

const WEB_IDENTITY = [
  "0600 0100 0200 0000", // AF: AF_INET
  "0600 0200 0600 0000", // PROTOCOL: TCP
  "1400 0300 c0000264 00000000 00000000 00000000", // ADDR: 192.0.2.100 in a union of 16 bytes
  "0600 0400 0050 0000", // PORT: 80, network order
] as const;

const REAL_IDENTITY = [
  "1400 0100 c6336415 00000000 00000000 00000000", // ADDR: 198.51.100.21
  "0600 0200 1f90 0000", // PORT: 8080, network order
  "0600 0b00 0200 0000", // ADDR_FAMILY: AF_INET
] as const;

t.test("NEW_SERVICE carries identity, scheduler, flags with a mask, timeout and netmask", async (t) => {
  t.strictSame(
    encodeService(IPVS_CMD_NEW_SERVICE, WEB),
    hex(
      "01 01 0000", // NEW_SERVICE, version 1
      "5400 0180", // SERVICE, nested: 4 + 44 + 36
      ...WEB_IDENTITY,
      "0800 0600 776c6300", // SCHED_NAME: wlc
      "0c00 0700 00000000 fdffffff", // FLAGS: none; the mask clears all but HASHED
      "0800 0800 00000000", // TIMEOUT: 0
      "0800 0900 ffffffff", // NETMASK
    ),
  );
});

t.test("DEL_SERVICE names the service and no more", async (t) => {
  t.strictSame(encodeServiceId(IPVS_CMD_DEL_SERVICE, WEB), hex("03 01 0000", "3000 0180", ...WEB_IDENTITY));
});

t.test("NEW_DEST carries both identities, forwarding method, weight and thresholds", async (t) => {
  const destination = {
    address: REAL,
    port: 8080,
    method: 3,
    tunnel: undefined,
    weight: 300,
    upperThreshold: 0,
    lowerThreshold: 0,
  };
  t.strictSame(
    written(putDestination, IPVS_CMD_NEW_DEST, WEB, destination),
    hex(
      "05 01 0000", // NEW_DEST
      "3000 0180",
      ...WEB_IDENTITY,
      "4800 0280", // DEST, nested: 4 + 36 + 32
      ...REAL_IDENTITY,
      "0800 0300 03000000", // FWD_METHOD: DROUTE
      "0800 0400 2c010000", // WEIGHT: 300
      "0800 0500 00000000", // U_THRESH
      "0800 0600 00000000", // L_THRESH
    ),
  );
});

t.test("NEW_DEST through a tunnel says which", async (t) => {
  const destination = {
    address: REAL,
    port: 80,
    method: 2,
    tunnel: { type: 1, port: 6080, flags: 2 },
    weight: 1,
    upperThreshold: 9,
    lowerThreshold: 3,
  };
  t.strictSame(
    written(putDestination, IPVS_CMD_NEW_DEST, WEB, destination),
    hex(
      "05 01 0000", // NEW_DEST
      "3000 0180",
      ...WEB_IDENTITY,
      "6000 0280", // DEST, nested: 4 + 36 + 32 + 24
      "1400 0100 c6336415 00000000 00000000 00000000",
      "0600 0200 0050 0000",
      "0600 0b00 0200 0000",
      "0800 0300 02000000", // FWD_METHOD: TUNNEL
      "0800 0400 01000000", // WEIGHT: 1
      "0800 0500 09000000", // U_THRESH: 9
      "0800 0600 03000000", // L_THRESH: 3
      "0500 0d00 01 000000", // TUN_TYPE: GUE
      "0600 0e00 17c0 0000", // TUN_PORT: 6080, network order
      "0600 0f00 0200 0000", // TUN_FLAGS: REMCSUM
    ),
  );
});

t.test("kernels before 5.3 tell less of a tunnel, and those before 5.2 nothing", async (t) => {
  const told = (length: string, ...tunnel: readonly string[]) =>
    decodedDestination(
      hex(
        "05 01 0000",
        `${length} 0280`, // DEST, nested: 4 + 36 + 32, and what there is of the tunnel
        "1400 0100 c6336415 00000000 00000000 00000000",
        "0600 0200 0050 0000",
        "0600 0b00 0200 0000",
        "0800 0300 02000000", // FWD_METHOD: TUNNEL
        "0800 0400 01000000",
        "0800 0500 00000000",
        "0800 0600 00000000",
        ...tunnel,
      ),
      AF_INET,
    );
  const [type, port] = ["0500 0d00 01 000000", "0600 0e00 17c0 0000"];
  t.match(told("6000", type, port, "0600 0f00 0100 0000"), { tunnel: { type: 1, port: 6080, flags: 1 } });
  t.strictSame(told("5800", type, port)?.tunnel, { type: 1, port: 6080, flags: undefined });
  t.match(told("4800"), { method: 2, tunnel: undefined });
});

t.test("SET_CONFIG says only what is to change, and GET_CONFIG's answer is understood", async (t) => {
  t.strictSame(
    encodeTimeouts({ tcp: 900, tcpFin: undefined, udp: 300 }),
    hex(
      "0c 01 0000", // SET_CONFIG
      "0800 0400 84030000", // TIMEOUT_TCP
      "0800 0600 2c010000", // TIMEOUT_UDP
    ),
  );
  const answer = encodeMessage(12, 1, u32(4, 900), u32(5, 120), u32(6, 300));
  t.strictSame(decodeTimeouts(answer), { tcp: 900, tcpFin: 120, udp: 300 });
  t.equal(decodeTimeouts(encodeMessage(12, 1, u32(4, 900))), undefined);
});

t.test("DEL_DEST names the destination and no more", async (t) => {
  t.strictSame(
    written(putDestinationId, IPVS_CMD_DEL_DEST, WEB, { address: REAL, port: 8080 }),
    hex("07 01 0000", "3000 0180", ...WEB_IDENTITY, "2800 0280", ...REAL_IDENTITY),
  );
});

t.test("GET_SERVICE of all has no arguments", async (t) => {
  t.strictSame(encodeBare(IPVS_CMD_GET_SERVICE), hex("04 01 0000"));
});

t.test("the flag that is the kernel's own is neither sent nor seen", async (t) => {
  const part = encodeMessage(
    1,
    1,
    nested(
      1,
      u16(1, AF_INET),
      u16(2, 17),
      attribute(3, Uint8Array.of(192, 0, 2, 53, ...Array<number>(12).fill(0))),
      be16(4, 53),
      text(6, "rr"),
      u32(7, 0x0003, 0xffffffff), // HASHED and PERSISTENT, as the kernel dumps them
      u32(8, 360),
      be32(9, 0xffffff00),
      nested(10, u32(1, 5)), // STATS, which is passed over
      text(11, "sip"),
    ),
  );
  t.strictSame(decodeService(part), {
    address: { family: AF_INET, bytes: Uint8Array.of(192, 0, 2, 53) },
    protocol: 17,
    port: 53,
    fwmark: 0,
    scheduler: "rr",
    flags: 1,
    timeout: 360,
    netmask: 0xffffff00,
    engine: "sip",
  });
});

t.test("a destination without a family has its service's", async (t) => {
  const part = encodeMessage(
    5,
    1,
    nested(
      2,
      attribute(1, Uint8Array.of(198, 51, 100, 21, ...Array<number>(12).fill(0))),
      be16(2, 80),
      u32(3, 0x0183), // DROUTE among other connection flags
      u32(4, 1),
      u32(5, 0),
      u32(6, 0),
    ),
  );
  t.match(decodedDestination(part, AF_INET), { address: REAL, port: 80, method: 3, weight: 1 });
  t.equal(decodedDestination(part, 99), undefined, "a family that is none");
});

t.test("a part that lacks a field is no service and no destination", async (t) => {
  t.equal(decodeService(Uint8Array.of()), undefined);
  t.equal(decodeService(encodeServiceId(1, WEB)), undefined);
  t.equal(
    decodedDestination(written(putDestinationId, 5, WEB, { address: REAL, port: 1 }), AF_INET),
    undefined,
  );
});

t.test("the controller is asked for a family by name and answers with its number", async (t) => {
  t.strictSame(
    encodeGetFamily("IPVS"),
    hex("03 01 0000", "0900 0200 4950565300 000000"), // GETFAMILY, FAMILY_NAME
  );
  t.equal(decodeFamily(hex("01 02 0000", "0600 0100 2300 0000")), 0x23);
  t.equal(decodeFamily(hex("01 02")), undefined);
});

const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ({ family: AF_INET, bytes })),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => ({ family: AF_INET6, bytes })),
);
const number32 = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 0, max: 0xffff });
const name = fc.stringMatching(/^[a-z_]{1,15}$/);
const service = fc.record(
  {
    address,
    protocol: port,
    port,
    fwmark: fc.constant(0),
    scheduler: name,
    flags: number32.map((flags) => (flags & ~2) >>> 0),
    timeout: number32,
    netmask: number32,
    engine: fc.oneof(fc.constant(""), name),
  },
  { noNullPrototype: true },
);
const destination = fc.record(
  {
    address,
    port,
    method: fc.integer({ min: 0, max: 4 }),
    tunnel: fc.option(fc.record({ type: fc.nat(2), port, flags: fc.nat(2) }, { noNullPrototype: true }), {
      nil: undefined,
    }),
    weight: number32,
    upperThreshold: number32,
    lowerThreshold: number32,
  },
  { noNullPrototype: true },
);

t.test("any service and destination come back as they went", async () => {
  fc.assert(
    fc.property(service, destination, (service, destination) => {
      assert.deepStrictEqual(decodeService(encodeService(1, service)), service);
      assert.deepStrictEqual(
        decodedDestination(written(putDestination, 5, service, destination), AF_INET),
        destination,
      );
    }),
  );
});

t.test("a service for a firewall mark comes back without address, protocol and port", async (t) => {
  const marked = {
    ...WEB,
    address: { family: AF_INET, bytes: new Uint8Array(4) },
    protocol: 0,
    port: 0,
    fwmark: 7,
  };
  t.strictSame(decodeService(encodeService(1, marked)), marked);
});

t.test("no bytes make the decoders throw, whatever stands before them", async () => {
  const known = written(putDestination, 5, WEB, { ...destinationOfZeros(), address: REAL });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.nat(known.length - 1),
      fc.nat(255),
      (bytes, at, value) => {
        const damaged = known.slice();
        damaged[at] = value;
        for (const part of [bytes, damaged]) {
          decodeService(part);
          decodedDestination(part, AF_INET);
          decodeFamily(part);
        }
      },
    ),
  );
});

function destinationOfZeros() {
  return { port: 0, method: 0, tunnel: undefined, weight: 0, upperThreshold: 0, lowerThreshold: 0 };
}
