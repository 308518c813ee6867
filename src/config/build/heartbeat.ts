/** From a file's content to what the pair's own link is told. */

import type { HeartbeatConfig, HeartbeatKey } from "../../core/heartbeat/model.ts";
import type { Environment } from "../environment.ts";
import type { FileContent } from "../schema/file.ts";

/** What the link needs that is not in the file itself. */
export interface LinkSecrets {
  readonly keys: readonly HeartbeatKey[];
  /** Of the whole configuration; empty while that is being made. */
  readonly digest: string;
}

/** The link, as the director `node` sees it; undefined without `heartbeat`. */
export function buildHeartbeat(
  { heartbeat, directors }: FileContent,
  node: string | undefined,
  { keys, digest }: LinkSecrets,
): HeartbeatConfig | undefined {
  if (heartbeat === undefined || directors === undefined || node === undefined) return undefined;
  const peer = [...directors.keys()].find((name) => name !== node) ?? "";
  const theirs = directors.get(peer)?.addresses;
  const paths = [...(directors.get(node)?.addresses ?? [])].flatMap(([name, local]) => {
    const remote = theirs?.get(name);
    return remote === undefined ? [] : [{ name, local, remote }];
  });
  const { interval, dead_after: deadAfter, takeover, port } = heartbeat;
  return {
    node,
    peer,
    paths: paths.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    port,
    interval,
    deadAfter,
    takeover,
    keys,
    digest,
  };
}

/** The keys that this machine has, the first of them to sign with. */
export function readKeys({ heartbeat }: FileContent, environment: Environment): readonly HeartbeatKey[] {
  const single = heartbeat?.key_file === undefined ? [] : [heartbeat.key_file];
  const files = heartbeat?.keys?.map(({ file }) => file) ?? single;
  return files.flatMap((file) => {
    const found = environment.keyFile(file);
    return found.state === "ok" ? [found.key] : [];
  });
}
