/** A neighbour of the directors: what it has learnt from gratuitous ARP is where it sends its packets. */

import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { ipv4At } from "../../src/core/units/ipv4.ts";
import type { Frame, Port } from "./segment.ts";

/** A client and its ARP table. */
export class Client implements Port {
  readonly name: string;
  readonly hears = "arp";
  /** The hardware address last heard for each address, as hexadecimal digits. */
  readonly table = new Map<IpAddress, string>();

  constructor(name: string) {
    this.name = name;
  }

  receive({ bytes, altered }: Frame): void {
    if (altered !== undefined) return;
    this.table.set(ipv4At(bytes, 28), macText(bytes.subarray(22, 28)));
  }
}

/** A hardware address as text. */
export function macText(mac: Uint8Array): string {
  let text = "";
  for (const byte of mac) text += byte.toString(16).padStart(2, "0");
  return text;
}
