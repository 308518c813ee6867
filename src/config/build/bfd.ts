/** From `bfd_instances` to the sessions of one director. */

import type { BfdSession } from "../../core/bfd/model.ts";
import { isIpv6 } from "../../core/units/ip-address.ts";
import { BFD_TTL } from "../../core/wire/bfd.ts";
import type { BfdContent, FileContent } from "../schema/file.ts";
import { own } from "./delivery.ts";

/** The sessions of the director `node`. */
export function buildBfd(content: FileContent, node: string | undefined): readonly BfdSession[] {
  return [...content.bfd_instances].flatMap(([name, session]) => built(name, session, node) ?? []);
}

function built(name: string, content: BfdContent, node: string | undefined): BfdSession | undefined {
  const neighbor = own(content.neighbor_ip, node);
  if (neighbor === undefined) return undefined;
  const ttl = (isIpv6(neighbor) ? content.hoplimit : content.ttl) ?? BFD_TTL;
  return {
    name,
    neighbor,
    source: own(content.source_ip, node),
    interface: content.interface,
    multihop: content.multihop,
    ttl,
    minTtl: content.multihop ? Math.max(0, ttl - (content.max_hops ?? BFD_TTL)) : BFD_TTL,
    minRx: content.min_rx,
    minTx: content.min_tx,
    idleTx: content.idle_tx,
    multiplier: content.multiplier,
    passive: content.passive,
  };
}
