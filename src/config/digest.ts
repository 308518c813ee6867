/**
 * A short fingerprint of what a file means, for directors and operators to compare. Two files with the same meaning
 * have the same one, whatever their comments, order of keys, or defaults spelled out; and both directors compute the
 * same one from the same file, since it covers what each of them is to do, and nothing that depends on the machine.
 *
 * It is shown to whoever asks, and a file's other content may be known: a secret goes in through a function that takes its
 * time, so that trying passwords against the fingerprint does not pay.
 */

import { createHash, scryptSync } from "node:crypto";
import { buildBalancer, type UserOf } from "./build/balancer.ts";
import { buildFailover } from "./build/failover.ts";
import { buildWatch } from "./build/tracking.ts";
import { buildNotify } from "./build/notify.ts";
import type { HeartbeatKey } from "../core/heartbeat/model.ts";
import type { FileContent } from "./schema/file.ts";
import { DEFAULT_SCRIPT_USER } from "./schema/globals.ts";

/** The first 16 hexadecimal digits of a SHA-256 over the meaning; `keys` are the link's, which are in files of their own. */
export function digest(content: FileContent, keys: readonly HeartbeatKey[]): string {
  const nodes = content.directors === undefined ? [undefined] : [...content.directors.keys()];
  const userOf = (name: string | undefined) => machineFreeUser(name ?? content.global_defs.script_user);
  const stretched = new Map<string, string>();
  const meaning = {
    metrics: content.metrics,
    directors: nodes
      .map((node) => ({ node, failover: failoverMeaning(content, node, keys, stretched) }))
      .toSorted(byNode),
    balancer: buildBalancer(content, userOf),
    watch: buildWatch(content, userOf),
    notify: notifyMeaning(content, userOf),
    maintenance: content.global_defs.maintenance_directory,
  };
  return createHash("sha256").update(canonical(meaning)).digest("hex").slice(0, 16);
}

/** The order of instances in the file says nothing. */
function failoverMeaning(
  content: FileContent,
  node: string | undefined,
  keys: readonly HeartbeatKey[],
  stretched: Map<string, string>,
): unknown {
  const { routers, heartbeat, ...rest } = buildFailover(content, node, { keys, digest: "" });
  const meanings = routers.map(({ authentication, ...router }) => ({
    ...router,
    ...(authentication && {
      authentication: { ...authentication, key: stretch(authentication.key, stretched) },
    }),
  }));
  const link = heartbeat && {
    ...heartbeat,
    keys: keys.map(({ id, key }) => ({ id, key: stretch(key, stretched) })),
  };
  return { ...rest, heartbeat: link, routers: meanings.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** A secret that can be compared, at some tens of milliseconds for each that is tried; known ones are remembered. */
function stretch(secret: Uint8Array, known: Map<string, string>): string {
  const name = Buffer.from(secret).toString("hex");
  const found = known.get(name) ?? scryptSync(secret, "relevo digest", 16).toString("hex");
  known.set(name, found);
  return found;
}

function notifyMeaning(content: FileContent, userOf: UserOf): unknown {
  const { instances, ...rest } = buildNotify(content, userOf);
  return { ...rest, instances: instances.toSorted((a, b) => (a.instance < b.instance ? -1 : 1)) };
}

function byNode(a: { readonly node: string | undefined }, b: { readonly node: string | undefined }): number {
  return (a.node ?? "") < (b.node ?? "") ? -1 : 1;
}

/** An account may have other numbers on the other machine. */
function machineFreeUser(name: string = DEFAULT_SCRIPT_USER): { name: string; uid: number; gid: number } {
  return { name, uid: -1, gid: -1 };
}

/** JSON with sorted keys; bytes as hexadecimal digits. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Uint8Array) return Buffer.from(item).toString("hex");
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
