/**
 * Goal: heartbeats are written and read as docs/protocol/heartbeat.md lays them out, and whatever does not count is refused by
 * its cause, the cheap causes first. Method: one datagram laid out by hand, under a code that is a mere sum; HMAC-SHA256's own
 * test vector; a table of faults; round trips; any bytes.
 */

import fc from "fast-check";
import t from "tap";
import { type IpAddress, parseIpAddress } from "../../../src/core/units/ip-address.ts";
import { centiseconds, microseconds, milliseconds } from "../../../src/core/units/time.ts";
import {
  entriesThatFit,
  type Guard,
  type Heartbeat,
  HEARTBEAT_LENGTH_MAX,
  type InstanceEntry,
  type Message,
  messagesThatFit,
  openHeartbeat,
  releaseTold,
  sealHeartbeat,
} from "../../../src/core/wire/heartbeat.ts";
import { hmacSha256 } from "../../../src/failover/mac.ts";

const KEY = new Uint8Array(32).fill(7);

/** 32 bytes, each of them the sum of the key's first byte and all bytes: enough to be seen in bytes laid out by hand. */
const sum = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(32).fill(bytes.reduce((total, byte) => total + byte, key[0] ?? 0));

const BYTES = [
  ...[0x52, 0x4c, 0x56, 0x4f], // RLVO                      323
  0x01, //                        version                   324
  0x05, //                        key id                    329
  0x01, //                        stopping                  330
  0x02, //                        two messages              332
  ...[0x00, 0x00, 0x00, 0x0a], // path                      342
  ...[0x00, 0x00, 0x00, 0x0b], // node                      353
  ...[0, 0, 0, 0, 0, 0, 0, 0x21], // boot                   386
  ...[0, 0, 0, 0, 0, 0, 0, 0x22], // echo                   420
  ...[0x00, 0x03], //             three instances in all    423
  ...[0x00, 0x01, 0x00, 0x00, 0x00, 0x02], // 2^32 + 2      426
  ...[0x00, 0x01, 0x86, 0xa0], // 100,000 us                721
  ...[0x01, 0x02, 0x01, 0x04], // 1.2.260                   729
  ...[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef], //   1689
  ...[0x00, 0x02], //             first: place 2            1691
  ...[0x00, 0x01], //             one has changed           1692
  ...[0x00, 0x01], //             one entry                 1693
  ...[0x00, 0x00], //             reserved
  ...[0x00, 0x00, 0x00, 0x63], // edition                   1792
  ...[0x00, 0x00, 0x00, 0x31], // instance                  1841
  0x02, //                        master                    1843
  0x96, //                        150                       1993
  ...[0x00, 0x64], //             1 s                       2093
  ...[0x00, 0x00, 0x0b, 0xb8], // 3,000 ms                  2288
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], //         2798
  ...[0xc0, 0x00, 0x02, 0x0b], // 192.0.2.11                3003
  ...[0x00, 0x00], //             offer
  ...[0x00, 0x02], //             of two                    3005
  ...[0x00, 0x00, 0x00, 0x07], // number 7                  3012
  ...[0x00, 0x00, 0x00, 0x31], //                           3061
  ...[0x00, 0x00, 0x00, 0x32], //                           3111
  ...[0x03, 0x02], //             refused: fault            3116
  ...[0x00, 0x00], //             of none
  ...[0x00, 0x00, 0x00, 0x09], // number 9                  3125
  ...Array<number>(32).fill((3_125 + 7) % 256), //          3132 = 12 x 256 + 60
];

const HEARTBEAT: Heartbeat = {
  keyId: 5,
  path: 10,
  node: 11,
  boot: 0x21n,
  echo: 0x22n,
  sequence: 4_294_967_298,
  interval: milliseconds(100),
  software: "1.2.260",
  digest: "0123456789abcdef",
  stopping: true,
  roster: {
    total: 3,
    edition: 99,
    changed: 1,
    first: 2,
    entries: [
      {
        id: 49,
        state: "master",
        priority: 150,
        advertInterval: centiseconds(100),
        age: milliseconds(3_000),
        primary: "192.0.2.11" as IpAddress,
      },
    ],
  },
  messages: [
    { kind: "offer", id: 7, instances: [49, 50] },
    { kind: "refused", reason: "fault", id: 9, instances: [] },
  ],
};

function guard(changes: Partial<Guard> = {}): Guard {
  return {
    key: (id) => (id === 5 ? KEY : undefined),
    hmac: sum,
    path: 10,
    node: 11,
    boot: 0x22n,
    seen: () => undefined,
    ...changes,
  };
}

/** The bytes with a code that is right again. */
function summed(bytes: readonly number[]): Uint8Array {
  const covered = Uint8Array.from(bytes.slice(0, -32));
  return Uint8Array.of(...covered, ...sum(KEY, covered));
}

t.test("the datagram laid out by hand: read and written", (t) => {
  t.same(BYTES.at(-1), 60);
  t.same(openHeartbeat(Uint8Array.from(BYTES), guard()), { ok: true, heartbeat: HEARTBEAT });
  t.same([...sealHeartbeat(HEARTBEAT, KEY, sum)], BYTES);
  t.end();
});

t.test("the code is HMAC-SHA256 (RFC 4231 §4.3)", (t) => {
  const code = hmacSha256(Buffer.from("Jefe"), Buffer.from("what do ya want for nothing?"));
  t.equal(
    Buffer.from(code).toString("hex"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
  t.end();
});

t.test("a datagram inside a larger buffer is read from where it begins", (t) => {
  const buffer = Uint8Array.of(0x99, 0x99, 0x99, ...BYTES, 0x99);
  t.match(openHeartbeat(buffer.subarray(3, 3 + BYTES.length), guard()), { ok: true });
  t.end();
});

const EMPTY = [...BYTES.slice(0, 68).with(7, 0).with(61, 0).with(59, 0), ...Array<number>(32).fill(0)];
const NEVER = guard({
  hmac: () => {
    throw new Error("no code is computed for this one");
  },
});

const REFUSED: [string, Uint8Array, string, Guard][] = [
  ["nothing at all", new Uint8Array(), "truncated", NEVER],
  ["one byte short of header and code", Uint8Array.from(BYTES.slice(0, 99)), "truncated", NEVER],
  ["another magic", Uint8Array.from(BYTES.with(3, 0x4e)), "bad-magic", NEVER],
  ["version 2", Uint8Array.from(BYTES.with(4, 2)), "future-version", NEVER],
  ["a key that we do not have", Uint8Array.from(BYTES.with(5, 6)), "unknown-key", NEVER],
  ["another path", Uint8Array.from(BYTES.with(11, 0x0b)), "wrong-path", NEVER],
  ["another sender", Uint8Array.from(BYTES.with(15, 0x0a)), "wrong-node", NEVER],
  ["more than a datagram has", Uint8Array.from([...BYTES, ...Array<number>(1_200)]), "malformed", NEVER],
  ["a number that was there", Uint8Array.from(BYTES), "replayed", { ...NEVER, seen: () => "replayed" }],
  ["a number below the window", Uint8Array.from(BYTES), "too-old", { ...NEVER, seen: () => "too-old" }],
  ["a code that is wrong at its end", Uint8Array.from(BYTES.with(-1, 61)), "wrong-key", guard()],
  ["a code that is wrong at its beginning", Uint8Array.from(BYTES.with(-32, 61)), "wrong-key", guard()],
  ["a flipped flag", Uint8Array.from(BYTES.with(6, 0)), "wrong-key", guard()],
  ["another path, signed", summed(BYTES.with(11, 0x0b)), "wrong-path", guard()],
  [
    "cut off in the middle, signed",
    summed([...BYTES.slice(0, 90), ...BYTES.slice(-32)]),
    "malformed",
    guard(),
  ],
  ["one byte too many", summed([...EMPTY, 0]), "malformed", guard()],
  ["an entry that is not there", summed(EMPTY.with(61, 1)), "malformed", guard()],
  ["more entries than instances", summed(BYTES.with(33, 0)), "malformed", guard()],
  ["more changed ones than entries", summed(BYTES.with(59, 2)), "malformed", guard()],
  ["a message that is not there", summed(EMPTY.with(7, 1)), "malformed", guard()],
  ["a message too few", summed(BYTES.with(7, 1)), "malformed", guard()],
  ["a message longer than the datagram", summed(BYTES.with(98, 0xff)), "malformed", guard()],
  ["a state that there is not", summed(BYTES.with(72, 4)), "malformed", guard()],
  ["a kind of message that there is not", summed(BYTES.with(96, 4)), "malformed", guard()],
  ["a reason that there is not", summed(BYTES.with(113, 99)), "malformed", guard()],
  ["no boot id", summed(BYTES.with(23, 0)), "malformed", guard()],
  ["no interval", summed(BYTES.with(41, 0).with(42, 0).with(43, 0)), "malformed", guard()],
  ["an interval of more than a minute", summed(BYTES.with(40, 0xff)), "malformed", guard()],
];

for (const [name, bytes, fault, against] of REFUSED) {
  t.test(`refused as ${fault}: ${name}`, (t) => {
    t.same(openHeartbeat(bytes, against), { ok: false, fault });
    t.end();
  });
}

t.test("what does not echo us says no more than its boot id, and that only when it is signed", (t) => {
  for (const echo of [0x00, 0x23]) {
    t.same(openHeartbeat(summed(BYTES.with(31, echo)), guard()), {
      ok: false,
      fault: "stale-boot",
      boot: 0x21n,
    });
    t.same(openHeartbeat(Uint8Array.from(BYTES.with(31, echo)), guard()), { ok: false, fault: "wrong-key" });
  }
  t.end();
});

t.test("1,232 bytes hold 40 entries, or 281 instances of an offer and 0 entries", (t) => {
  // 1232 - 68 - 32 = 1132; 1132 / 28 = 40.4; (1132 - 8) / 4 = 281
  const offer = (length: number): Message => ({
    kind: "offer",
    id: 1,
    instances: Array<number>(length).fill(1),
  });
  t.equal(entriesThatFit([]), 40);
  t.equal(messagesThatFit([offer(281)]), 1);
  t.equal(messagesThatFit([offer(282)]), 0);
  t.equal(entriesThatFit([offer(281)]), 0);
  t.equal(entriesThatFit([offer(2)]), 39, "1132 - 16 = 1116; 1116 / 28 = 39.9");
  t.equal(messagesThatFit(Array<Message>(200).fill(offer(1))), 94);
  t.end();
});

t.test("an entry's address: an IPv6 one, an IPv4 one, none", (t) => {
  const [entry] = HEARTBEAT.roster.entries;
  if (entry === undefined) throw new Error("there is one");
  for (const primary of ["fe80::1", "2001:db8::ffff:c000:20b", "192.0.2.1", undefined]) {
    const entries = [{ ...entry, primary: primary as IpAddress | undefined }];
    const said = { ...HEARTBEAT, roster: { ...HEARTBEAT.roster, entries } };
    t.match(openHeartbeat(sealHeartbeat(said, KEY, sum), guard()), { heartbeat: { roster: { entries } } });
  }
  const none = BYTES.map((byte, at) => (at >= 80 && at < 96 ? 0 : byte));
  t.match(openHeartbeat(summed(none), guard()), {
    heartbeat: { roster: { entries: [{ id: 49, primary: undefined }] } },
  });
  t.end();
});

t.test("of a release three numbers are told, on either side the same", (t) => {
  for (const [release, told] of [
    ["1.2.3", "1.2.3"],
    ["1.0.0-rc.1", "1.0.0"],
    ["1.0.0-rc.1+build.5", "1.0.0"],
    ["0.1.0+20261121", "0.1.0"],
    ["2026.300.70000", "234.44.4464"],
  ] as const) {
    t.equal(releaseTold(release), told);
    const bytes = sealHeartbeat({ ...HEARTBEAT, software: release }, KEY, sum);
    t.match(openHeartbeat(bytes, guard()), { heartbeat: { software: told } });
  }
  t.end();
});

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const u16 = (max = 65_535) => fc.integer({ min: 0, max });
const boot = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const anyEntry: fc.Arbitrary<InstanceEntry> = fc.record({
  id: u32,
  state: fc.constantFrom("init", "backup", "master", "fault"),
  priority: u16(255),
  advertInterval: u16().map(centiseconds),
  age: u32.map(milliseconds),
  primary: fc.option(
    fc.oneof(
      fc.ipV4().map((text) => parseIpAddress(text)),
      fc
        .ipV6()
        .map((text) => parseIpAddress(text))
        .filter((address) => address !== "::" && !address?.startsWith("::ffff:")),
    ),
    { nil: undefined },
  ),
});
const ids = fc.array(u32, { maxLength: 20 });
const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: fc.constantFrom("offer", "request", "taken"), id: u32, instances: ids }),
  fc.record({
    kind: fc.constant("refused"),
    reason: fc.constantFrom(
      "unknown-instance",
      "startup",
      "fault",
      "stopping",
      "not-master",
      "rank",
      "claim-failed",
    ),
    id: u32,
    instances: ids,
  }),
) as fc.Arbitrary<Message>;
const anyHeartbeat: fc.Arbitrary<Heartbeat> = fc
  .record({
    keyId: u16(255),
    path: u32,
    node: u32,
    boot,
    echo: boot,
    sequence: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
    interval: fc.integer({ min: 10_000, max: 10_000_000 }).map(microseconds),
    software: fc.tuple(u16(255), u16(255), u16()).map((parts) => parts.join(".")),
    digest: boot.map((digits) => digits.toString(16).padStart(16, "0")),
    stopping: fc.boolean(),
    messages: fc.array(anyMessage, { maxLength: 4 }),
    roster: fc
      .record({
        edition: u32,
        first: u16(),
        entries: fc.array(anyEntry, { maxLength: 25 }),
        more: u16(1_000),
      })
      .map(({ more, ...part }) => ({
        ...part,
        total: part.entries.length + more,
        changed: part.entries.length,
      })),
  })
  .map((heartbeat) => heartbeat);

function guardFor(heartbeat: Heartbeat): Guard {
  return guard({
    key: () => KEY,
    hmac: hmacSha256,
    path: heartbeat.path,
    node: heartbeat.node,
    boot: heartbeat.echo,
  });
}

t.test("what is written reads the same, and is never too long", (t) => {
  fc.assert(
    fc.property(anyHeartbeat, (heartbeat) => {
      const bytes = sealHeartbeat(heartbeat, KEY, hmacSha256);
      t.same(openHeartbeat(bytes, guardFor(heartbeat)), { ok: true, heartbeat });
      return bytes.length <= HEARTBEAT_LENGTH_MAX;
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test("one flipped bit is refused", (t) => {
  fc.assert(
    fc.property(anyHeartbeat, fc.nat(), (heartbeat, at) => {
      const bytes = sealHeartbeat(heartbeat, KEY, hmacSha256);
      const bit = at % (bytes.length * 8);
      bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      return !openHeartbeat(bytes, guardFor(heartbeat)).ok;
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test("any bytes, signed or not: a heartbeat or a fault, never a throw", (t) => {
  const anyBytes = fc.uint8Array({ maxLength: 300 });
  const likely = fc
    .tuple(fc.array(fc.tuple(fc.integer({ min: 5, max: 130 }), u16(255)), { maxLength: 6 }), u16(133))
    .map(([changes, length]) => {
      const bytes = [...BYTES];
      for (const [at, byte] of changes) bytes[at] = byte;
      return summed([...bytes.slice(0, length), ...Array<number>(32).fill(0)]);
    });
  fc.assert(
    fc.property(fc.oneof(anyBytes, likely), (bytes) => {
      const opened = openHeartbeat(bytes, guard({ key: () => KEY }));
      return opened.ok ? opened.heartbeat.boot > 0n : typeof opened.fault === "string";
    }),
    { numRuns: 2_000 },
  );
  t.end();
});
