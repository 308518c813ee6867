/** A neighbour of the directors: what it has learnt from their announcements is where it sends its packets. */

import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { ipv4At } from "../../src/core/units/ipv4.ts";
import { ipv6At } from "../../src/core/units/ipv6.ts";
import type { Frame, Port } from "./segment.ts";

/** A client and its table of neighbours. */
export class Client implements Port {
  readonly name: string;
  /** The hardware address last heard for each address, as hexadecimal digits. */
  readonly table = new Map<IpAddress, string>();

  constructor(name: string) {
    this.name = name;
  }

  hears({ kind }: Frame): boolean {
    return kind === "announcement";
  }

  receive({ bytes, altered }: Frame): void {
    if (altered !== undefined) return;
    const isArp = bytes[12] === 0x08;
    // ARP: sender. IPv6: the target of an advertisement behind Ethernet, IPv6 and eight bytes; its option behind that.
    if (isArp) this.table.set(ipv4At(bytes, 28), macText(bytes.subarray(22, 28)));
    else this.table.set(ipv6At(bytes, 62), macText(bytes.subarray(80, 86)));
  }
}

/** A hardware address as text. */
export function macText(mac: Uint8Array): string {
  let text = "";
  for (const byte of mac) text += byte.toString(16).padStart(2, "0");
  return text;
}
