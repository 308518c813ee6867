/**
 * What a virtual server's `address`, `fwmark` or `group` stands for: the services that it has in the kernel's table. The
 * rules compare them, and the balancer is told them; whatever could not be read is left out.
 */

import { type ServiceId, serviceKey } from "../core/balance/service.ts";
import { type Family, familyOf, type IpAddress } from "../core/units/ip-address.ts";
import type { Loose } from "./salvage.ts";
import type { GroupsContent, VirtualServerContent } from "./schema/file.ts";
import { type AddressRange, addressesIn, type GroupEntry, portsIn } from "./schema/range.ts";

type VirtualServer = NonNullable<Loose<VirtualServerContent>>;
type Groups = Loose<GroupsContent> | undefined;
type Entry = NonNullable<Loose<GroupEntry>>;

/** The services of a virtual server. */
export function servicesOf(server: VirtualServer, groups: Groups): ServiceId[] {
  const { protocol, address, port, fwmark } = server;
  if (address !== undefined)
    return protocol === undefined || port === undefined ? [] : [{ protocol, address, port }];
  const family = markFamily(server, groups);
  if (fwmark !== undefined) return [{ fwmark, family }];
  return entriesOf(server, groups).flatMap((entry) => entryServices(entry, server, family));
}

/** The entries of the group that a virtual server names. */
function entriesOf({ group }: VirtualServer, groups: Groups): readonly Entry[] {
  const entries = group === undefined ? undefined : groups?.get(group);
  return (entries ?? []).filter((entry) => entry !== undefined);
}

/** What a virtual server is called in events and metrics; undefined when that could not be read. */
export function virtualServerName(server: VirtualServer, groups: Groups): string | undefined {
  const { group, protocol } = server;
  if (server.address === undefined && server.fwmark === undefined)
    return group === undefined || protocol === undefined ? undefined : `${protocol} group ${group}`;
  const [service] = servicesOf(server, groups);
  return service && serviceKey(service);
}

/** The addresses of a range; none when it could not be read. */
export function rangeAddresses(range: Loose<AddressRange>): IpAddress[] {
  return isWhole(range) ? addressesIn(range) : [];
}

function entryServices(entry: Entry, { protocol }: VirtualServer, family: Family): ServiceId[] {
  if (entry.fwmark !== undefined) return [{ fwmark: entry.fwmark, family }];
  const { port } = entry;
  if (protocol === undefined || !isWhole(port)) return [];
  return rangeAddresses(entry.address).flatMap((address) =>
    portsIn(port).map((number) => ({ protocol, address, port: number })),
  );
}

/** A mark has no family of its own: `ip_family` says it, else the addresses beside it, else the real servers. */
function markFamily(server: VirtualServer, groups: Groups): Family {
  if (server.ip_family !== undefined) return server.ip_family;
  const beside = entriesOf(server, groups).map(({ address }) => address?.first);
  const real = (server.real_servers ?? []).map((one) => one?.address?.first);
  const address = [...beside, ...real].find((one) => one !== undefined);
  return address === undefined ? 4 : familyOf(address);
}

/** A range is read as a whole or not at all. */
function isWhole<First>(
  range: { readonly first?: First; readonly count?: number | undefined } | undefined,
): range is { readonly first: Exclude<First, undefined>; readonly count: number } {
  return range?.first !== undefined && range.count !== undefined;
}
