/**
 * Addresses as an operator writes them.
 */

import { isIP } from "node:net";
import type { z } from "zod";
import { type IpAddress, isIpv6 } from "../../core/units/ip-address.ts";
import { type Ipv4, ipv4Number, parseIpv4 } from "../../core/units/ipv4.ts";
import { type Ipv6, ipv6Bytes } from "../../core/units/ipv6.ts";
import { quote } from "../diagnostic.ts";
import { readIpHost } from "./ip-address.ts";
import { type Reading, refuse, textLeaf } from "./leaf.ts";

/** An address and the length of its network's prefix. */
export interface Cidr {
  readonly address: IpAddress;
  /** 1..32, or 1..128 for IPv6 */
  readonly prefixLength: number;
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

/** An address with the length of its network's prefix. */
export function cidr(): z.ZodType<Cidr> {
  return textLeaf<Cidr>("an address such as 192.0.2.100/24", readCidr);
}

function readHost(text: string): Reading<Ipv4> {
  const address = parseIpv4(text);
  if (address === undefined)
    return refuse("bad-address", `${quote(text)} is no IPv4 address, such as 192.0.2.1`);
  const reading = readIpHost(address);
  return "refusal" in reading ? reading : { value: address };
}

/** Reads an address and its prefix length, all of it where there is none. */
export function readCidr(text: string): Reading<Cidr> {
  const [host = "", length, ...rest] = text.split("/");
  const reading = readIpHost(host);
  if ("refusal" in reading) return reading;
  const address = reading.value;
  const most = isIpv6(address) ? 128 : 32;
  const prefixLength = length === undefined ? most : readLength(length, most);
  if (prefixLength === undefined || rest.length > 0) {
    return refuse(
      "bad-address",
      `${quote(text)}: the prefix length after the / is a number from 1 to ${most}`,
    );
  }
  return isIpv6(address)
    ? refuseAnycast({ address, prefixLength })
    : refuseNetwork({ address, prefixLength });
}

function readLength(text: string, most: number): number | undefined {
  return /^[1-9][0-9]{0,2}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** All zeros behind the prefix is every router's (RFC 4291 §2.6.1), except where there is no room for it (RFC 6164). */
function refuseAnycast(cidr: Cidr & { readonly address: Ipv6 }): Reading<Cidr> {
  const { address, prefixLength } = cidr;
  if (prefixLength >= 127) return { value: cidr };
  const isZero = (byte: number, index: number): boolean => {
    const kept = Math.min(8, Math.max(0, prefixLength - 8 * index));
    return (byte & (0xff >>> kept)) === 0;
  };
  if (!ipv6Bytes(address).every(isZero)) return { value: cidr };
  return refuse(
    "bad-address",
    `${address} is the routers' anycast address of its /${prefixLength}: give a host's`,
  );
}

/** The first and the last address of a network are no host's, except where it has only one or two (RFC 3021). */
function refuseNetwork(cidr: Cidr & { readonly address: Ipv4 }): Reading<Cidr> {
  const { address, prefixLength } = cidr;
  if (prefixLength >= 31) return { value: cidr };
  const hosts = 2 ** (32 - prefixLength);
  const host = ipv4Number(address) % hosts;
  if (host !== 0 && host !== hosts - 1) return { value: cidr };
  const kind = host === 0 ? "network" : "broadcast";
  return refuse("bad-address", `${address} is the ${kind} address of its /${prefixLength}: give a host's`);
}
