/**
 * One entry of `vrrp_sync_groups`.
 */

import { z } from "zod";
import { ownName } from "./leaf.ts";
import { notifyShape } from "./notify.ts";
import { trackShape } from "./tracking.ts";

/** A sync group as the file has it: the names of its instances, what all of them depend on, and who is told of it. */
export const syncGroupSchema = z.strictObject({
  group: z.array(ownName()),
  ...notifyShape,
  ...trackShape,
});
