/**
 * nf_tables on the wire: tables, chains, sets and rules (linux/netfilter/nf_tables.h), as far as we make any. Each message
 * is one change; a transaction of them (`linux/nftables.ts`) takes effect as a whole or not at all.
 *
 * A rule is a list of expressions that are carried out one after the other: one loads something of a packet into a register,
 * the next compares it, and where all fit, the last one gives the verdict. Numbers are in network order here, other than
 * elsewhere in netlink.
 */

import type { Family } from "../units/ip-address.ts";
import { attribute, be32, decodeAttributes, joined, nested, readText, text } from "./netlink.ts";

/** linux/netfilter/nfnetlink.h: nf_tables is this subsystem; what begins and ends a transaction. */
const NFNL_SUBSYS_NFTABLES = 10;
export const NFNL_MSG_BATCH_BEGIN = 16;
export const NFNL_MSG_BATCH_END = 17;
/** linux/netfilter.h: NFPROTO_*. What makes one table of both families, inet, is missing in some kernels. */
const PROTOCOLS = { 4: 2, 6: 10 } as const;

const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_DELTABLE = 2;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_NEWRULE = 6;
const NFT_MSG_NEWSET = 9;
const NFT_MSG_NEWSETELEM = 12;

/** The registers that hold a verdict, and sixteen bytes of data. */
const NFT_REG_VERDICT = 0;
const NFT_REG_1 = 1;
const NF_DROP = 0;
const NF_ACCEPT = 1;
/** NFTA_LIST_ELEM: an item of any list. NFTA_DATA_VALUE, NFTA_DATA_VERDICT: what a datum is. */
const ITEM = 1;
const VALUE = 1;
const VERDICT = 2;
const TABLE_NAME = 1;
const ATTRIBUTES_OFFSET = 4;

/** One change of nf_tables. */
export interface NftRequest {
  readonly type: number;
  readonly data: Uint8Array;
}

/** Where a chain hooks into the way of a packet. */
export interface NftHook {
  /** `filter` or `nat`. */
  readonly type: string;
  /** NF_INET_LOCAL_IN is 1, NF_INET_POST_ROUTING 4. */
  readonly hook: number;
  /** The lower one comes first (linux/netfilter_ipv4.h). */
  readonly priority: number;
}

/** The elements of a set. The kernel takes the numbers of types as they are; `nft` shows sets by them. */
export const NFT_TYPES = {
  ipv4_addr: { number: 7, length: 4 },
  ipv6_addr: { number: 8, length: 16 },
} as const;

/** A table: those of IPv4 and those of IPv6 have names of their own. */
export interface NftTable {
  readonly family: Family;
  readonly name: string;
}

/** Makes a table, unless it is there. */
export function addTable(table: NftTable): NftRequest {
  return message(table, NFT_MSG_NEWTABLE);
}

/** Deletes a table and all in it; it has to be there. */
export function deleteTable(table: NftTable): NftRequest {
  return message(table, NFT_MSG_DELTABLE);
}

/** Makes a chain that lets through what its rules do not stop. */
export function addChain(table: NftTable, chain: string, { type, hook, priority }: NftHook): NftRequest {
  return message(
    table,
    NFT_MSG_NEWCHAIN,
    text(3, chain),
    nested(4, be32(1, hook), be32(2, priority >>> 0)),
    be32(5, NF_ACCEPT),
    text(7, type),
  );
}

/** Makes a set. `id` tells the sets of a transaction apart. */
export function addSet(table: NftTable, set: string, type: keyof typeof NFT_TYPES, id: number): NftRequest {
  const { number, length } = NFT_TYPES[type];
  return message(
    table,
    NFT_MSG_NEWSET,
    text(2, set),
    be32(3, 0),
    be32(4, number),
    be32(5, length),
    be32(10, id),
  );
}

/** Adds elements to a set; at least one. A message takes some two thousand. */
export function addElements(table: NftTable, set: string, elements: readonly Uint8Array[]): NftRequest {
  const items = elements.map((element) => nested(ITEM, nested(1, attribute(VALUE, element))));
  return message(table, NFT_MSG_NEWSETELEM, text(2, set), nested(3, ...items));
}

/** Adds a rule at the end of a chain. */
export function addRule(table: NftTable, chain: string, expressions: readonly Uint8Array[]): NftRequest {
  const items = expressions.map((expression) => attribute(ITEM | 0x8000, expression));
  return message(table, NFT_MSG_NEWRULE, text(2, chain), nested(4, ...items));
}

/** What begins or ends a transaction. */
export function batchEnd(type: number): NftRequest {
  return { type, data: Uint8Array.of(0, 0, 0, NFNL_SUBSYS_NFTABLES) };
}

/** The protocol behind the network header: NFT_META_L4PROTO. */
export function protocolIs(protocol: number): readonly Uint8Array[] {
  return [meta(16), equals(Uint8Array.of(protocol))];
}

/** So many bytes of the network header, from an offset, are in a set. */
export function networkBytesIn(offset: number, length: number, set: string): readonly Uint8Array[] {
  return [payload(1, offset, length), expression("lookup", text(1, set), be32(2, NFT_REG_1))];
}

/** So many bytes of the network header, from an offset, are within the network of an address and a mask. */
export function networkBytesWithin(
  offset: number,
  address: Uint8Array,
  mask: Uint8Array,
): readonly Uint8Array[] {
  const { length } = mask;
  const zeros = new Uint8Array(length);
  const network = address.map((byte, index) => byte & (mask[index] ?? 0));
  const masked = expression(
    "bitwise",
    be32(1, NFT_REG_1),
    be32(2, NFT_REG_1),
    be32(3, length),
    nested(4, attribute(VALUE, mask)),
    nested(5, attribute(VALUE, zeros)),
  );
  return [payload(1, offset, length), masked, equals(network)];
}

/** The packet leaves by the interface of that name: NFT_META_OIFNAME, sixteen bytes. */
export function outInterfaceIs(name: string): readonly Uint8Array[] {
  const bytes = new Uint8Array(16);
  bytes.set(new TextEncoder().encode(name));
  return [meta(7), equals(bytes)];
}

/** The packet gets the address of the interface that it leaves by, and answers to it are given back their own. */
export function masquerade(): Uint8Array {
  return expression("masq");
}

/** The bytes of the transport header from an offset are these. */
export function transportBytesAre(offset: number, bytes: Uint8Array): readonly Uint8Array[] {
  return [payload(2, offset, bytes.length), equals(bytes)];
}

/** Counts what has come so far. */
export function counter(): Uint8Array {
  return expression("counter");
}

/** The end of a packet's way, or of its way through this chain. */
export function verdict(what: "accept" | "drop"): Uint8Array {
  const code = be32(1, what === "drop" ? NF_DROP : NF_ACCEPT);
  return expression("immediate", be32(1, NFT_REG_VERDICT), nested(2, nested(VERDICT, code)));
}

/** The name of the table that a notification is about; undefined when it is not about one. */
export function tableOf({ type, data }: NftRequest): string | undefined {
  if (type >> 8 !== NFNL_SUBSYS_NFTABLES || data.length < ATTRIBUTES_OFFSET) return undefined;
  return readText(decodeAttributes(data.subarray(ATTRIBUTES_OFFSET))?.get(TABLE_NAME));
}

/** Of tables, chains, rules, sets and elements the first attribute is the table's name. */
function message({ family, name }: NftTable, type: number, ...attributes: readonly Uint8Array[]): NftRequest {
  // struct nfgenmsg: family, version, resource.
  const header = Uint8Array.of(PROTOCOLS[family], 0, 0, 0);
  const data = joined([header, text(TABLE_NAME, name), ...attributes]);
  return { type: (NFNL_SUBSYS_NFTABLES << 8) | type, data };
}

function expression(name: string, ...attributes: readonly Uint8Array[]): Uint8Array {
  return joined([text(1, name), nested(2, ...attributes)]);
}

function meta(key: number): Uint8Array {
  return expression("meta", be32(1, NFT_REG_1), be32(2, key));
}

function payload(base: number, offset: number, length: number): Uint8Array {
  return expression("payload", be32(1, NFT_REG_1), be32(2, base), be32(3, offset), be32(4, length));
}

function equals(bytes: Uint8Array): Uint8Array {
  return expression("cmp", be32(1, NFT_REG_1), be32(2, 0), nested(3, attribute(VALUE, bytes)));
}
