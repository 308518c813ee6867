/**
 * Addresses as an operator writes them.
 */

import { isIP } from "node:net";
import { z } from "zod";
import { type Ipv4, ipv4Number, isUnicastIpv4, parseIpv4 } from "../../core/units/ipv4.ts";
import { quote } from "../diagnostic.ts";
import { interfaceName, type Reading, refuse, textLeaf } from "./leaf.ts";

/** An address and the length of its network's prefix. */
interface Cidr {
  readonly address: Ipv4;
  /** 1..32 */
  readonly prefixLength: number;
}

/** A virtual address as the file has it; without `dev` it goes to the instance's interface. */
export interface VirtualAddressEntry {
  readonly address: Cidr;
  readonly dev?: string | undefined;
}

/** The IPv4 address of a host. */
export function hostAddress(): z.ZodType<Ipv4> {
  return textLeaf("an IPv4 address", readHost);
}

/** An address to listen on: IPv4 or IPv6, or all of them (0.0.0.0, ::). */
export function listenAddress(): z.ZodType<string> {
  return textLeaf("an address", (value) =>
    isIP(value) === 0 ? refuse("bad-address", `${quote(value)} is no address, such as 127.0.0.1`) : { value },
  );
}

/** `192.0.2.100/24`, `192.0.2.100/24 dev eth1` as keepalived has it, or a map of the two. */
export function virtualAddress(): z.ZodType<VirtualAddressEntry> {
  const line = textLeaf<VirtualAddressEntry>('an address such as "192.0.2.100/24 dev eth0"', readLine);
  const map = z.strictObject({
    address: textLeaf<Cidr>("an address such as 192.0.2.100/24", readCidr),
    dev: interfaceName().optional(),
  });
  return z.union([line, map]);
}

function readHost(text: string): Reading<Ipv4> {
  const address = parseIpv4(text);
  if (address === undefined)
    return refuse("bad-address", `${quote(text)} is no IPv4 address, such as 192.0.2.1`);
  if (isUnicastIpv4(address)) return { value: address };
  return refuse(
    "bad-address",
    `${address} is a ${specialKind(address)} address: give one that a host can have`,
  );
}

function specialKind(address: Ipv4): string {
  if (address === "255.255.255.255") return "broadcast";
  const first = ipv4Number(address) >>> 24;
  if (first === 0) return "this-network";
  return first < 240 ? "multicast" : "reserved";
}

function readCidr(text: string): Reading<Cidr> {
  const [host = "", length, ...rest] = text.split("/");
  const reading = readHost(host);
  if ("refusal" in reading) return reading;
  const prefixLength = length === undefined ? 32 : readLength(length);
  if (prefixLength === undefined || rest.length > 0) {
    return refuse("bad-address", `${quote(text)}: the prefix length after the / is a number from 1 to 32`);
  }
  return refuseNetwork({ address: reading.value, prefixLength });
}

function readLength(text: string): number | undefined {
  return /^([1-9]|[12][0-9]|3[0-2])$/.test(text) ? Number(text) : undefined;
}

/** The first and the last address of a network are no host's, except where it has only one or two (RFC 3021). */
function refuseNetwork(cidr: Cidr): Reading<Cidr> {
  const { address, prefixLength } = cidr;
  if (prefixLength >= 31) return { value: cidr };
  const hosts = 2 ** (32 - prefixLength);
  const host = ipv4Number(address) % hosts;
  if (host !== 0 && host !== hosts - 1) return { value: cidr };
  const kind = host === 0 ? "network" : "broadcast";
  return refuse("bad-address", `${address} is the ${kind} address of its /${prefixLength}: give a host's`);
}

function readLine(text: string): Reading<VirtualAddressEntry> {
  const [first = "", ...words] = text.trim().split(/\s+/);
  const cidr = readCidr(first);
  if ("refusal" in cidr) return cidr;
  if (words.length === 0) return { value: { address: cidr.value } };
  const [keyword, dev, ...rest] = words;
  if (keyword !== "dev" || dev === undefined || rest.length > 0) {
    return refuse("bad-address", `${quote(text)}: after the address only "dev INTERFACE" can stand`);
  }
  const name = interfaceName().safeParse(dev);
  if (!name.success) return refuse("bad-name", name.error.issues[0]?.message ?? "");
  return { value: { address: cidr.value, dev: name.data } };
}
