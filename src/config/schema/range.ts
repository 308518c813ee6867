/**
 * Several addresses or ports in one entry, as keepalived's virtual server groups and ldirectord's real servers have them.
 */

import { z } from "zod";
import {
  type Family,
  familyOf,
  ipAt,
  type IpAddress,
  ipBytes,
  parseIpAddress,
} from "../../core/units/ip-address.ts";
import { isLinkLocal, parseIpv6 } from "../../core/units/ipv6.ts";
import { quote } from "../diagnostic.ts";
import { readIpHost } from "./ip-address.ts";
import { leaf, type Reading, refuse, textLeaf, whole } from "./leaf.ts";

/** So many addresses, one after the other. */
export interface AddressRange {
  readonly first: IpAddress;
  readonly count: number;
}

/** So many ports, one after the other. */
export interface PortRange {
  readonly first: number;
  readonly count: number;
}

/** An entry of `virtual_server_groups` as the file has it. That it names one thing is a rule. */
export interface GroupEntry {
  readonly address?: AddressRange | undefined;
  readonly port?: PortRange | undefined;
  readonly fwmark?: number | undefined;
}

/** More than that is no range of servers or services any more; a firewall mark covers any number of addresses. */
const COUNT_MAX = 4_096;

/** A firewall mark. */
export function firewallMark(): z.ZodType<number> {
  return whole(1, 0xffffffff);
}

/** Addresses of real servers: `198.51.100.21`, `198.51.100.21-30`, `198.51.100.250-198.51.101.5`, also with `->`. */
export function serverRange(): z.ZodType<AddressRange> {
  return textLeaf("an address or a range such as 198.51.100.21-30", (text) => {
    const reading = readAddressRange(text);
    if ("refusal" in reading) return reading;
    const { first } = reading.value;
    if (familyOf(first) === 4 || !isLinkLocal(parseIpv6(first) ?? ("" as never))) return reading;
    return refuse(
      "bad-address",
      `${first} is link-local, and the kernel takes no real server by such an address`,
    );
  });
}

/** An entry of a group: a map, or keepalived's line such as `192.0.2.100-103 80` or `fwmark 7`. */
export function groupEntry(): z.ZodType<GroupEntry> {
  const line = textLeaf<GroupEntry>('a line such as "192.0.2.100-103 80" or "fwmark 7"', readLine);
  const map = z.strictObject({
    address: textLeaf("addresses such as 192.0.2.100-103", readVirtualRange).optional(),
    port: portRange().optional(),
    fwmark: firewallMark().optional(),
  });
  return z.union([line, map]) as z.ZodType<GroupEntry>;
}

/** A port, or several: `8080-8089`. */
function portRange(): z.ZodType<PortRange> {
  return leaf("a port, or several such as 8080-8089", (value) =>
    typeof value === "number" || typeof value === "string" ? readPorts(String(value)) : undefined,
  );
}

function readLine(text: string): Reading<GroupEntry> {
  const [first = "", second, ...rest] = text.trim().split(/\s+/);
  if (rest.length > 0 || second === undefined)
    return refuse("bad-address", `${quote(text)}: write an address and a port, or fwmark and a number`);
  if (first === "fwmark") {
    const mark = firewallMark().safeParse(/^\d{1,10}$/.test(second) ? Number(second) : Number.NaN);
    return mark.success
      ? { value: { fwmark: mark.data } }
      : refuse("out-of-range", `${quote(second)} is no firewall mark: write a number from 1 to 4294967295`);
  }
  const address = readVirtualRange(first);
  if ("refusal" in address) return address;
  const port = readPorts(second);
  return "refusal" in port ? port : { value: { address: address.value, port: port.value } };
}

function readPorts(text: string): Reading<PortRange> {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (match === null || first > last || last > 65_535)
    return refuse("out-of-range", `${quote(text)} is no port and no range: write 0 to 65535, or 8080-8089`);
  return inBounds(text, first, last - first + 1);
}

/** As for real servers, and a block such as `192.0.2.128/28`. */
function readVirtualRange(text: string): Reading<AddressRange> {
  const [base = "", length, ...rest] = text.split("/");
  if (length === undefined) return readAddressRange(text);
  const address = parseIpAddress(base);
  const width = address === undefined ? 0 : familyOf(address) === 6 ? 128 : 32;
  const bits = width - Number(length);
  if (address === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length) || bits < 0)
    return refuse("bad-address", `${quote(text)} is no block of addresses, such as 192.0.2.128/28`);
  if (bits > 32) return inBounds(text, address, Number.POSITIVE_INFINITY);
  const count = 2 ** bits;
  if (numberOf(address) % BigInt(count) !== 0n)
    return refuse("bad-address", `${address} is not the first address of its /${length}`);
  return bounded(text, address, count);
}

function readAddressRange(text: string): Reading<AddressRange> {
  const [start = "", end, ...rest] = text.split(/->|-/);
  const reading = readIpHost(start);
  if ("refusal" in reading || end === undefined)
    return "refusal" in reading ? reading : single(reading.value);
  const first = reading.value;
  const last = rest.length > 0 ? undefined : rangeEnd(first, end);
  if (last === undefined)
    return refuse("bad-address", `${quote(text)} is no range of addresses, such as 198.51.100.21-30`);
  const count = numberOf(last) - numberOf(first) + 1n;
  if (count < 1n) return refuse("bad-address", `${quote(text)} ends before it begins`);
  return bounded(text, first, Number(count));
}

function single(first: IpAddress): Reading<AddressRange> {
  return { value: { first, count: 1 } };
}

/** A whole address, or what takes the place of the last part of the first one: in IPv6 that is hexadecimal. */
function rangeEnd(first: IpAddress, end: string): IpAddress | undefined {
  const family = familyOf(first);
  const whole = parseIpAddress(end);
  if (whole !== undefined) return familyOf(whole) === family ? whole : undefined;
  if (!(family === 6 ? /^[0-9a-f]{1,4}$/i : /^\d{1,3}$/).test(end)) return undefined;
  const bytes = Uint8Array.from(ipBytes(first));
  const part = Number.parseInt(end, family === 6 ? 16 : 10);
  if (family === 4 && part > 255) return undefined;
  bytes[bytes.length - 1] = part & 0xff;
  if (family === 6) bytes[bytes.length - 2] = part >> 8;
  return ipAt(family, bytes, 0);
}

function bounded(text: string, first: IpAddress, count: number): Reading<AddressRange> {
  const range = inBounds(text, first, count);
  if ("refusal" in range) return range;
  const last = readIpHost(addressAt(range.value, count - 1));
  return "refusal" in last ? last : range;
}

function inBounds<First>(
  text: string,
  first: First,
  count: number,
): Reading<{ readonly first: First; readonly count: number }> {
  return count > COUNT_MAX
    ? refuse(
        "out-of-range",
        `${quote(text)} is more than ${COUNT_MAX} at once: use a firewall mark for so many`,
      )
    : { value: { first, count } };
}

/** All addresses of a range. */
export function addressesIn(range: AddressRange): IpAddress[] {
  return Array.from({ length: range.count }, (_, index) => addressAt(range, index));
}

/** All ports of a range. */
export function portsIn({ first, count }: PortRange): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function addressAt({ first }: AddressRange, index: number): IpAddress {
  return addressOf(familyOf(first), numberOf(first) + BigInt(index));
}

function numberOf(address: IpAddress): bigint {
  return ipBytes(address).reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function addressOf(family: Family, number: bigint): IpAddress {
  const length = family === 6 ? 16 : 4;
  const bytes = Uint8Array.from({ length }, (_, index) =>
    Number((number >> BigInt(8 * (length - 1 - index))) & 0xffn),
  );
  return ipAt(family, bytes, 0);
}
