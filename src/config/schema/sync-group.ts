/**
 * One entry of `vrrp_sync_groups`.
 */

import { z } from "zod";
import { ownName } from "./leaf.ts";
import { notifyShape } from "./notify.ts";

/** A sync group as the file has it: the names of its instances, and who is told of it. */
export const syncGroupSchema = z.strictObject({
  group: z.array(ownName()),
  ...notifyShape,
});
