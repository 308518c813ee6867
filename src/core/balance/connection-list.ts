/**
 * Connections as the kernel lists them one by one (/proc/net/ip_vs_conn), counted for destinations.
 *
 * A destination's own counters leave some out: a connection that the sync daemon heard of while its service was not in the
 * table belongs to no destination, and goes on all the same when the service is there; bound to one later on, it may count as
 * inactive whatever its state (net/netfilter/ipvs/ip_vs_sync.c). The list has them all. It is long, and nothing to read
 * without a reason.
 */

import { type IpAddress, ipBytes, isIpv6 } from "../units/ip-address.ts";
import type { ConnectionCounts } from "./drain.ts";
import { isMark, type ServiceId, serviceKey } from "./service.ts";
import type { DestinationId } from "./table.ts";

/** Connections and weight of a destination. */
export interface CountedDestination {
  readonly id: DestinationId;
  readonly weight: number;
  readonly counts: ConnectionCounts;
}

/** Those of services that are in the table, by `serviceKey` and `destinationKey`. */
export type ConnectionTable = ReadonlyMap<string, ReadonlyMap<string, CountedDestination>>;

/** A destination with what a line about it has in its fields; undefined what may be anything. */
interface Sought {
  readonly protocol: string | undefined;
  readonly virtual: string | undefined;
  readonly virtualPort: string | undefined;
  readonly port: string | undefined;
  counts: { active: number; inactive: number; persistent: number };
}

const ESTABLISHED = "ESTABLISHED";
/** A template is for all ports of its client. */
const NO_PORT = "0000";
/** The protocol of a template of a firewall mark, whose virtual address is the mark. */
const NO_PROTOCOL = "IP";

/** Counts anew, line by line, for the destinations of some services. */
export class ConnectionList {
  readonly #table: ConnectionTable;
  /** By `serviceKey` and `destinationKey`. */
  readonly #sought = new Map<string, Map<string, Sought>>();
  readonly #byAddress = new Map<string, Sought[]>();

  constructor(table: ConnectionTable, services: readonly ServiceId[]) {
    this.#table = table;
    for (const service of services) {
      const destinations = table.get(serviceKey(service)) ?? new Map<string, CountedDestination>();
      const sought = new Map<string, Sought>();
      for (const [key, { id }] of destinations) {
        const one = soughtOf(service, id);
        sought.set(key, one);
        const address = listedAddress(id.address);
        const others = this.#byAddress.get(address);
        if (others === undefined) this.#byAddress.set(address, [one]);
        else others.push(one);
      }
      this.#sought.set(serviceKey(service), sought);
    }
  }

  /** Takes a line of the list; the heading is none of anybody's. */
  add(line: string): void {
    const [protocol, , clientPort, virtual, virtualPort, address, port, state] = line.split(/ +/);
    for (const one of this.#byAddress.get(address ?? "") ?? []) {
      if (clientPort === NO_PORT) {
        if (isTemplateOf(one, protocol, virtual, virtualPort)) one.counts.persistent += 1;
      } else if (
        isOrAny(one.protocol, protocol) &&
        isOrAny(one.virtual, virtual) &&
        isOrAny(one.virtualPort, virtualPort) &&
        isOrAny(one.port, port)
      ) {
        if (state === ESTABLISHED) one.counts.active += 1;
        else one.counts.inactive += 1;
      }
    }
  }

  /** The table with the counts of the lines that were taken. */
  table(): ConnectionTable {
    return new Map(
      [...this.#table].map(([service, destinations]) => [
        service,
        new Map(
          [...destinations].map(([key, found]) => {
            const counts = this.#sought.get(service)?.get(key)?.counts ?? found.counts;
            return [key, { ...found, counts }] as const;
          }),
        ),
      ]),
    );
  }
}

function soughtOf(service: ServiceId, id: DestinationId): Sought {
  const counts = { active: 0, inactive: 0, persistent: 0 };
  const port = portOrAny(id.port);
  if (isMark(service))
    return { protocol: undefined, virtual: undefined, virtualPort: undefined, port, counts };
  return {
    protocol: service.protocol.toUpperCase(),
    virtual: listedAddress(service.address),
    virtualPort: portOrAny(service.port),
    port,
    counts,
  };
}

/**
 * Of a firewall mark, those of every mark are taken, as its own are not to be missed; and those for any port of the virtual
 * address, as one of FTP's control connection is (net/netfilter/ipvs/ip_vs_core.c).
 */
function isTemplateOf(
  { protocol, virtual, virtualPort }: Sought,
  listed: string | undefined,
  listedVirtual: string | undefined,
  listedPort: string | undefined,
): boolean {
  if (protocol === undefined) return listed === NO_PROTOCOL;
  return (
    listed === protocol &&
    listedVirtual === virtual &&
    (listedPort === NO_PORT || isOrAny(virtualPort, listedPort))
  );
}

function isOrAny(sought: string | undefined, listed: string | undefined): boolean {
  return sought === undefined || sought === listed;
}

function portOrAny(port: number): string | undefined {
  return port === 0 ? undefined : hex(port, 4).toUpperCase();
}

/** `C0000264`, `2001:0db8:0001:0000:0000:0000:0000:0100` */
function listedAddress(address: IpAddress): string {
  const bytes = [...ipBytes(address)].map((byte) => hex(byte, 2)).join("");
  return isIpv6(address) ? (bytes.match(/.{4}/g) ?? []).join(":") : bytes.toUpperCase();
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
