/**
 * `authentication` of an instance. What is wrong with a password is said without saying the password.
 */

import { z } from "zod";
import { choice, leaf, refuse } from "./leaf.ts";

/** RFC 2338 §5.3.10. */
const LENGTH_MAX = 8;

/** `authentication`: version 2 only, which rules/authentication.ts sees to. */
export const authenticationSchema = z.strictObject({
  auth_type: choice({ PASS: "pass", AH: "ah" } as const),
  auth_pass: leaf<Uint8Array>("text in quotes", (value) => {
    if (typeof value === "object") return undefined;
    if (typeof value !== "string")
      return refuse("wrong-type", "write the password in quotes: without them this is no text");
    const bytes = Buffer.from(value);
    if (bytes.length >= 1 && bytes.length <= LENGTH_MAX) return { value: new Uint8Array(bytes) };
    const advice = "shorten it, on the peer too, where keepalived takes the first 8 in silence";
    const message = `${bytes.length} bytes are outside 1..${LENGTH_MAX}`;
    return refuse(
      "out-of-range",
      bytes.length === 0 ? `${message}: give a password` : `${message}: ${advice}`,
    );
  }),
});
