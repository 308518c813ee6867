/**
 * Mutated packets for the codec. Half of them get their lengths and checksum repaired, so that they come past the first
 * checks. Nothing may throw, and what is accepted must come out of the encoder as the same bytes, but for what the RFCs
 * have the receiver ignore.
 */

import { MULTICAST4, MULTICAST6 } from "../../src/core/vrrp/delivery.ts";
import { type Family, type IpAddress, ipBytes, isIpv6 } from "../../src/core/units/ip-address.ts";
import { internetChecksum } from "../../src/core/units/checksum.ts";
import { centiseconds, seconds, ZERO } from "../../src/core/units/time.ts";
import { admit } from "../../src/core/vrrp/admission.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { decodeIp, encodeIp } from "../../src/core/wire/ip-packet.ts";
import { ipv6PseudoHeader } from "../../src/core/wire/ipv6.ts";
import {
  type ChecksumForm,
  decodeAdvert,
  encodeAdvert,
  IPPROTO_VRRP,
  VRRP_GROUP,
  VRRP_GROUP6,
} from "../../src/core/wire/vrrp.ts";
import { Random } from "./random.ts";
import { recipient } from "./validity.ts";

const SOURCE = { 4: "192.0.2.11" as IpAddress, 6: "fe80::11" as IpAddress };
const OWN = { 4: "192.0.2.12" as IpAddress, 6: "fe80::12" as IpAddress };
const GROUP = { 4: VRRP_GROUP, 6: VRRP_GROUP6 };
const ADDRESSES = {
  4: ["192.0.2.100", "192.0.2.101", "198.51.100.1"] as IpAddress[],
  6: ["fe80::100", "2001:db8::100", "2001:db8::101"] as IpAddress[],
};

/** How many packets were tried, and how many of them were adverts that count. */
export interface Tally {
  readonly packets: number;
  readonly admitted: number;
}

/** Tries so many packets; throws an error that shows the bytes when something is wrong. */
export function fuzz(packets: number, seed: number): Tally {
  const random = new Random(seed);
  const routers = [router(51, 3, 4), router(52, 2, 4), router(51, 3, 6)];
  const originals = [
    packet(routers[0], 1),
    packet(routers[0], 3),
    packet(routers[1], 1),
    packet(routers[1], 2),
    packet(routers[2], 1),
    packet(routers[2], 3),
  ];
  let admitted = 0;
  for (let count = 0; count < packets; count += 1) {
    const original = random.pick(originals);
    // Each family has a socket of its own.
    const family = versionOf(original);
    const bytes = mutated(original, random);
    const here = routers.filter((candidate) => candidate.family === family);
    try {
      if (isRight(bytes, here, OWN[family])) admitted += 1;
    } catch (error) {
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
      throw new Error(`packet ${count} of seed ${seed}: ${hex}`, { cause: error });
    }
  }
  return { packets, admitted };
}

function versionOf(packet: Uint8Array): Family {
  return (packet[0] ?? 0) >> 4 === 6 ? 6 : 4;
}

function isRight(bytes: Uint8Array, routers: readonly VirtualRouter[], own: IpAddress): boolean {
  const admission = admit(bytes, routers, () => own);
  const expected = recipient(bytes, { routers, own, lastSequence: () => 0 });
  const actual = admission.type === "admitted" ? admission.router : undefined;
  if (actual !== expected) throw new Error(`it is for ${expected?.name}, not for ${actual?.name}`);
  const packet = decodeIp(bytes);
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
  source: IpAddress,
  destination: IpAddress,
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
  const isVersion6 = versionOf(bytes) === 6;
  const start = isVersion6 ? 40 : ((bytes[0] ?? 0) & 15) * 4;
  if (start < 20 || start + 8 > bytes.length) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (isVersion6) view.setUint16(4, bytes.length - start);
  else view.setUint16(2, bytes.length);
  const packet = decodeIp(bytes);
  if (packet !== undefined)
    sum(packet.payload, isVersion6 || random.chance(0.5) ? [packet.source, packet.destination] : undefined);
}

/** Writes a message's checksum, with a pseudo-header between those two or without. */
function sum(message: Uint8Array, between: readonly [IpAddress, IpAddress] | undefined): void {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  view.setUint16(6, 0);
  const before = between === undefined ? [] : [pseudoHeader(...between, message.length)];
  view.setUint16(6, internetChecksum(...before, message));
}

function pseudoHeader(source: IpAddress, destination: IpAddress, length: number): Uint8Array {
  if (isIpv6(source) && isIpv6(destination))
    return ipv6PseudoHeader(source, destination, IPPROTO_VRRP, length);
  const addresses = [...ipBytes(source), ...ipBytes(destination)];
  return Uint8Array.of(...addresses, 0, IPPROTO_VRRP, length >>> 8, length & 255);
}

function packet(router: VirtualRouter | undefined, count: number): Uint8Array {
  const { vrid, version, advertInterval, family } = router as VirtualRouter;
  const [source, destination] = [SOURCE[family], GROUP[family]];
  const addresses = ADDRESSES[family].slice(0, count);
  const advert = { version, vrid, priority: 150, advertInterval, addresses };
  const payload = encodeAdvert(advert, source, destination, "pseudo-header");
  return encodeIp({ source, destination, ttl: 255, protocol: IPPROTO_VRRP, payload });
}

function router(vrid: number, version: 2 | 3, family: Family): VirtualRouter {
  return {
    name: `version ${version} over IPv${family}`,
    interface: "eth0",
    vrid,
    version,
    priority: 100,
    advertInterval: version === 2 ? seconds(1) : centiseconds(10),
    preempt: true,
    family,
    delivery: family === 6 ? MULTICAST6 : MULTICAST4,
    v3ChecksumAsV2: false,
    addresses: [],
    announcing: { delay: ZERO, repeat: 1, refresh: ZERO, refreshRepeat: 1 },
    contention: { announceDelay: ZERO, announceRepeat: 1, answer: true, lastWord: true },
    downTimerAdverts: 3,
    preemptDelay: ZERO,
    accept: true,
    routing: [],
    syncGroup: undefined,
    tracks: [],
  };
}
