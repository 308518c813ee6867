/**
 * Checks of a real server: a map with one key, the check's type.
 */

import { z } from "zod";
import { duration } from "./duration.ts";
import { readEscapes } from "./escapes.ts";
import { ipHost } from "./ip-address.ts";
import { argument, refuse, textLeaf, userName, whole } from "./leaf.ts";

/** The rhythm of a check; what is left out comes from the level above, at last from the defaults. */
export const timingShape = {
  delay_loop: duration("10ms", "24h").optional(),
  retry: whole(0, 1_000).optional(),
  delay_before_retry: duration("0s", "24h").optional(),
  warmup: duration("0s", "24h").optional(),
};

/** `connect_timeout`, which is inherited too. */
export const connectTimeout = duration("1ms", "1h").optional();

/** Where a network check connects, if not to the real server. */
const networkShape = {
  connect_ip: ipHost().optional(),
  connect_port: whole(1, 65_535).optional(),
  connect_timeout: connectTimeout,
};

const tcpSchema = z.strictObject({ ...timingShape, ...networkShape });

const sendExpectSchema = z.strictObject({
  ...timingShape,
  ...networkShape,
  send: textLeaf<Uint8Array>("text in quotes", readEscapes).default(new Uint8Array()),
  expect: textLeaf<string>("a regular expression as text", readExpression),
  timeout: duration("1ms", "1h").optional(),
  max_bytes: whole(1, 1_048_576).default(65_536),
});

const scriptSchema = z.strictObject({
  ...timingShape,
  command: z.array(argument()),
  timeout: duration("10ms", "1h").optional(),
  user: userName().optional(),
});

/** A check as the file has it. That exactly one type is there is a rule of rules/checks.ts. */
export const checkSchema = z
  .strictObject({
    tcp: tcpSchema.nullable().optional(),
    send_expect: sendExpectSchema.optional(),
    script: scriptSchema.optional(),
  })
  .describe("a map with the check's type as its one key, such as { tcp: {} }");

function readExpression(text: string): ReturnType<Parameters<typeof textLeaf<string>>[1]> {
  if (text === "")
    return refuse("bad-expression", "an empty expression matches anything: use a tcp check for that");
  try {
    new RegExp(text);
    return { value: text };
  } catch (error) {
    return refuse("bad-expression", (error as Error).message);
  }
}
