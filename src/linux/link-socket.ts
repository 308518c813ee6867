/**
 * The packet socket (packet(7)) of an interface with the virtual hardware address, to send and hear adverts by.
 *
 * What comes in with that hardware address as its source, which is the master's adverts, the kernel gives to this interface
 * and to no other; everything else comes in on the interface below, and is heard there. The socket's filter lets through
 * the former alone, and so nothing is heard twice. No group is joined here: the kernel would tell the switches so from the
 * virtual hardware address, and a backup must never speak from it.
 */

import type { IpAddress } from "../core/units/ip-address.ts";
import { isIpv6 } from "../core/units/ip-address.ts";
import type { Mac } from "../core/units/mac.ts";
import { multicastMac } from "../core/units/multicast-mac.ts";
import { withHeaderChecksum } from "../core/wire/ipv4.ts";
import { ETHERTYPE_IPV6 } from "../core/wire/ndp.ts";
import { packetFilter } from "../core/wire/packet-filter.ts";
import {
  AF_PACKET,
  attachFilter,
  bind,
  close,
  receive,
  SO_PRIORITY,
  SO_RCVBUFFORCE,
  SOCK_DGRAM,
  SOL_SOCKET,
  sendTo,
  setSocketOption,
  socket,
} from "./libc.ts";
import { linkLayerAddress } from "./link-layer-address.ts";
import { closePacketSocket } from "./packet-socket.ts";
import type { VrrpSocket } from "./vrrp-socket.ts";
import { PRIORITY_CONTROL, RECEIVE_BUFFER } from "./vrrp-socket4.ts";

/** ETH_P_IP (linux/if_ether.h). */
const ETHERTYPE_IPV4 = 0x0800;
const NOBODY = new Uint8Array(6) as Mac;

/** Opens the socket of the interface with the hardware address `mac`, for adverts to `group`. Throws a KernelError. */
export function openLinkSocket(
  interfaceIndex: number,
  mac: Mac,
  group: IpAddress,
  protocol: number,
): VrrpSocket {
  const ethertype = isIpv6(group) ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
  // Protocol 0 receives nothing until it is bound, with its filter in place.
  const fd = socket(AF_PACKET, SOCK_DGRAM, 0);
  try {
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    setSocketOption(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
    attachFilter(fd, packetFilter(mac, protocol, group));
    bind(fd, linkLayerAddress(interfaceIndex, ethertype, NOBODY));
  } catch (error) {
    close(fd);
    throw error;
  }
  return {
    receiveFd: fd,
    receive: (buffer) => receive(fd, buffer),
    send(packet, destination) {
      const to = linkLayerAddress(interfaceIndex, ethertype, multicastMac(destination));
      sendTo(fd, isIpv6(destination) ? packet : withHeaderChecksum(packet), to);
    },
    close: () => closePacketSocket(fd),
  };
}
