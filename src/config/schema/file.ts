/**
 * The whole file's schema. It says which keys there are and how each value is read on its own; what keys say about one
 * another is in `rules/`, what they mean for the core in `build/`. `docs/config.md` describes every key; a test
 * compares the two.
 */

import { z } from "zod";
import type { Loose } from "../salvage.ts";
import { directorsSchema, globalsSchema, metricsSchema, REAL_SERVERS_MAX } from "./globals.ts";
import { heartbeatSchema } from "./heartbeat.ts";
import { instanceSchema } from "./instance.ts";
import { masqueradeSchema } from "./masquerade.ts";
import { ownName } from "./leaf.ts";
import { realServerSetupSchema } from "./real-server-setup.ts";
import { routeSchema, ruleSchema } from "./routing.ts";
import { syncGroupSchema } from "./sync-group.ts";
import {
  bfdSessionsSchema,
  linkDelaysSchema,
  trackedFilesSchema,
  trackedGatewaysSchema,
  trackedProcessesSchema,
  trackedScriptsSchema,
} from "./tracking.ts";
import { staticAddress } from "./virtual-address.ts";
import { virtualServerGroupsSchema, virtualServerSchema } from "./virtual-server.ts";

/** The schema of a configuration file. */
export const fileSchema = z.strictObject({
  global_defs: globalsSchema.default(globalsSchema.parse({})),
  metrics: metricsSchema.default({ address: "127.0.0.1", port: 9_165, real_servers_max: REAL_SERVERS_MAX }),
  directors: directorsSchema.optional(),
  heartbeat: heartbeatSchema.optional(),
  interface_up_down_delays: linkDelaysSchema.default(new Map()),
  vrrp_scripts: trackedScriptsSchema.default(new Map()),
  track_files: trackedFilesSchema.default(new Map()),
  track_gateways: trackedGatewaysSchema.default(new Map()),
  vrrp_track_processes: trackedProcessesSchema.default(new Map()),
  static_ipaddress: z.array(staticAddress()).default([]),
  static_routes: z.array(routeSchema).default([]),
  static_rules: z.array(ruleSchema).default([]),
  bfd_instances: bfdSessionsSchema.default(new Map()),
  vrrp_instances: z.map(ownName(), instanceSchema).default(new Map()),
  vrrp_sync_groups: z.map(ownName(), syncGroupSchema).default(new Map()),
  virtual_server_groups: virtualServerGroupsSchema.default(new Map()),
  virtual_servers: z.array(virtualServerSchema).default([]),
  masquerade: masqueradeSchema.optional(),
  realserver: realServerSetupSchema.default(realServerSetupSchema.parse({})),
});

/** A file's content, every value read. */
export type FileContent = z.output<typeof fileSchema>;

/** One of its instances. */
export type InstanceContent = z.output<typeof instanceSchema>;

/** One of its BFD sessions. */
export type BfdContent =
  FileContent["bfd_instances"] extends ReadonlyMap<string, infer Session> ? Session : never;
/** One of its sync groups. */
export type SyncGroupContent = z.output<typeof syncGroupSchema>;

/** One of its virtual servers. */
export type VirtualServerContent = z.output<typeof virtualServerSchema>;

/** The virtual server groups. */
export type GroupsContent = FileContent["virtual_server_groups"];

/** A real server of one. */
export type RealServerContent = VirtualServerContent["real_servers"][number];

/** A check of one. */
export type CheckContent = RealServerContent["checks"][number];

/** A file's content as far as it could be read. */
export type LooseContent = NonNullable<Loose<FileContent>>;
