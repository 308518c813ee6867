/**
 * The keyed hashes of what is authenticated: HMAC-SHA256 for heartbeats; HMAC-MD5 for the authentication header, a broken
 * hash in a construction that is not, kept for old peers alone.
 */

import { createHmac, randomBytes } from "node:crypto";
import type { Mac } from "../core/wire/authentication-header.ts";
import type { Hmac } from "../core/wire/heartbeat.ts";

/** HMAC-MD5 (RFC 2104); 16 bytes. */
export const hmacMd5: Mac = (key, bytes) => createHmac("md5", key).update(bytes).digest();

/** HMAC-SHA256 (RFC 2104, FIPS 180-4); 32 bytes. */
export const hmacSha256: Hmac = (key, bytes) => createHmac("sha256", key).update(bytes).digest();

/** What a life of this process is known by: 64 random bits, not 0. */
export function randomBoot(): bigint {
  return randomBytes(8).readBigUInt64BE() || 1n;
}
