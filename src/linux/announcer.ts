/**
 * Announces addresses to the neighbours of an interface, by gratuitous ARP or by an unsolicited neighbour advertisement,
 * through one packet socket.
 */

import { type IpAddress, isIpv6 } from "../core/units/ip-address.ts";
import { BROADCAST_MAC, type Mac } from "../core/units/mac.ts";
import { ARP_REPLY, ARP_REQUEST, ETHERTYPE_ARP, encodeGratuitousArp } from "../core/wire/arp.ts";
import { ALL_NODES_MAC, ETHERTYPE_IPV6, encodeUnsolicitedAdvertisement } from "../core/wire/ndp.ts";
import { AF_PACKET, close, SOCK_RAW, sendTo, socket } from "./libc.ts";
import { linkLayerAddress } from "./link-layer-address.ts";

/** Sends announcements. */
export interface Announcer {
  /** Announces that `address` lives at `mac`; over IPv4 in both forms of ARP. Throws a KernelError. */
  announce(interfaceIndex: number, address: IpAddress, mac: Mac): void;
  close(): void;
}

/** Opens the socket; protocol 0 makes it receive nothing. Throws a KernelError. */
export function openAnnouncer(): Announcer {
  const fd = socket(AF_PACKET, SOCK_RAW, 0);
  return {
    announce(interfaceIndex, address, mac) {
      if (isIpv6(address)) {
        const to = linkLayerAddress(interfaceIndex, ETHERTYPE_IPV6, ALL_NODES_MAC);
        sendTo(fd, encodeUnsolicitedAdvertisement(address, mac), to);
        return;
      }
      const to = linkLayerAddress(interfaceIndex, ETHERTYPE_ARP, BROADCAST_MAC);
      for (const operation of [ARP_REQUEST, ARP_REPLY] as const) {
        sendTo(fd, encodeGratuitousArp(operation, address, mac), to);
      }
    },
    close: () => close(fd),
  };
}
