/**
 * A short fingerprint of what a file means, for directors and operators to compare. Two files with the same meaning
 * have the same one, whatever their comments, order of keys, or defaults spelled out; and both directors compute the
 * same one from the same file, since it covers what each of them is to do, and nothing that depends on the machine.
 */

import { createHash } from "node:crypto";
import { buildBalancer, type UserOf } from "./build/balancer.ts";
import { buildFailover } from "./build/failover.ts";
import { buildWatch } from "./build/tracking.ts";
import { buildNotify } from "./build/notify.ts";
import type { FileContent } from "./schema/file.ts";
import { DEFAULT_SCRIPT_USER } from "./schema/globals.ts";

/** The first 16 hexadecimal digits of a SHA-256 over the meaning. */
export function digest(content: FileContent): string {
  const nodes = content.directors === undefined ? [undefined] : [...content.directors.keys()];
  const userOf = (name: string | undefined) => machineFreeUser(name ?? content.global_defs.script_user);
  const meaning = {
    metrics: content.metrics,
    directors: nodes.map((node) => ({ node, failover: failoverMeaning(content, node) })).toSorted(byNode),
    balancer: buildBalancer(content, userOf),
    watch: buildWatch(content, userOf),
    notify: notifyMeaning(content, userOf),
  };
  return createHash("sha256").update(canonical(meaning)).digest("hex").slice(0, 16);
}

/** The order of instances in the file says nothing. */
function failoverMeaning(content: FileContent, node: string | undefined): unknown {
  const { routers, ...rest } = buildFailover(content, node);
  return { ...rest, routers: routers.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function notifyMeaning(content: FileContent, userOf: UserOf): unknown {
  const { instances, fifos } = buildNotify(content, userOf);
  return { fifos, instances: instances.toSorted((a, b) => (a.instance < b.instance ? -1 : 1)) };
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
