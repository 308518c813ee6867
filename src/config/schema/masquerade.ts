/**
 * `masquerade`: the real servers' own traffic.
 */

import { z } from "zod";
import { interfaceName } from "./leaf.ts";
import { plainNetwork } from "./routing.ts";

/** `masquerade`. */
export const masqueradeSchema = z.strictObject({
  sources: z.array(plainNetwork()),
  interface: interfaceName(),
});
