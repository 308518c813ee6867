/**
 * One entry of `vrrp_sync_groups`.
 */

import { z } from "zod";
import { ownName } from "./leaf.ts";

/** A sync group as the file has it: the names of its instances. */
export const syncGroupSchema = z.strictObject({
  group: z.array(ownName()),
});
