/** Announces addresses to the neighbours of an interface: gratuitous ARP through one packet socket. */

import type { Ipv4 } from "../core/units/ipv4.ts";
import { BROADCAST_MAC, type Mac } from "../core/units/mac.ts";
import { ARP_REPLY, ARP_REQUEST, ETHERTYPE_ARP, encodeGratuitousArp } from "../core/wire/arp.ts";
import { AF_PACKET, close, SOCK_RAW, sendTo, socket } from "./libc.ts";

/** Sends announcements. */
export interface Announcer {
  /** Announces that `address` lives at `mac`, in both forms of ARP. Throws a KernelError. */
  announce(interfaceIndex: number, address: Ipv4, mac: Mac): void;
  close(): void;
}

/** Opens the socket; protocol 0 makes it receive nothing. Throws a KernelError. */
export function openAnnouncer(): Announcer {
  const fd = socket(AF_PACKET, SOCK_RAW, 0);
  return {
    announce(interfaceIndex, address, mac) {
      const to = linkLayerAddress(interfaceIndex);
      for (const operation of [ARP_REQUEST, ARP_REPLY] as const) {
        sendTo(fd, encodeGratuitousArp(operation, address, mac), to);
      }
    },
    close: () => close(fd),
  };
}

/** struct sockaddr_ll (linux/if_packet.h): family, protocol, index, hardware type, packet type, length, address. */
function linkLayerAddress(interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETHERTYPE_ARP);
  view.setInt32(4, interfaceIndex, true);
  view.setUint8(11, BROADCAST_MAC.length);
  bytes.set(BROADCAST_MAC, 12);
  return bytes;
}
