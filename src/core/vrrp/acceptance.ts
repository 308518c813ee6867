/**
 * Accept_Mode (RFC 9568 §6.1): a master that is not the owner of its addresses answers for them on the link, and forwards
 * or balances what is sent to them, but is not itself a host that can be reached there.
 *
 * A table of our own in nf_tables drops what would reach this machine as a host. An address that is not held here has no
 * packets to drop, so the table follows the configuration and not the state: a takeover does not touch it.
 */

import { type Family, familyOf, type IpAddress, ipBytes, ipLength } from "../units/ip-address.ts";
import {
  addChain,
  addElements,
  addRule,
  addSet,
  addTable,
  counter,
  deleteTable,
  networkBytesIn,
  type NftRequest,
  type NftTable,
  protocolIs,
  transportBytesAre,
  verdict,
} from "../wire/nftables.ts";
import type { VirtualRouter } from "./model.ts";

/** The name of the tables, one for each family that has such addresses. */
export const FILTER_TABLE = "relevo";

const CHAIN = "input";
const SET = "vips";
const NF_INET_LOCAL_IN = 1;
/**
 * Behind IPVS, which takes what it balances out of the way at NF_IP_PRI_NAT_SRC - 1, that is 99 (ip_vs_core.c): what is
 * left is for this machine itself.
 */
const BEHIND_IPVS = 110;
const ICMPV6 = 58;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** Where the destination is in the headers of RFC 791 and RFC 8200, and what its type is. */
const DESTINATION = {
  4: { offset: 16, type: "ipv4_addr" },
  6: { offset: 24, type: "ipv6_addr" },
} as const;
/** So many elements fit into one message with room to spare. */
const ELEMENTS_MAX = 500;

/** The addresses that routers hold without being a host there, each once and in order. */
export function unacceptedAddresses(routers: readonly VirtualRouter[]): readonly IpAddress[] {
  const all = routers.filter(({ accept }) => !accept).flatMap(({ addresses }) => addresses);
  return [...new Set(all.map(({ address }) => address))].toSorted((a, b) => (a < b ? -1 : 1));
}

/** The families that have a table. */
export function filteredFamilies(addresses: readonly IpAddress[]): readonly Family[] {
  return [...new Set(addresses.map(familyOf))].toSorted((a, b) => a - b);
}

/**
 * What makes the tables for these addresses, each in the place of one that may be there, in one transaction. Those of
 * `before`, families that had one, are removed where there are no addresses any more.
 */
export function filterTables(
  addresses: readonly IpAddress[],
  before: readonly Family[],
): readonly NftRequest[] {
  const families = new Set([...filteredFamilies(addresses), ...before]);
  return [...families].flatMap((family) => {
    const table = { family, name: FILTER_TABLE };
    const own = addresses.filter((address) => familyOf(address) === family);
    // Made first: one that is not there cannot be deleted.
    return [addTable(table), deleteTable(table), ...(own.length > 0 ? newTable(table, own) : [])];
  });
}

function newTable(table: NftTable, addresses: readonly IpAddress[]): readonly NftRequest[] {
  const { family } = table;
  const { offset, type } = DESTINATION[family];
  const toVips = networkBytesIn(offset, ipLength(family), SET);
  const pass = family === 6 ? [NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT] : [];
  return [
    addTable(table),
    addSet(table, SET, type, 1),
    ...elements(table, addresses),
    addChain(table, CHAIN, { type: "filter", hook: NF_INET_LOCAL_IN, priority: BEHIND_IPVS }),
    // Neighbours ask for the address itself when they check that it is still there (RFC 4861 §7.3).
    ...pass.map((icmp) => addRule(table, CHAIN, [...toVips, ...icmpv6(icmp), verdict("accept")])),
    addRule(table, CHAIN, [...toVips, counter(), verdict("drop")]),
  ];
}

function icmpv6(type: number): readonly Uint8Array[] {
  return [...protocolIs(ICMPV6), ...transportBytesAre(0, Uint8Array.of(type))];
}

function elements(table: NftTable, addresses: readonly IpAddress[]): readonly NftRequest[] {
  const requests: NftRequest[] = [];
  for (let start = 0; start < addresses.length; start += ELEMENTS_MAX) {
    const some = addresses.slice(start, start + ELEMENTS_MAX);
    requests.push(addElements(table, SET, some.map(ipBytes)));
  }
  return requests;
}
