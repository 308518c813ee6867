/**
 * From a file's content to what `relevo realserver` goes by.
 */

import type { RealServerConfig } from "../../core/realserver/model.ts";
import type { FileContent } from "../schema/file.ts";
import { buildBalancer } from "./balancer.ts";

/** The real servers' part. Checks are the directors' business, and so are the accounts that they run under. */
export function buildRealServer(content: FileContent): RealServerConfig {
  const { virtualServers } = buildBalancer(content, (name = "") => ({ name, uid: 0, gid: 0 }));
  const { interface: name, fwmark_addresses: markAddresses } = content.realserver;
  return {
    virtualServers,
    interface: name,
    markAddresses,
    directors: [...(content.directors?.keys() ?? [])],
  };
}
