/**
 * From a file's content, found good, to the configuration of this machine.
 */

import type { ScriptUser } from "../../core/health/model.ts";
import type { Config } from "../config.ts";
import { digest } from "../digest.ts";
import type { Environment } from "../environment.ts";
import type { FileContent } from "../schema/file.ts";
import { DEFAULT_SCRIPT_USER } from "../schema/globals.ts";
import { buildBalancer } from "./balancer.ts";
import { buildFailover } from "./failover.ts";
import { readKeys } from "./heartbeat.ts";
import { buildWatch } from "./tracking.ts";
import { buildNotify } from "./notify.ts";

/** The configuration of the director `node`. */
export function buildConfig(
  content: FileContent,
  node: string | undefined,
  environment: Environment,
): Config {
  const userOf = (own: string | undefined): ScriptUser => {
    const name = own ?? content.global_defs.script_user ?? DEFAULT_SCRIPT_USER;
    const user = environment.user(name);
    if (user === undefined) throw new Error(`the user ${name} was there when the file was checked`);
    return user;
  };
  const keys = readKeys(content, environment);
  const fingerprint = digest(content, keys);
  return freeze({
    node,
    failover: buildFailover(content, node, { keys, digest: fingerprint }),
    balancer: buildBalancer(content, userOf),
    watch: buildWatch(content, userOf),
    notify: buildNotify(content, userOf),
    maintenanceDirectory: content.global_defs.maintenance_directory,
    metrics: content.metrics === false ? undefined : listener(content.metrics),
    digest: fingerprint,
  });
}

function listener({ address, port }: Exclude<FileContent["metrics"], false>): Config["metrics"] {
  return { address, port };
}

/** Freezes objects and arrays all the way down. Bytes cannot be frozen in JavaScript and are left as they are. */
function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const item of Object.values(value)) freeze(item);
  return Object.freeze(value);
}
