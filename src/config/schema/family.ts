/** What an instance's addresses say about it: which family it is of, and so which versions it can speak. */

import { type Family, familyOf, type IpAddress } from "../../core/units/ip-address.ts";

/** As much of an instance as is needed here; it may not have been read whole. */
interface WithAddresses {
  readonly virtual_ipaddress?:
    | readonly ({ readonly address?: { readonly address?: IpAddress | undefined } | undefined } | undefined)[]
    | undefined;
  readonly version?: 2 | 3 | undefined;
}

/** The family of an instance: its first address's; undefined when none could be read. */
export function familyOfInstance(instance: WithAddresses): Family | undefined {
  for (const entry of instance.virtual_ipaddress ?? []) {
    const address = entry?.address?.address;
    if (address !== undefined) return familyOf(address);
  }
  return undefined;
}

/** The version that an instance speaks: its own, else 3 for IPv6, of which version 2 knows nothing, else the `global` one. */
export function versionOf<Global extends 2 | 3 | undefined>(
  instance: WithAddresses,
  global: Global,
): Global | 2 | 3 {
  return instance.version ?? (familyOfInstance(instance) === 6 ? 3 : global);
}
