/** `heartbeat`, and the addresses that it goes between. */

import { z } from "zod";
import { milliseconds } from "../../core/units/time.ts";
import { KEY_ID_MAX } from "../key-file.ts";
import { duration } from "./duration.ts";
import { readIpHost } from "./ip-address.ts";
import { ownName, textLeaf, toggle, whole } from "./leaf.ts";
import { absolutePath } from "./notify.ts";

/** `addresses` of a director: path to address. */
export const pathAddressesSchema = z.map(ownName(), textLeaf("an address, such as 192.0.2.11", readIpHost));

/** `heartbeat`. */
export const heartbeatSchema = z.strictObject({
  interval: duration("10ms", "10s").default(milliseconds(100)),
  dead_after: whole(2, 100).default(4),
  takeover: toggle().default(true),
  port: whole(1, 65_535).default(539),
  key_file: absolutePath().optional(),
  keys: z.array(z.strictObject({ id: whole(0, KEY_ID_MAX), file: absolutePath() })).optional(),
});
