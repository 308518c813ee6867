/**
 * Generic netlink: the four bytes before the attributes of each message, and how a family's number is asked for
 * (linux/genetlink.h).
 */

import { decodeAttributes, joined, readU16, text } from "./netlink.ts";

/** NETLINK_GENERIC, linux/netlink.h: the protocol of the socket. */
export const NETLINK_GENERIC = 16;
/** GENL_ID_CTRL: the message type of the controller, which knows all families. */
export const CONTROLLER = 0x10;

/** enum { CTRL_CMD_… } */
const CTRL_CMD_GETFAMILY = 3;
/** enum { CTRL_ATTR_… } */
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const CTRL_VERSION = 1;

/** `struct genlmsghdr`: command, version, two bytes reserved. */
const HEADER_LENGTH = 4;

/** A message of a family: its header and attributes. */
export function encodeMessage(
  command: number,
  version: number,
  ...attributes: readonly Uint8Array[]
): Uint8Array {
  return joined([messageHeader(command, version), ...attributes]);
}

/** What stands before the attributes of a message of a family. */
export function messageHeader(command: number, version: number): Uint8Array {
  return Uint8Array.of(command, version, 0, 0);
}

/** The attributes' bytes of a message; undefined when it is too short to have a header. */
export function messageAttributes(message: Uint8Array): Uint8Array | undefined {
  return message.length < HEADER_LENGTH ? undefined : message.subarray(HEADER_LENGTH);
}

/** Asks the controller for the number of a family. */
export function encodeGetFamily(name: string): Uint8Array {
  return encodeMessage(CTRL_CMD_GETFAMILY, CTRL_VERSION, text(CTRL_ATTR_FAMILY_NAME, name));
}

/** The family's number from the controller's answer; undefined when it is none. */
export function decodeFamily(message: Uint8Array): number | undefined {
  const bytes = messageAttributes(message);
  return bytes && readU16(decodeAttributes(bytes)?.get(CTRL_ATTR_FAMILY_ID));
}
