/**
 * Takes out of the kernel what a child that is gone had put there, by the record that it left, and then the record. The
 * child does so itself whenever it can; this is for when it cannot.
 */

import { join } from "node:path";
import {
  BALANCER_PROGRAMS,
  BALANCER_RECORD,
  type BalancerRecord,
  FAILOVER_RECORD,
  type FailoverRecord,
  FILTER_RECORD,
  type FilterRecord,
  LINK_RECORD,
  type LinkRecord,
  MASQUERADE_RECORD,
  ROUTING_RECORD,
  type RoutingRecord,
} from "../core/report/record.ts";
import { MASQUERADE_TABLE, masqueradeTables } from "../core/balance/masquerade.ts";
import { planDaemons } from "../core/balance/sync-daemon.ts";
import { readServiceId } from "../core/balance/service.ts";
import { isNeedlessRouting, RoutingBook } from "../core/routing/routing-book.ts";
import type { RoutingOperation } from "../core/routing/plan.ts";
import { FILTER_TABLE, filterTables } from "../core/vrrp/acceptance.ts";
import { isNeedless } from "../core/vrrp/address-book.ts";
import { isOwn } from "../core/vrrp/virtual-link.ts";
import type { Family } from "../core/units/ip-address.ts";
import type { NftRequest } from "../core/wire/nftables.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { openIpvs } from "../linux/ipvs.ts";
import { openIpvsDaemons } from "../linux/ipvs-daemons.ts";
import { converge } from "../linux/ipvs-converge.ts";
import { Nftables } from "../linux/nftables.ts";
import { endLeftOver } from "../linux/program-roll.ts";
import { readRecord, removeRecord } from "../linux/record-file.ts";
import { type InterfaceAddress, Rtnetlink } from "../linux/rtnetlink.ts";
import { Routing } from "../linux/routing.ts";
import { restoreSysctl, writeSysctl } from "../linux/sysctl.ts";

/** Takes a failover process's traces out one kind after the other; an address is dropped at (no_accept) until it is gone. */
export const FAILOVER_RELEASES: readonly ((runDirectory: string) => void | Promise<void>)[] = [
  releaseRouting,
  releaseAddresses,
  releaseFilter,
  releaseLinks,
];

/** Takes a balancer's traces out. */
export const BALANCER_RELEASES: readonly ((runDirectory: string) => void | Promise<void>)[] = [
  releaseMasquerade,
  releaseServices,
];

/** Removes every route and rule that the failover process may have left. Throws a KernelError. */
export async function releaseRouting(runDirectory: string): Promise<void> {
  const path = join(runDirectory, ROUTING_RECORD);
  const record = readRecord<RoutingRecord>(path);
  if (record === undefined) return;
  const book = new RoutingBook();
  book.know(record.entries);
  // What is removed is named by its destination, not by its interface.
  const routing = new Routing({ indexOf: () => undefined, nameOf: () => undefined });
  try {
    for (const operation of book.repair(await routing.ours())) removeEntryIfThere(routing, operation);
  } finally {
    routing.close();
  }
  removeRecord(path);
}

/** The kernel takes routes away with an interface. */
function removeEntryIfThere(routing: Routing, operation: RoutingOperation): void {
  try {
    routing.apply(operation);
  } catch (error) {
    if (!(error instanceof KernelError && isNeedlessRouting(operation.type, error.errno))) throw error;
  }
}

/** Removes the table that drops packets to addresses which are gone. Throws a KernelError. */
export function releaseFilter(runDirectory: string): void {
  releaseTable(join(runDirectory, FILTER_RECORD), FILTER_TABLE, (families) => filterTables([], families));
}

/** Removes the table that the balancer may have left. Throws a KernelError. */
export function releaseMasquerade(runDirectory: string): void {
  const clear = (families: readonly Family[]) => masqueradeTables(undefined, families);
  releaseTable(join(runDirectory, MASQUERADE_RECORD), MASQUERADE_TABLE, clear);
}

function releaseTable(
  path: string,
  table: string,
  clear: (families: readonly Family[]) => readonly NftRequest[],
): void {
  const record = readRecord<FilterRecord>(path);
  if (record === undefined) return;
  const nftables = new Nftables();
  try {
    nftables.apply(`delete the table ${table}`, clear(record.families));
  } finally {
    nftables.close();
  }
  removeRecord(path);
}

/** Removes every address that the failover process may have left on an interface, and restores its settings. Throws a KernelError. */
export async function releaseAddresses(runDirectory: string): Promise<void> {
  const path = join(runDirectory, FAILOVER_RECORD);
  const record = readRecord<FailoverRecord>(path);
  if (record === undefined) return;
  const rtnetlink = new Rtnetlink();
  try {
    const indexes = new Map((await rtnetlink.links()).map(({ name, index }) => [name, index]));
    const isOurs = ({ interfaceIndex, address, prefixLength }: InterfaceAddress): boolean =>
      record.addresses.some(
        (ours) =>
          indexes.get(ours.interface) === interfaceIndex &&
          ours.address === address &&
          ours.prefixLength === prefixLength,
      );
    const left = (await rtnetlink.addresses()).filter(isOurs);
    await Promise.all(left.map((address) => removeIfThere(rtnetlink, address)));
  } finally {
    rtnetlink.close();
  }
  for (const [name, value] of Object.entries(record.sysctls ?? {})) restoreIfThere(name, value);
  removeRecord(path);
}

/**
 * Removes every interface that the failover process may have made, with what is on it, and restores the settings that it
 * changed for them. Throws a KernelError; the record then stays.
 */
export async function releaseLinks(runDirectory: string): Promise<void> {
  const path = join(runDirectory, LINK_RECORD);
  const record = readRecord<LinkRecord>(path);
  if (record === undefined) return;
  const rtnetlink = new Rtnetlink();
  try {
    const left = (await rtnetlink.links()).filter((link) => record.links.some((own) => isOwn(own, link)));
    for (const { name, index } of left) await rtnetlink.removeLink(name, index);
  } finally {
    rtnetlink.close();
  }
  for (const change of record.settings.toReversed()) restoreSysctl(change);
  removeRecord(path);
}

/** The kernel takes an address's secondary ones away with it. */
async function removeIfThere(rtnetlink: Rtnetlink, address: InterfaceAddress): Promise<void> {
  try {
    await rtnetlink.removeAddress(address);
  } catch (error) {
    if (!(error instanceof KernelError && isNeedless("remove", error.errno))) throw error;
  }
}

/** An interface that has gone took its settings with it. */
function restoreIfThere(name: string, value: string): void {
  try {
    writeSysctl(name, value);
  } catch (error) {
    if (!(error instanceof KernelError && error.errno === "ENOENT")) throw error;
  }
}

/**
 * Ends the checks' programs that the balancer may have left running, deletes every service that it may have left in the
 * table, stops its sync daemons, and restores its settings. Throws a KernelError; the record then stays, for the next life.
 */
export async function releaseServices(runDirectory: string): Promise<void> {
  endLeftOver(join(runDirectory, BALANCER_PROGRAMS));
  const path = join(runDirectory, BALANCER_RECORD);
  const record = readRecord<BalancerRecord>(path);
  if (record === undefined) return;
  await deleteServices(record);
  await stopDaemons(record);
  for (const [name, value] of Object.entries(record.sysctls)) writeSysctl(name, value);
  removeRecord(path);
}

async function stopDaemons({ daemons: owned = [] }: BalancerRecord): Promise<void> {
  if (owned.length === 0) return;
  const daemons = await openIpvsDaemons();
  try {
    for (const operation of planDaemons([], (await daemons?.running()) ?? [], new Set(owned)))
      await daemons?.apply(operation);
  } finally {
    daemons?.close();
  }
}

async function deleteServices(record: BalancerRecord): Promise<void> {
  const owned = record.services
    .map((recorded) => readServiceId({ ...recorded }))
    .filter((id) => id !== undefined);
  const ipvs = await openIpvs();
  if (ipvs === undefined) return;
  try {
    const { settled, refusals } = await converge(ipvs, new Map(), owned);
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal.error;
    if (!settled) throw new KernelError("delete the services of the IPVS table", "EBUSY");
    const { tcp, tcpFin, udp } = record.timeouts ?? {};
    if ([tcp, tcpFin, udp].some((timeout) => timeout !== undefined))
      await ipvs.setTimeouts({ tcp, tcpFin, udp });
  } finally {
    ipvs.close();
  }
}
