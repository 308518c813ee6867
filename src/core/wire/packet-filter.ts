/**
 * A classic BPF program (Documentation/networking/filter.rst) for a packet socket that gets packets from their IP header on:
 * it lets through what has all of some values at some places, and nothing else.
 *
 * An instruction (`struct sock_filter`): code (2 bytes), jump if true, jump if false (1 each), operand (4), in the host's
 * byte order. What it compares is in network order.
 */

import type { IpAddress } from "../units/ip-address.ts";
import { ipBytes, isIpv6 } from "../units/ip-address.ts";
import type { Mac } from "../units/mac.ts";

/** A value of 1, 2 or 4 bytes that has to be there. */
interface Test {
  readonly offset: number;
  readonly value: Uint8Array;
}

/** SKF_LL_OFF: offsets from the start of the link-layer header. */
const LINK_LAYER = -0x200000;
const SOURCE_MAC = LINK_LAYER + 6;
/** Places in the headers of IPv4 and IPv6. */
const IPV4 = { protocol: 9, destination: 16 };
const IPV6 = { nextHeader: 6, destination: 24 };

/** BPF_LD | BPF_ABS with BPF_B, BPF_H, BPF_W. */
const LOAD: Readonly<Record<number, number>> = { 1: 0x30, 2: 0x28, 4: 0x20 };
/** BPF_JMP | BPF_JEQ | BPF_K. */
const JUMP_IF_EQUAL = 0x15;
/** BPF_RET | BPF_K, whose operand is the number of bytes to let through. */
const RETURN = 0x06;
const ALL = 0x40000;
const INSTRUCTION_LENGTH = 8;

/** A filter for packets of an IP protocol from a hardware address to an IP address. */
export function packetFilter(source: Mac, protocol: number, destination: IpAddress): Uint8Array {
  const six = isIpv6(destination);
  return program([
    { offset: SOURCE_MAC, value: source.subarray(0, 4) },
    { offset: SOURCE_MAC + 4, value: source.subarray(4) },
    { offset: six ? IPV6.nextHeader : IPV4.protocol, value: Uint8Array.of(protocol) },
    ...words(six ? IPV6.destination : IPV4.destination, ipBytes(destination)),
  ]);
}

function words(offset: number, bytes: Uint8Array): readonly Test[] {
  return Array.from({ length: bytes.length / 4 }, (_, index) => ({
    offset: offset + 4 * index,
    value: bytes.subarray(4 * index, 4 * index + 4),
  }));
}

/** Load and compare for each test; from the first that fails to the end, which lets nothing through. */
function program(tests: readonly Test[]): Uint8Array {
  const length = 2 * tests.length + 2;
  const view = new DataView(new ArrayBuffer(length * INSTRUCTION_LENGTH));
  const write = (at: number, code: number, ifFalse: number, operand: number): void => {
    const offset = at * INSTRUCTION_LENGTH;
    view.setUint16(offset, code, true);
    view.setUint8(offset + 3, ifFalse);
    view.setUint32(offset + 4, operand, true);
  };
  tests.forEach(({ offset, value }, index) => {
    const compare = 2 * index + 1;
    write(compare - 1, LOAD[value.length] ?? 0, 0, offset);
    write(compare, JUMP_IF_EQUAL, length - 1 - (compare + 1), numberAt(value));
  });
  write(length - 2, RETURN, 0, ALL);
  write(length - 1, RETURN, 0, 0);
  return new Uint8Array(view.buffer);
}

function numberAt(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}
