/**
 * From the directors' file and a machine's addresses to what this machine has to have as a real server.
 */

import type { Route, VirtualServer } from "../balance/model.ts";
import { isMark } from "../balance/service.ts";
import { compareIp, type Family, familyOf, type IpAddress } from "../units/ip-address.ts";
import {
  type GuePort,
  type HeldAddress,
  type Holder,
  type RealServerConfig,
  type Setup,
  type TunnelKind,
} from "./model.ts";

/** Packets for a virtual address reach this machine at an address of its own. */
interface Duty extends Route {
  readonly virtual: string;
  readonly vip: IpAddress;
  readonly own: IpAddress;
}

/** A setup, and what is to be said about it. */
export interface Findings {
  readonly setup: Setup;
  /** The virtual servers that this machine is a real server of, by name, with what they need of it. */
  readonly duties: readonly string[];
  /** The families in which it is reached by NAT. */
  readonly translated: readonly Family[];
  /** What the machine cannot be given, as sentences. */
  readonly impossible: readonly string[];
}

/** What the machine with these addresses has to have. */
export function desiredSetup(config: RealServerConfig, own: ReadonlySet<IpAddress>): Findings {
  const duties = config.virtualServers.flatMap((virtual) => dutiesOf(virtual, config, own));
  const holders = new Map<string, Holder>();
  const ports = new Map<string, GuePort>();
  const addresses = new Map<string, HeldAddress>();
  const impossible: string[] = missingMarks(config, own);
  for (const duty of duties) {
    if (duty.method === "nat") continue;
    const holder = holderOf(duty, config, duties);
    if (holder !== undefined) {
      const other = holders.get(holder.name);
      if (other !== undefined && isChecked(other) !== isChecked(holder)) {
        impossible.push(
          `${duty.virtual}: gre with a checksum and gre without cannot both end at ${duty.own}: give all of its virtual servers the same`,
        );
        continue;
      }
      holders.set(holder.name, holder);
    }
    const port = guePort(duty);
    if (port !== undefined) ports.set(`${port.family} ${port.port}`, port);
    const held = { interface: holder?.name ?? "lo", address: duty.vip };
    addresses.set(`${held.interface} ${held.address}`, held);
  }
  return {
    setup: {
      holders: [...holders.values()].toSorted((a, b) => a.name.localeCompare(b.name)),
      ports: [...ports.values()].toSorted((a, b) => a.port - b.port || a.family - b.family),
      addresses: [...addresses.values()].toSorted(
        (a, b) => a.interface.localeCompare(b.interface) || compareIp(a.address, b.address),
      ),
    },
    duties: [...new Set(duties.map(dutyText))],
    translated: [
      ...new Set(duties.filter(({ method }) => method === "nat").map(({ own: at }) => familyOf(at))),
    ],
    impossible: [...new Set(impossible)],
  };
}

/**
 * What is wrong with the way back of what NAT brings here: in each family the default gateway has to be an address that
 * floats with the virtual ones. Nothing is said where the file has none that could be it.
 */
export function wayBackFaults(
  { floating }: RealServerConfig,
  translated: readonly Family[],
  gateways: readonly IpAddress[],
): readonly string[] {
  return translated.flatMap((family) => {
    const ours = floating.filter((address) => familyOf(address) === family);
    const found = gateways.filter((address) => familyOf(address) === family);
    if (ours.length === 0 || found.some((address) => ours.includes(address))) return [];
    const what =
      found.length === 0 ? "there is no default gateway" : `the default gateway is ${found.join(", ")}`;
    return [`${what}: replies by NAT have to go through the director, by one of ${ours.join(", ")}`];
  });
}

function dutiesOf(
  virtual: VirtualServer,
  { markAddresses }: RealServerConfig,
  own: ReadonlySet<IpAddress>,
): Duty[] {
  const sorry = virtual.sorryServer === undefined ? [] : [virtual.sorryServer];
  const vips = virtual.services.flatMap((service) =>
    isMark(service)
      ? markAddresses.filter((address) => familyOf(address) === service.family)
      : [service.address],
  );
  return [...virtual.realServers, ...sorry]
    .filter(({ address }) => own.has(address))
    .flatMap(({ address, method, tunnel }) =>
      [...new Set(vips)].map((vip) => ({ virtual: virtual.name, vip, own: address, method, tunnel })),
    );
}

/** The virtual servers of this machine whose addresses are nowhere in the file. */
function missingMarks({ virtualServers, markAddresses }: RealServerConfig, own: ReadonlySet<IpAddress>) {
  return virtualServers.flatMap(({ name, services, realServers }) => {
    const isOurs = realServers.some(({ address, method }) => method !== "nat" && own.has(address));
    const isBare = services.some(
      (service) => isMark(service) && !markAddresses.some((address) => familyOf(address) === service.family),
    );
    return isOurs && isBare
      ? [`${name}: a firewall mark has no address: name its addresses under realserver.fwmark_addresses`]
      : [];
  });
}

/** The interface to be made for a duty; undefined for lo. */
function holderOf(
  { method, tunnel, vip, own }: Duty,
  config: RealServerConfig,
  duties: readonly Duty[],
): Holder | undefined {
  if (method === "dr" || tunnel === undefined)
    return config.interface === "lo" ? undefined : { name: config.interface, kind: "dummy" };
  const kind = tunnel.type === "gre" ? greKind(familyOf(own)) : plainKind(familyOf(own), familyOf(vip));
  const locals = [...new Set(duties.filter((duty) => duty.method === "tunnel").map((duty) => duty.own))];
  const number = locals.toSorted(compareIp).indexOf(own);
  return {
    name: `vip-${kind}${number}`,
    kind,
    local: own,
    checksum: tunnel.type === "gre" && tunnel.checksum === "csum",
  };
}

function plainKind(outer: Family, inner: Family): TunnelKind {
  if (outer === 6) return "ip6tnl";
  return inner === 6 ? "sit" : "ipip";
}

function greKind(outer: Family): TunnelKind {
  return outer === 6 ? "ip6gre" : "gre";
}

function guePort({ tunnel, own }: Duty): GuePort | undefined {
  return tunnel?.type === "gue" ? { port: tunnel.port, family: familyOf(own) } : undefined;
}

function isChecked(holder: Holder): boolean {
  return holder.kind !== "dummy" && holder.checksum;
}

function dutyText(duty: Duty): string {
  const { virtual, own, method, tunnel } = duty;
  if (method === "nat")
    return `${virtual} by NAT at ${own}: nothing to set up here; the way back to the clients leads through the director`;
  if (tunnel === undefined) return `${virtual} by direct routing at ${own}`;
  const bytes = overhead(duty);
  const mss = 1500 - bytes - (familyOf(duty.vip) === 6 ? 60 : 40);
  const size = `${bytes} bytes on top of each packet: let the way from the directors carry ${1500 + bytes}, or route to the clients with advmss ${mss}`;
  return `${virtual} by a tunnel (${tunnel.type}) at ${own}; ${size}`;
}

/** What a tunnel adds to a packet, in bytes: the outer header, and GRE's or UDP's and GUE's. */
function overhead({ own, tunnel }: Duty): number {
  const outer = familyOf(own) === 6 ? 40 : 20;
  switch (tunnel?.type) {
    case "gre":
      return outer + (tunnel.checksum === "csum" ? 8 : 4);
    case "gue":
      return outer + (tunnel.checksum === "remcsum" ? 20 : 12);
    case "ipip":
    case undefined:
      return outer;
  }
}
