/**
 * From a file's content to what `relevo realserver` goes by.
 */

import type { RealServerConfig } from "../../core/realserver/model.ts";
import type { IpAddress } from "../../core/units/ip-address.ts";
import type { FileContent, InstanceContent } from "../schema/file.ts";
import { buildBalancer } from "./balancer.ts";

/** The real servers' part. Checks are the directors' business, and so are the accounts that they run under. */
export function buildRealServer(content: FileContent): RealServerConfig {
  const { virtualServers } = buildBalancer(content, (name = "") => ({ name, uid: 0, gid: 0 }));
  const { interface: name, fwmark_addresses: markAddresses } = content.realserver;
  return {
    virtualServers,
    interface: name,
    markAddresses,
    floating: [...new Set([...content.vrrp_instances.values()].flatMap(floatingOf))],
    directors: [...(content.directors?.keys() ?? [])],
  };
}

function floatingOf(instance: InstanceContent): readonly IpAddress[] {
  const { virtual_ipaddress: named, virtual_ipaddress_excluded: others } = instance;
  return [...named, ...others].map(({ address }) => address.address);
}
