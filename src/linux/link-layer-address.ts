/** Where a packet socket sends to, and what it is bound to (linux/if_packet.h). */

import type { Mac } from "../core/units/mac.ts";
import { AF_PACKET } from "./libc.ts";

/** struct sockaddr_ll: family, protocol, index, hardware type, packet type, length, address. */
export function linkLayerAddress(interfaceIndex: number, ethertype: number, destination: Mac): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ethertype);
  view.setInt32(4, interfaceIndex, true);
  view.setUint8(11, destination.length);
  bytes.set(destination, 12);
  return bytes;
}
