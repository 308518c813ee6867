/**
 * Netlink attributes: the type-length-value encoding that generic netlink carries its arguments in
 * (linux/netlink.h, `struct nlattr`).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+---+---------------------------+
 * |   length, header included     |N|B|           type            |
 * +-------------------------------+---+---------------------------+
 * |   value, padded with zeros to a multiple of four bytes        |
 * ```
 *
 * Lengths, types and most integers are in the host's byte order, and every host that Relevo runs on (x86-64, arm64)
 * is little-endian: `getU16` and `putU16` are the one place that says so. Integers that the kernel keeps in network order
 * have readers and writers of their own, named `be16` and `be32`.
 *
 * Decoding never throws. Bytes that are no attributes, and values that have not the size of their type, are undefined;
 * who reads several values checks once, at the end.
 */

/** Bytes of an attribute's header, `NLA_HDRLEN`. */
const HEADER_LENGTH = 4;
/** What attributes are aligned to, `NLA_ALIGNTO`. */
const ALIGNMENT = 4;
/** `NLA_F_NESTED`: the value is a list of attributes. */
const NESTED = 0x8000;
/** `NLA_TYPE_MASK`: a type without its two flags. */
const TYPE_MASK = 0x3fff;
const LENGTH_MAX = 0xffff;
/** `NLMSG_HDRLEN`, of `struct nlmsghdr` (netlink-message.ts). */
const MESSAGE_HEADER_LENGTH = 16;

/** The values of a list of attributes, by type. */
export type Attributes = Pick<ReadonlyMap<number, Uint8Array>, "get" | "has">;

/**
 * Takes a list of attributes apart, one level deep. As in the kernel the last of several of a type counts, and the last
 * one's padding may be missing. Undefined when a length points outside or bytes are left over.
 */
export function decodeAttributes(bytes: Uint8Array): Attributes | undefined {
  let offset = 0;
  while (offset < bytes.length) {
    if (offset + HEADER_LENGTH > bytes.length) return undefined;
    const length = getU16(bytes, offset);
    if (length < HEADER_LENGTH || offset + length > bytes.length) return undefined;
    offset += aligned(length);
  }
  return new AttributeList(bytes);
}

/**
 * A list that has been found to be well formed. It is gone through for each value that is asked for: the lists are short,
 * and in a dump of thousands a map with all values of each, few of which are ever asked for, is what takes the time.
 */
class AttributeList implements Attributes {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get(type: number): Uint8Array | undefined {
    const offset = this.#find(type);
    if (offset === undefined) return undefined;
    return this.#bytes.subarray(offset + HEADER_LENGTH, offset + getU16(this.#bytes, offset));
  }

  has(type: number): boolean {
    return this.#find(type) !== undefined;
  }

  /** Where the last one of that type begins. */
  #find(type: number): number | undefined {
    const bytes = this.#bytes;
    let found: number | undefined;
    for (let offset = 0; offset < bytes.length; offset += aligned(getU16(bytes, offset)))
      if ((getU16(bytes, offset + 2) & TYPE_MASK) === type) found = offset;
    return found;
  }
}

/** The list of attributes inside an attribute; undefined when it is not there or is none. */
export function readNested(value: Uint8Array | undefined): Attributes | undefined {
  return value === undefined ? undefined : decodeAttributes(value);
}

/** An unsigned 8-bit integer. */
export function readU8(value: Uint8Array | undefined): number | undefined {
  return value?.length === 1 ? value[0] : undefined;
}

/** An unsigned 16-bit integer in host order. */
export function readU16(value: Uint8Array | undefined): number | undefined {
  return value?.length === 2 ? getU16(value, 0) : undefined;
}

/** An unsigned 32-bit integer in host order. */
export function readU32(value: Uint8Array | undefined): number | undefined {
  return value?.length === 4 ? getU32(value, 0) : undefined;
}

/** An unsigned 64-bit integer in host order; above 2^53 the nearest number there is. */
export function readU64(value: Uint8Array | undefined): number | undefined {
  return value?.length === 8 ? getU32(value, 4) * 0x1_0000_0000 + getU32(value, 0) : undefined;
}

/** An unsigned 16-bit integer in network order. */
export function readBe16(value: Uint8Array | undefined): number | undefined {
  return value?.length === 2 ? ((value[0] ?? 0) << 8) | (value[1] ?? 0) : undefined;
}

/** An unsigned 32-bit integer in network order. */
export function readBe32(value: Uint8Array | undefined): number | undefined {
  return value?.length === 4 ? viewOf(value).getUint32(0) : undefined;
}

/** Text up to the first zero byte, or all of it; each byte is one character of ISO 8859-1. */
export function readText(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  const bytes = value.subarray(0, end < 0 ? value.length : end);
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** An attribute with its padding. The value must be shorter than 64 KiB. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = emptyAttribute(type, value.length);
  bytes.set(value, HEADER_LENGTH);
  return bytes;
}

/** An attribute whose value, `length` bytes, is all zeros. */
function emptyAttribute(type: number, length: number): Uint8Array {
  const whole = HEADER_LENGTH + length;
  if (whole > LENGTH_MAX) throw new RangeError(`a netlink attribute of ${whole} bytes is too long`);
  const bytes = new Uint8Array(aligned(whole));
  putU16(bytes, 0, whole);
  putU16(bytes, 2, type);
  return bytes;
}

/** An attribute that holds a list of attributes. */
export function nested(type: number, ...attributes: readonly Uint8Array[]): Uint8Array {
  const length = attributes.reduce((sum, part) => sum + part.length, 0);
  const bytes = emptyAttribute(type | NESTED, length);
  let offset = HEADER_LENGTH;
  for (const part of attributes) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** An attribute that holds an unsigned 8-bit integer. */
export function u8(type: number, value: number): Uint8Array {
  const bytes = emptyAttribute(type, 1);
  bytes[HEADER_LENGTH] = value;
  return bytes;
}

/** An attribute that holds an unsigned 16-bit integer in host order. */
export function u16(type: number, value: number): Uint8Array {
  const bytes = emptyAttribute(type, 2);
  putU16(bytes, HEADER_LENGTH, value);
  return bytes;
}

/** An attribute that holds unsigned 32-bit integers in host order, one after the other. */
export function u32(type: number, ...values: readonly number[]): Uint8Array {
  const bytes = emptyAttribute(type, 4 * values.length);
  let offset = HEADER_LENGTH;
  for (const value of values) {
    putU16(bytes, offset, value);
    putU16(bytes, offset + 2, value >>> 16);
    offset += 4;
  }
  return bytes;
}

/** An attribute that holds an unsigned 16-bit integer in network order. */
export function be16(type: number, value: number): Uint8Array {
  const bytes = emptyAttribute(type, 2);
  bytes[HEADER_LENGTH] = value >>> 8;
  bytes[HEADER_LENGTH + 1] = value;
  return bytes;
}

/** An attribute that holds an unsigned 32-bit integer in network order. */
export function be32(type: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return attribute(type, bytes);
}

/** An attribute that holds text, closed by a zero byte. Each character is one byte. */
export function text(type: number, value: string): Uint8Array {
  return attribute(
    type,
    Uint8Array.from(`${value}\0`, (character) => character.charCodeAt(0)),
  );
}

/**
 * Messages and attributes written one behind the other into one piece of memory: for tables of thousands, where an array of
 * bytes for each attribute and for each message is what takes the time.
 */
export class NetlinkWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** With memory for so many bytes; when they are more it grows. */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** What has been written. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A message to the kernel that holds what `write` writes, with its padding. */
  message(type: number, flags: number, sequence: number, write: () => void): void {
    const offset = this.#reserve(MESSAGE_HEADER_LENGTH);
    write();
    const length = this.#length - offset;
    this.#reserve(aligned(length) - length);
    putU32(this.#bytes, offset, length);
    putU16(this.#bytes, offset + 4, type);
    putU16(this.#bytes, offset + 6, flags);
    putU32(this.#bytes, offset + 8, sequence);
  }

  /** What has been encoded already. */
  raw(bytes: Uint8Array): void {
    const offset = this.#reserve(bytes.length);
    this.#bytes.set(bytes, offset);
  }

  /** A value, with zeros behind it up to `length` bytes. */
  attribute(type: number, value: Uint8Array, length = value.length): void {
    const offset = this.#begin(type, length);
    this.#bytes.set(value, offset);
  }

  /** An attribute that holds the attributes which `write` writes. */
  nested(type: number, write: () => void): void {
    const value = this.#begin(type | NESTED, 0);
    write();
    putU16(this.#bytes, value - HEADER_LENGTH, this.#length - value + HEADER_LENGTH);
  }

  /** An unsigned 8-bit integer. */
  u8(type: number, value: number): void {
    const offset = this.#begin(type, 1);
    this.#bytes[offset] = value;
  }

  /** An unsigned 16-bit integer in host order. */
  u16(type: number, value: number): void {
    const offset = this.#begin(type, 2);
    putU16(this.#bytes, offset, value);
  }

  /** An unsigned 32-bit integer in host order. */
  u32(type: number, value: number): void {
    const offset = this.#begin(type, 4);
    putU32(this.#bytes, offset, value);
  }

  /** An unsigned 16-bit integer in network order. */
  be16(type: number, value: number): void {
    const offset = this.#begin(type, 2);
    this.#bytes[offset] = value >>> 8;
    this.#bytes[offset + 1] = value;
  }

  /** Writes a header and leaves room for the value; where that begins. */
  #begin(type: number, length: number): number {
    const offset = this.#reserve(aligned(HEADER_LENGTH + length));
    putU16(this.#bytes, offset, HEADER_LENGTH + length);
    putU16(this.#bytes, offset + 2, type);
    return offset + HEADER_LENGTH;
  }

  /** Makes room, all zeros; where that begins. What was there before may be elsewhere now. */
  #reserve(length: number): number {
    const offset = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const bytes = new Uint8Array(2 * this.#length);
      bytes.set(this.#bytes);
      this.#bytes = bytes;
    }
    return offset;
  }
}

/** Several byte strings as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function aligned(length: number): number {
  return (length + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

function getU32(bytes: Uint8Array, offset: number): number {
  return getU16(bytes, offset) + getU16(bytes, offset + 2) * 0x10000;
}

function getU16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}

/** By hand, and little-endian: a DataView for each of the many numbers of a table is what takes the time. */
function putU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
}

function putU32(bytes: Uint8Array, offset: number, value: number): void {
  putU16(bytes, offset, value);
  putU16(bytes, offset + 2, value >>> 16);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
