/** A look at the machine: what it has of all that a real server may need. */

import type { FoundMachine } from "../core/realserver/plan.ts";
import type { IpAddress } from "../core/units/ip-address.ts";
import { guePorts } from "../linux/fou.ts";
import { Routing } from "../linux/routing.ts";
import type { Rtnetlink } from "../linux/rtnetlink.ts";
import { findSysctl } from "../linux/sysctl.ts";

/** RT_TABLE_MAIN, linux/rtnetlink.h */
const MAIN_TABLE = 254;

/** What is there now. Throws a KernelError. */
export async function lookAt(rtnetlink: Rtnetlink): Promise<FoundMachine> {
  const interfaces = await rtnetlink.links();
  const names = new Map(interfaces.map(({ index, name }) => [index, name]));
  const addresses = await rtnetlink.addresses();
  return {
    interfaces,
    addresses: addresses.flatMap(({ interfaceIndex, address, prefixLength }) => {
      const name = names.get(interfaceIndex);
      return name === undefined ? [] : [{ interface: name, address, prefixLength }];
    }),
    ports: await guePorts(),
    gateways: await gateways(names),
    setting: findSysctl,
  };
}

async function gateways(names: ReadonlyMap<number, string>): Promise<readonly IpAddress[]> {
  const routing = new Routing({ indexOf: () => undefined, nameOf: (index) => names.get(index) });
  try {
    const routes = [...(await routing.table(4, MAIN_TABLE)), ...(await routing.table(6, MAIN_TABLE))];
    const defaults = routes.filter(({ to }) => to.prefixLength === 0);
    return defaults.flatMap(({ nexthops }) => nexthops.flatMap(({ via }) => via ?? []));
  } finally {
    routing.close();
  }
}
