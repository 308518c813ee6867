/**
 * What the kernel counts for a service and for a destination, as the parts of a dump tell it: the 64-bit statistics, since
 * those of 32 bits wrap, and the connections of the moment. All constants are those of linux/ip_vs.h.
 */

import { IPVS_CMD_ATTR_SERVICE, readConnections, topAttributes, type WireConnections } from "./ipvs.ts";
import { type Attributes, readNested, readU64 } from "./netlink.ts";

/** enum { IPVS_SVC_ATTR_…, IPVS_DEST_ATTR_… } */
const IPVS_SVC_ATTR_STATS64 = 12;
const IPVS_DEST_ATTR_STATS64 = 12;

/** enum { IPVS_STATS_ATTR_… } */
const IPVS_STATS_ATTR_CONNS = 1;
const IPVS_STATS_ATTR_INPKTS = 2;
const IPVS_STATS_ATTR_OUTPKTS = 3;
const IPVS_STATS_ATTR_INBYTES = 4;
const IPVS_STATS_ATTR_OUTBYTES = 5;

/** What has come to pass since the service or destination was added, or its counters were zeroed. */
export interface Traffic {
  readonly connections: number;
  /** From clients. */
  readonly packetsIn: number;
  /** To clients, as far as they come through here: by NAT. */
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What the kernel counts for a destination; undefined what it does not tell. */
export interface DestinationCounters {
  readonly traffic: Traffic | undefined;
  readonly connections: WireConnections | undefined;
}

/** What a part of a dump says of a service; undefined when it says nothing, as a kernel before 4.1 does. */
export function decodeServiceTraffic(part: Uint8Array): Traffic | undefined {
  const values = readNested(topAttributes(part)?.get(IPVS_CMD_ATTR_SERVICE));
  return readTraffic(readNested(values?.get(IPVS_SVC_ATTR_STATS64)));
}

/** What the kernel counts for the destination with these attributes. */
export function readDestinationCounters(values: Attributes | undefined): DestinationCounters {
  const traffic = readTraffic(readNested(values?.get(IPVS_DEST_ATTR_STATS64)));
  return { traffic, connections: values && readConnections(values) };
}

function readTraffic(values: Attributes | undefined): Traffic | undefined {
  const connections = readU64(values?.get(IPVS_STATS_ATTR_CONNS));
  const packetsIn = readU64(values?.get(IPVS_STATS_ATTR_INPKTS));
  const packetsOut = readU64(values?.get(IPVS_STATS_ATTR_OUTPKTS));
  const bytesIn = readU64(values?.get(IPVS_STATS_ATTR_INBYTES));
  const bytesOut = readU64(values?.get(IPVS_STATS_ATTR_OUTBYTES));
  if (connections === undefined || packetsIn === undefined || packetsOut === undefined) return undefined;
  if (bytesIn === undefined || bytesOut === undefined) return undefined;
  return { connections, packetsIn, packetsOut, bytesIn, bytesOut };
}
