/** A look at the machine: what it has of all that a real server may need. */

import type { FoundMachine } from "../core/realserver/plan.ts";
import { guePorts } from "../linux/fou.ts";
import type { Rtnetlink } from "../linux/rtnetlink.ts";
import { findSysctl } from "../linux/sysctl.ts";

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
    setting: findSysctl,
  };
}
