/** HMAC-MD5 for the authentication header: a broken hash in a construction that is not, kept for old peers alone. */

import { createHmac } from "node:crypto";
import type { Mac } from "../core/wire/authentication-header.ts";

/** HMAC-MD5 (RFC 2104); 16 bytes. */
export const hmacMd5: Mac = (key, bytes) => createHmac("md5", key).update(bytes).digest();
