/**
 * `realserver`: what the real servers read in the file that they share with the directors.
 */

import { z } from "zod";
import { ipHost } from "./ip-address.ts";
import { interfaceName } from "./leaf.ts";

/** `realserver`. */
export const realServerSetupSchema = z.strictObject({
  interface: interfaceName().default("lo"),
  fwmark_addresses: z.array(ipHost()).default([]),
});
