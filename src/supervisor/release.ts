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

/**
 * Takes one kind of traces out. What would not go is given back, each with its reason, and then the record stays; the rest
 * goes all the same. Throws a KernelError when it cannot even look.
 */
type Release = (runDirectory: string) => Promise<readonly KernelError[]>;

/** Takes a failover process's traces out one kind after the other; an address is dropped at (no_accept) until it is gone. */
export const FAILOVER_RELEASES: readonly Release[] = [
  releaseRouting,
  releaseAddresses,
  releaseLinks,
  releaseFilter,
];

/** Takes a balancer's traces out. */
export const BALANCER_RELEASES: readonly Release[] = [releaseMasquerade, releaseServices];

/** Takes all of these kinds out, whatever becomes of one; what would not go. */
export async function release(
  releases: readonly Release[],
  runDirectory: string,
): Promise<readonly KernelError[]> {
  const left: KernelError[] = [];
  const failed = await each(releases, async (releaseKind) => {
    left.push(...(await releaseKind(runDirectory)));
  });
  return [...left, ...failed];
}

/** Does each, one after the other, whatever becomes of the others; the failures. */
async function each<Item>(
  items: Iterable<Item>,
  act: (item: Item) => unknown,
): Promise<readonly KernelError[]> {
  const failures: KernelError[] = [];
  for (const item of items) {
    try {
      await act(item);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      failures.push(error);
    }
  }
  return failures;
}

/** Takes the record away when nothing is left of what it says. */
function settle(path: string, failures: readonly KernelError[]): readonly KernelError[] {
  if (failures.length === 0) removeRecord(path);
  return failures;
}

/** Removes every route and rule that the failover process may have left. */
export async function releaseRouting(runDirectory: string): Promise<readonly KernelError[]> {
  const path = join(runDirectory, ROUTING_RECORD);
  const record = readRecord<RoutingRecord>(path);
  if (record === undefined) return [];
  const book = new RoutingBook();
  book.know(record.entries);
  // What is removed is named by its destination, not by its interface.
  const routing = new Routing({ indexOf: () => undefined, nameOf: () => undefined });
  try {
    const left = book.repair(await routing.ours());
    return settle(path, await each(left, (operation) => removeEntryIfThere(routing, operation)));
  } finally {
    routing.close();
  }
}

/** The kernel takes routes away with an interface. */
function removeEntryIfThere(routing: Routing, operation: RoutingOperation): void {
  try {
    routing.apply(operation);
  } catch (error) {
    if (!(error instanceof KernelError && isNeedlessRouting(operation.type, error.errno))) throw error;
  }
}

/** Removes the table that drops packets to addresses; it stays while one is left, which would be answered for. */
export async function releaseFilter(runDirectory: string): Promise<readonly KernelError[]> {
  if (await holdsAddresses(runDirectory)) return [];
  const clear = (families: readonly Family[]) => filterTables([], families);
  return releaseTable(join(runDirectory, FILTER_RECORD), FILTER_TABLE, clear);
}

/** Removes the table that the balancer may have left. */
export async function releaseMasquerade(runDirectory: string): Promise<readonly KernelError[]> {
  const clear = (families: readonly Family[]) => masqueradeTables(undefined, families);
  return releaseTable(join(runDirectory, MASQUERADE_RECORD), MASQUERADE_TABLE, clear);
}

async function releaseTable(
  path: string,
  table: string,
  clear: (families: readonly Family[]) => readonly NftRequest[],
): Promise<readonly KernelError[]> {
  const record = readRecord<FilterRecord>(path);
  if (record === undefined) return [];
  const nftables = new Nftables();
  try {
    nftables.apply(`delete the table ${table}`, clear(record.families));
  } finally {
    nftables.close();
  }
  return settle(path, []);
}

/** Removes every address that the failover process may have left on an interface, and restores its settings. */
export async function releaseAddresses(runDirectory: string): Promise<readonly KernelError[]> {
  const path = join(runDirectory, FAILOVER_RECORD);
  const record = readRecord<FailoverRecord>(path);
  if (record === undefined) return [];
  const failures: KernelError[] = [];
  const rtnetlink = new Rtnetlink();
  try {
    const left = await leftAddresses(rtnetlink, record);
    const remove = (address: InterfaceAddress) => removeIfThere(rtnetlink, address);
    failures.push(...(await Promise.all(left.map((address) => each([address], remove)))).flat());
  } finally {
    rtnetlink.close();
  }
  const settings = Object.entries(record.sysctls ?? {});
  failures.push(...(await each(settings, ([name, value]) => restoreIfThere(name, value))));
  return settle(path, failures);
}

/** True while an address of a failover process that is gone is on an interface, or that cannot be seen. */
export async function holdsAddresses(runDirectory: string): Promise<boolean> {
  const record = readRecord<FailoverRecord>(join(runDirectory, FAILOVER_RECORD));
  if (record === undefined) return false;
  let rtnetlink: Rtnetlink | undefined;
  try {
    rtnetlink = new Rtnetlink();
    return (await leftAddresses(rtnetlink, record)).length > 0;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return true;
  } finally {
    rtnetlink?.close();
  }
}

async function leftAddresses(
  rtnetlink: Rtnetlink,
  { addresses }: FailoverRecord,
): Promise<readonly InterfaceAddress[]> {
  const indexes = new Map((await rtnetlink.links()).map(({ name, index }) => [name, index]));
  const isOurs = ({ interfaceIndex, address, prefixLength }: InterfaceAddress): boolean =>
    addresses.some(
      (ours) =>
        indexes.get(ours.interface) === interfaceIndex &&
        ours.address === address &&
        ours.prefixLength === prefixLength,
    );
  return (await rtnetlink.addresses()).filter(isOurs);
}

/**
 * Removes every interface that the failover process may have made, with what is on it, and restores the settings that it
 * changed for them.
 */
export async function releaseLinks(runDirectory: string): Promise<readonly KernelError[]> {
  const path = join(runDirectory, LINK_RECORD);
  const record = readRecord<LinkRecord>(path);
  if (record === undefined) return [];
  const failures: KernelError[] = [];
  const rtnetlink = new Rtnetlink();
  try {
    const left = (await rtnetlink.links()).filter((link) => record.links.some((own) => isOwn(own, link)));
    failures.push(...(await each(left, ({ name, index }) => rtnetlink.removeLink(name, index))));
  } finally {
    rtnetlink.close();
  }
  failures.push(...(await each(record.settings.toReversed(), restoreSysctl)));
  return settle(path, failures);
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
 * table, stops its sync daemons, and restores its settings.
 */
export async function releaseServices(runDirectory: string): Promise<readonly KernelError[]> {
  endLeftOver(join(runDirectory, BALANCER_PROGRAMS));
  const path = join(runDirectory, BALANCER_RECORD);
  const record = readRecord<BalancerRecord>(path);
  if (record === undefined) return [];
  const failures: KernelError[] = [];
  const settings = Object.entries(record.sysctls);
  // Before the services go: with expire_nodest_conn their connections would end, which a next start goes on with.
  const ofSettings = await each(settings, ([name, value]) => writeSysctl(name, value));
  const ofIpvs = await each([deleteServices, stopDaemons], async (release) => {
    failures.push(...(await release(record)));
  });
  return settle(path, [...failures, ...ofIpvs, ...ofSettings]);
}

async function stopDaemons({ daemons: owned = [] }: BalancerRecord): Promise<readonly KernelError[]> {
  if (owned.length === 0) return [];
  const daemons = await openIpvsDaemons();
  try {
    const running = (await daemons?.running()) ?? [];
    const plan = planDaemons([], running, new Set(owned), new Map());
    return await each(plan, (operation) => daemons?.apply(operation));
  } finally {
    daemons?.close();
  }
}

async function deleteServices(record: BalancerRecord): Promise<readonly KernelError[]> {
  const owned = record.services
    .map((recorded) => readServiceId({ ...recorded }))
    .filter((id) => id !== undefined);
  const ipvs = await openIpvs();
  if (ipvs === undefined) return [];
  try {
    const { settled, refusals, lost } = await converge(ipvs, new Map(), owned);
    if (lost !== undefined) throw lost;
    const failures = refusals.map(({ error }) => error);
    if (!settled) failures.push(new KernelError("delete the services of the IPVS table", "EBUSY"));
    const { tcp, tcpFin, udp } = record.timeouts ?? {};
    const changed = [tcp, tcpFin, udp].some((timeout) => timeout !== undefined);
    const timeouts = changed ? [{ tcp, tcpFin, udp }] : [];
    return [...failures, ...(await each(timeouts, (known) => ipvs.setTimeouts(known)))];
  } finally {
    ipvs.close();
  }
}
