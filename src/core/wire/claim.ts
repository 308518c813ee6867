/**
 * What a frame says about where an address lives: the sender of any ARP packet (RFC 826), or the target of a neighbour
 * advertisement (RFC 4861 §4.4). Whole Ethernet frames, without a VLAN's tag.
 *
 * ```
 *  0        6        12     14                          ARP: 22 sender's hardware address, 28 its IPv4 address
 * | to     | from   | type | packet …                   IPv6: 20 next header, 54 ICMPv6: type, 62 target
 * ```
 */

import type { IpAddress } from "../units/ip-address.ts";
import { ipBytes, isIpv6 } from "../units/ip-address.ts";
import { ipv4At } from "../units/ipv4.ts";
import { ipv6At } from "../units/ipv6.ts";
import { type Mac, macFrom } from "../units/mac.ts";
import { ETHERTYPE_ARP } from "./arp.ts";
import { ETHERTYPE_IPV6 } from "./ndp.ts";

/** Somebody says that an address is theirs. */
export interface Claim {
  readonly address: IpAddress;
  readonly mac: Mac;
}

const SOURCE = 6;
const TYPE = 12;
const ARP = { senderMac: 22, sender: 28, length: 42 };
const NEXT_HEADER = 20;
const ICMPV6 = { type: 54, target: 62, option: 78, length: 78 };
const IPPROTO_ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
const TARGET_LINK_LAYER_ADDRESS = 2;

/** The claim in a frame; undefined when it has none. */
export function decodeClaim(frame: Uint8Array): Claim | undefined {
  const type = ((frame[TYPE] ?? 0) << 8) | (frame[TYPE + 1] ?? 0);
  if (type === ETHERTYPE_ARP && frame.length >= ARP.length) {
    const mac = macFrom(frame.subarray(ARP.senderMac, ARP.senderMac + 6));
    return mac && { address: ipv4At(frame, ARP.sender), mac };
  }
  if (type !== ETHERTYPE_IPV6 || frame.length < ICMPV6.length) return undefined;
  if (frame[NEXT_HEADER] !== IPPROTO_ICMPV6 || frame[ICMPV6.type] !== NEIGHBOUR_ADVERTISEMENT)
    return undefined;
  const { option } = ICMPV6;
  const told = frame[option] === TARGET_LINK_LAYER_ADDRESS && frame.length >= option + 8;
  const mac = macFrom(told ? frame.subarray(option + 2, option + 8) : frame.subarray(SOURCE, SOURCE + 6));
  return mac && { address: ipv6At(frame, ICMPV6.target), mac };
}

/** BPF_LD | BPF_ABS of one and four bytes, BPF_JMP | BPF_JEQ, BPF_RET, each with BPF_K. */
const LOAD_BYTE = 0x30;
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const WHOLE = 0x40000;
/** BPF_MAXINSNS. */
const INSTRUCTIONS_MAX = 4_096;

type Instruction = readonly [code: number, operand: number, ifTrue?: number, ifFalse?: number];

/**
 * A classic BPF program (`struct sock_filter` for each instruction) for frames of one family's type that lets claims of
 * these addresses through, as far as their last four bytes tell; or all claims, when there are too many addresses for a
 * program.
 */
export function claimFilter(addresses: readonly IpAddress[]): Uint8Array {
  const [first] = addresses;
  const start: readonly Instruction[] =
    first !== undefined && isIpv6(first)
      ? [
          [LOAD_BYTE, NEXT_HEADER],
          [JUMP_IF_EQUAL, IPPROTO_ICMPV6, 1, 0],
          [RETURN, 0],
          [LOAD_BYTE, ICMPV6.type],
          [JUMP_IF_EQUAL, NEIGHBOUR_ADVERTISEMENT, 1, 0],
          [RETURN, 0],
          [LOAD_WORD, ICMPV6.target + 12],
        ]
      : [[LOAD_WORD, ARP.sender]];
  const each = addresses.flatMap((address): readonly Instruction[] => {
    const word = ipBytes(address).slice(-4);
    return [
      [JUMP_IF_EQUAL, new DataView(word.buffer).getUint32(0), 0, 1],
      [RETURN, WHOLE],
    ];
  });
  const fits = start.length + each.length < INSTRUCTIONS_MAX;
  return encode(fits ? [...start, ...each, [RETURN, 0]] : [...start, [RETURN, WHOLE]]);
}

/** Code (2 bytes), jump if true, jump if false (1 each), operand (4), in the host's byte order. */
function encode(program: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * program.length));
  program.forEach(([code, operand, ifTrue = 0, ifFalse = 0], index) => {
    view.setUint16(8 * index, code, true);
    view.setUint8(8 * index + 2, ifTrue);
    view.setUint8(8 * index + 3, ifFalse);
    view.setUint32(8 * index + 4, operand, true);
  });
  return new Uint8Array(view.buffer);
}
