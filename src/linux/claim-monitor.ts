/**
 * Hears who else says that our virtual addresses are theirs: ARP of any kind and neighbour advertisements, on all
 * interfaces, by packet sockets. The kernel picks out those that name one of the addresses.
 */

import { type IpAddress, isIpv6 } from "../core/units/ip-address.ts";
import { ETHERTYPE_ARP } from "../core/wire/arp.ts";
import { type Claim, claimFilter, decodeClaim } from "../core/wire/claim.ts";
import { ETHERTYPE_IPV6 } from "../core/wire/ndp.ts";
import { AF_PACKET, attachFilter, bind, SOCK_RAW, socket } from "./libc.ts";
import { closePacketSocket } from "./packet-socket.ts";
import { receiveMessage } from "./receive-message.ts";
import type { Receiver } from "./receiver.ts";

/** Who is told. */
export type ClaimListener = (interfaceIndex: number, claim: Claim) => void;

/** The sockets, one for each family that has addresses. */
export class ClaimMonitor {
  readonly #receiver: Receiver;
  readonly #listener: ClaimListener;
  readonly #open = new Map<number, number>();

  constructor(receiver: Receiver, listener: ClaimListener) {
    this.#receiver = receiver;
    this.#listener = listener;
  }

  /** From now on claims of these addresses are heard. Throws a KernelError. */
  watch(addresses: readonly IpAddress[]): void {
    this.#watch(
      ETHERTYPE_ARP,
      addresses.filter((address) => !isIpv6(address)),
    );
    this.#watch(ETHERTYPE_IPV6, addresses.filter(isIpv6));
  }

  close(): void {
    this.watch([]);
  }

  #watch(ethertype: number, addresses: readonly IpAddress[]): void {
    const fd = this.#open.get(ethertype);
    if (addresses.length === 0) {
      if (fd !== undefined) this.#close(ethertype, fd);
    } else if (fd === undefined) {
      this.#openFor(ethertype, addresses);
    } else {
      attachFilter(fd, claimFilter(addresses));
    }
  }

  #openFor(ethertype: number, addresses: readonly IpAddress[]): void {
    // It hears nothing until it is bound, and by then it has its filter.
    const fd = socket(AF_PACKET, SOCK_RAW, 0);
    this.#open.set(ethertype, fd);
    attachFilter(fd, claimFilter(addresses));
    bind(fd, everyInterface(ethertype));
    let interfaceIndex = 0;
    this.#receiver.add(fd, {
      read: (buffer) => {
        const message = receiveMessage(fd);
        if (message === undefined) return undefined;
        interfaceIndex = indexOf(message.name);
        buffer.set(message.data);
        return message.data.length;
      },
      packet: (frame) => {
        const claim = decodeClaim(frame);
        if (claim !== undefined) this.#listener(interfaceIndex, claim);
      },
      // ENETDOWN, which the interface's own notification tells better.
      failed: () => {},
    });
  }

  #close(ethertype: number, fd: number): void {
    this.#open.delete(ethertype);
    this.#receiver.remove(fd);
    closePacketSocket(fd);
  }
}

/** struct sockaddr_ll (linux/if_packet.h): family, protocol, index 0. */
function everyInterface(ethertype: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ethertype);
  return bytes;
}

function indexOf(name: Uint8Array): number {
  return new DataView(name.buffer, name.byteOffset).getInt32(4, true);
}
