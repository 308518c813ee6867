/**
 * Masquerading: what the real servers send by themselves through the director, out to where their addresses are nobody's,
 * leaves with an address of the director's. A table of our own in nf_tables does it.
 *
 * The table follows the configuration and not who is master: without the floating gateway a director is sent nothing that
 * it could change. IPVS has given replies of virtual servers the virtual address before this looks at them, so that they
 * do not come from any of the sources.
 */

import { type Family, familyOf, type IpAddress, ipBytes, ipLength } from "../units/ip-address.ts";
import {
  addChain,
  addRule,
  addTable,
  counter,
  deleteTable,
  masquerade,
  networkBytesWithin,
  type NftRequest,
  type NftTable,
  outInterfaceIs,
} from "../wire/nftables.ts";

/** Whose packets leave with another address, and where. */
export interface Masquerade {
  readonly sources: readonly Network[];
  /** The interface that they leave by. */
  readonly interface: string;
}

/** A network. */
interface Network {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** The name of the tables, one for each family that has sources. */
export const MASQUERADE_TABLE = "relevo-masquerade";

const CHAIN = "postrouting";
const NF_INET_POST_ROUTING = 4;
/** NF_IP_PRI_NAT_SRC */
const SOURCE_NAT = 100;
/** Where the source is in the headers of RFC 791 and RFC 8200. */
const SOURCE_OFFSET = { 4: 12, 6: 8 } as const;

/** The families that are masqueraded. */
export function masqueradedFamilies(wanted: Masquerade | undefined): readonly Family[] {
  return [...new Set(wanted?.sources.map(({ address }) => familyOf(address)))].toSorted((a, b) => a - b);
}

/**
 * What makes the tables, each in the place of one that may be there, in one transaction. Those of `before`, families that
 * had one, are removed where there are no sources any more.
 */
export function masqueradeTables(
  wanted: Masquerade | undefined,
  before: readonly Family[],
): readonly NftRequest[] {
  const families = new Set([...masqueradedFamilies(wanted), ...before]);
  return [...families].flatMap((family) => {
    const table = { family, name: MASQUERADE_TABLE };
    const own = (wanted?.sources ?? []).filter(({ address }) => familyOf(address) === family);
    // Made first: one that is not there cannot be deleted.
    const cleared = [addTable(table), deleteTable(table)];
    return wanted === undefined || own.length === 0
      ? cleared
      : [...cleared, ...newTable(table, own, wanted.interface)];
  });
}

function newTable(
  table: NftTable,
  sources: readonly Network[],
  interfaceName: string,
): readonly NftRequest[] {
  const offset = SOURCE_OFFSET[table.family];
  return [
    addTable(table),
    addChain(table, CHAIN, { type: "nat", hook: NF_INET_POST_ROUTING, priority: SOURCE_NAT }),
    ...sources.map(({ address, prefixLength }) =>
      addRule(table, CHAIN, [
        ...outInterfaceIs(interfaceName),
        ...networkBytesWithin(offset, ipBytes(address), mask(table.family, prefixLength)),
        counter(),
        masquerade(),
      ]),
    ),
  ];
}

function mask(family: Family, prefixLength: number): Uint8Array {
  return Uint8Array.from({ length: ipLength(family) }, (_, index) => {
    const ones = Math.min(8, Math.max(0, prefixLength - 8 * index));
    return (0xff << (8 - ones)) & 0xff;
  });
}
