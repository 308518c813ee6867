/**
 * The UDP ports that the kernel unwraps tunnels on (linux/fou.h), in messages of the generic netlink family `fou`. Of its
 * two ways of wrapping, the bare one and GUE, a real server needs the latter.
 */

import type { GuePort } from "../realserver/model.ts";
import { encodeMessage, messageAttributes } from "./generic-netlink.ts";
import { AF_INET, AF_INET6 } from "./ipvs.ts";
import { be16, decodeAttributes, readBe16, readU8, u8 } from "./netlink.ts";

export const FOU_FAMILY = "fou";
const FOU_VERSION = 1;
export const FOU_CMD_ADD = 1;
export const FOU_CMD_DEL = 2;
const FOU_CMD_GET = 3;
const FOU_ATTR_PORT = 1;
const FOU_ATTR_AF = 2;
const FOU_ATTR_TYPE = 4;
const FOU_ENCAP_GUE = 2;

/** Opens or closes a port. */
export function encodeGuePort(
  command: typeof FOU_CMD_ADD | typeof FOU_CMD_DEL,
  { port, family }: GuePort,
): Uint8Array {
  return encodeMessage(
    command,
    FOU_VERSION,
    be16(FOU_ATTR_PORT, port),
    u8(FOU_ATTR_AF, family === 6 ? AF_INET6 : AF_INET),
    ...(command === FOU_CMD_ADD ? [u8(FOU_ATTR_TYPE, FOU_ENCAP_GUE)] : []),
  );
}

/** Asks for all ports. */
export function encodeListPorts(): Uint8Array {
  return encodeMessage(FOU_CMD_GET, FOU_VERSION);
}

/** The port that a part of the answer tells; undefined when it is none for GUE. */
export function decodeGuePort(message: Uint8Array): GuePort | undefined {
  const bytes = messageAttributes(message);
  const attributes = bytes && decodeAttributes(bytes);
  const port = readBe16(attributes?.get(FOU_ATTR_PORT));
  const family = readU8(attributes?.get(FOU_ATTR_AF));
  if (port === undefined || readU8(attributes?.get(FOU_ATTR_TYPE)) !== FOU_ENCAP_GUE) return undefined;
  return { port, family: family === AF_INET6 ? 6 : 4 };
}
