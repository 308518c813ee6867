/**
 * The file with a key of the pair's own link, as `relevo keygen` writes it and a director reads it: an `id` from 0 to 255, and
 * a `key` of 32 bytes in hexadecimal digits; `#` begins a comment. What is wrong with one is said without saying the key.
 */

import { randomBytes } from "node:crypto";
import type { HeartbeatKey } from "../core/heartbeat/model.ts";

const KEY_LENGTH = 32;
/** The largest key id: it has one byte in a datagram. */
export const KEY_ID_MAX = 255;

/** A key that was read, or what is wrong with the file. */
export type ParsedKey = { readonly key: HeartbeatKey } | { readonly fault: string };

/** A new key file's text. */
export function newKeyFile(id: number): string {
  return `# A key of Relevo's heartbeat. Whoever has it can speak for a director: keep it secret, and the same on both.
id: ${id}
key: ${randomBytes(KEY_LENGTH).toString("hex")}
`;
}

/** Reads a key file's text. Never throws. */
export function parseKeyFile(text: string): ParsedKey {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const content = line.replace(/#.*/, "").trim();
    if (content === "") continue;
    const [, name = "", value = ""] = /^(id|key):\s*(\S+)$/.exec(content) ?? [];
    if (name === "") return { fault: "a line is neither `id: N` nor `key: …`" };
    if (values.has(name)) return { fault: `it has two lines \`${name}\`` };
    values.set(name, value);
  }
  const id = values.get("id");
  if (id === undefined || !/^\d{1,3}$/.test(id) || Number(id) > KEY_ID_MAX)
    return { fault: `it has no line \`id: N\` with a number from 0 to ${KEY_ID_MAX}` };
  const key = Buffer.from(values.get("key") ?? "", "hex");
  if (key.length !== KEY_LENGTH || values.get("key")?.length !== 2 * KEY_LENGTH)
    return { fault: `it has no line \`key: …\` with ${2 * KEY_LENGTH} hexadecimal digits` };
  if (new Set(key).size < 4) return { fault: "its key is not random" };
  return { key: { id: Number(id), key: new Uint8Array(key) } };
}
