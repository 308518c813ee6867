/**
 * Mutated packets for the codec. Half of them get their lengths and checksum repaired, so that they come past the first
 * checks. Nothing may throw, and what is accepted must come out of the encoder as the same bytes, but for what the RFCs
 * have the receiver ignore.
 */

import { MULTICAST4 } from "../../src/core/vrrp/delivery.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { internetChecksum } from "../../src/core/units/checksum.ts";
import { centiseconds, seconds, ZERO } from "../../src/core/units/time.ts";
import { admit } from "../../src/core/vrrp/admission.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { decodeIpv4, encodeIpv4 } from "../../src/core/wire/ipv4.ts";
import {
  type ChecksumForm,
  decodeAdvert,
  encodeAdvert,
  IPPROTO_VRRP,
  VRRP_GROUP,
} from "../../src/core/wire/vrrp.ts";
import { Random } from "./random.ts";
import { recipient } from "./validity.ts";

const SOURCE = "192.0.2.11" as Ipv4;
const OWN = "192.0.2.12" as Ipv4;
const ADDRESSES = ["192.0.2.100", "192.0.2.101", "198.51.100.1"] as Ipv4[];

/** How many packets were tried, and how many of them were adverts that count. */
export interface Tally {
  readonly packets: number;
  readonly admitted: number;
}

/** Tries so many packets; throws an error that shows the bytes when something is wrong. */
export function fuzz(packets: number, seed: number): Tally {
  const random = new Random(seed);
  const routers = [router(51, 3), router(52, 2)];
  const originals = [
    packet(routers[0], 1),
    packet(routers[0], 3),
    packet(routers[1], 1),
    packet(routers[1], 2),
  ];
  let admitted = 0;
  for (let count = 0; count < packets; count += 1) {
    const bytes = mutated(random.pick(originals), random);
    try {
      if (isRight(bytes, routers)) admitted += 1;
    } catch (error) {
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
      throw new Error(`packet ${count} of seed ${seed}: ${hex}`, { cause: error });
    }
  }
  return { packets, admitted };
}

function isRight(bytes: Uint8Array, routers: readonly VirtualRouter[]): boolean {
  const admission = admit(bytes, routers, () => OWN);
  const expected = recipient(bytes, { routers, own: OWN, lastSequence: () => 0 });
  const actual = admission.type === "admitted" ? admission.router : undefined;
  if (actual !== expected) throw new Error(`it is for ${expected?.name}, not for ${actual?.name}`);
  const packet = decodeIpv4(bytes);
  if (packet === undefined) return false;
  const decoded = decodeAdvert(packet.payload, packet.source, packet.destination);
  if (!decoded.ok) return false;
  const again = encodeAdvert(decoded.advert, packet.source, packet.destination, decoded.checksum);
  const given = withoutIgnored(packet.payload, packet.source, packet.destination, decoded.checksum);
  if (again.some((byte, index) => byte !== given[index])) throw new Error("it is encoded as something else");
  return admission.type === "admitted";
}

/** What a receiver ignores is what we send as zero: version 3's reserved bits, version 2's authentication data. */
function withoutIgnored(
  message: Uint8Array,
  source: Ipv4,
  destination: Ipv4,
  form: ChecksumForm,
): Uint8Array {
  const bytes = message.slice();
  const version = (bytes[0] ?? 0) >>> 4;
  if (version === 3) bytes[4] = (bytes[4] ?? 0) & 0x0f;
  else bytes.fill(0, bytes.length - 8);
  sum(bytes, version === 3 && form === "pseudo-header" ? [source, destination] : undefined);
  return bytes;
}

function mutated(original: Uint8Array, random: Random): Uint8Array {
  let bytes = original.slice();
  for (let count = random.integer(0, 4); count > 0; count -= 1) {
    bytes[random.integer(0, bytes.length - 1)] = random.pick([
      0,
      1,
      2,
      3,
      0x21,
      0x31,
      51,
      52,
      255,
      random.integer(0, 255),
    ]);
  }
  if (random.chance(0.1)) bytes = bytes.subarray(0, random.integer(0, bytes.length));
  if (random.chance(0.1)) bytes = Uint8Array.from([...bytes, ...new Uint8Array(random.integer(1, 30))]);
  if (random.chance(0.5) && bytes.length >= 28) repair(bytes, random);
  return bytes;
}

function repair(bytes: Uint8Array, random: Random): void {
  const start = ((bytes[0] ?? 0) & 15) * 4;
  if (start < 20 || start + 8 > bytes.length) return;
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(2, bytes.length);
  const packet = decodeIpv4(bytes);
  if (packet !== undefined)
    sum(packet.payload, random.chance(0.5) ? [packet.source, packet.destination] : undefined);
}

/** Writes a message's checksum, with a pseudo-header between those two or without. */
function sum(message: Uint8Array, between: readonly [Ipv4, Ipv4] | undefined): void {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  view.setUint16(6, 0);
  const [source = "", destination = ""] = between ?? [];
  const header = [
    ...source.split("."),
    ...destination.split("."),
    0,
    IPPROTO_VRRP,
    message.length >>> 8,
    message.length & 255,
  ];
  view.setUint16(
    6,
    between === undefined
      ? internetChecksum(message)
      : internetChecksum(Uint8Array.from(header, Number), message),
  );
}

function packet(router: VirtualRouter | undefined, count: number): Uint8Array {
  const { vrid, version, advertInterval } = router as VirtualRouter;
  const advert = { version, vrid, priority: 150, advertInterval, addresses: ADDRESSES.slice(0, count) };
  const payload = encodeAdvert(advert, SOURCE, VRRP_GROUP, "pseudo-header");
  return encodeIpv4({ source: SOURCE, destination: VRRP_GROUP, ttl: 255, protocol: IPPROTO_VRRP, payload });
}

function router(vrid: number, version: 2 | 3): VirtualRouter {
  return {
    name: `version ${version}`,
    interface: "eth0",
    vrid,
    version,
    priority: 100,
    advertInterval: version === 2 ? seconds(1) : centiseconds(10),
    preempt: true,
    family: 4,
    delivery: MULTICAST4,
    v3ChecksumAsV2: false,
    addresses: [],
    announcing: { delay: ZERO, repeat: 1, refresh: ZERO, refreshRepeat: 1 },
    contention: { announceDelay: ZERO, announceRepeat: 1, answer: true, lastWord: true },
    downTimerAdverts: 3,
    preemptDelay: ZERO,
    syncGroup: undefined,
    tracks: [],
  };
}
