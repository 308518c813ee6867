/**
 * Addresses of either family as an operator writes them.
 */

import { z } from "zod";
import { type IpAddress, isIpv6, parseIpAddress } from "../../core/units/ip-address.ts";
import { ipv4Number, isUnicastIpv4, parseIpv4 } from "../../core/units/ipv4.ts";
import { isMulticastIpv6, isUnicastIpv6, parseIpv6 } from "../../core/units/ipv6.ts";
import { quote } from "../diagnostic.ts";
import { ownName, type Reading, refuse, textLeaf, whole } from "./leaf.ts";

/** Reads the address of a host, IPv4 or IPv6. */
export function readIpHost(text: string): Reading<IpAddress> {
  const address = parseIpAddress(text);
  if (address === undefined) return refuse("bad-address", notAnAddress(text));
  const kind = specialKind(address);
  return kind === undefined
    ? { value: address }
    : refuse("bad-address", `${address} is a ${kind} address: give one that a host can have`);
}

/** The address of a host, IPv4 or IPv6. */
export function ipHost(): z.ZodType<IpAddress> {
  return textLeaf("an address, such as 192.0.2.11", readIpHost);
}

/** mcast_src_ip, unicast_src_ip: an address, or one for each director. */
export function sourceAddress(): z.ZodType<IpAddress | Map<string, IpAddress>> {
  const address = textLeaf("an address, such as 192.0.2.11", readIpHost);
  return z.union([address, z.map(ownName(), address)]) as z.ZodType<IpAddress | Map<string, IpAddress>>;
}

/** vrrp_mcast_group4, vrrp_mcast_group6. */
export function multicastGroup(family: 4 | 6): z.ZodType<IpAddress> {
  const example = family === 4 ? "224.0.0.18" : "ff02::12";
  return textLeaf<IpAddress>(`an IPv${family} multicast address, such as ${example}`, (text) => {
    const [four, six] = [parseIpv4(text), parseIpv6(text)];
    if (family === 4 && four !== undefined && ipv4Number(four) >>> 28 === 0xe) return { value: four };
    if (family === 6 && six !== undefined && isMulticastIpv6(six)) return { value: six };
    return refuse("bad-address", `${quote(text)} is no IPv${family} multicast address, such as ${example}`);
  });
}

/** A multicast group of either family. */
export function anyMulticastGroup(): z.ZodType<IpAddress> {
  return textLeaf<IpAddress>("a multicast address, such as 224.0.0.81", (text) => {
    const [four, six] = [parseIpv4(text), parseIpv6(text)];
    if (four !== undefined && ipv4Number(four) >>> 28 === 0xe) return { value: four };
    if (six !== undefined && isMulticastIpv6(six)) return { value: six };
    return refuse("bad-address", `${quote(text)} is no multicast address, such as 224.0.0.81`);
  });
}

/** An entry of `unicast_peer` as the file has it. */
export interface PeerEntry {
  readonly address: IpAddress;
  readonly min_ttl?: number | undefined;
  readonly max_ttl?: number | undefined;
}

/** `192.0.2.12`, or a map of the address and the TTLs that its packets may arrive with. */
export function unicastPeer(): z.ZodType<PeerEntry> {
  const plain = textLeaf<PeerEntry>("a peer's address, such as 192.0.2.12", (text) => {
    const reading = readIpHost(text);
    return "refusal" in reading ? reading : { value: { address: reading.value } };
  });
  const map = z.strictObject({
    address: textLeaf("a peer's address, such as 192.0.2.12", readIpHost),
    min_ttl: whole(0, 255).optional(),
    max_ttl: whole(0, 255).optional(),
  });
  return z.union([plain, map]) as z.ZodType<PeerEntry>;
}

/** Where a tracked gateway is: an address, or wherever the kernel's default route leads. */
export function gatewayAddress(): z.ZodType<IpAddress | "default"> {
  return textLeaf<IpAddress | "default">("a gateway's address, such as 192.0.2.1, or default", (text) =>
    text === "default" ? { value: text } : readIpHost(text),
  );
}

function notAnAddress(text: string): string {
  if (text.includes("%")) return `${quote(text)}: leave the zone out, the instance's interface is meant`;
  return text.includes(":")
    ? `${quote(text)} is no IPv6 address, such as 2001:db8::1`
    : `${quote(text)} is no IPv4 address, such as 192.0.2.1`;
}

function specialKind(address: IpAddress): string | undefined {
  if (!isIpv6(address)) {
    if (isUnicastIpv4(address)) return undefined;
    if (address === "255.255.255.255") return "broadcast";
    const first = ipv4Number(address) >>> 24;
    if (first === 0) return "this-network";
    return first < 240 ? "multicast" : "reserved";
  }
  if (isUnicastIpv6(address)) return undefined;
  if (isMulticastIpv6(address)) return "multicast";
  if (address === "::") return "this-host";
  return address === "::1" ? "loopback" : "disguised IPv4";
}
