/** An interface's raw sockets for VRRP over one family, whichever it is. */

import type { Family, IpAddress } from "../core/units/ip-address.ts";
import { isIpv6 } from "../core/units/ip-address.ts";
import { openVrrpSocket4 } from "./vrrp-socket4.ts";
import { openVrrpSocket6 } from "./vrrp-socket6.ts";

/** The sockets of one interface. */
export interface VrrpSocket {
  /** Where adverts arrive. */
  readonly receiveFd: number;
  /** Reads one packet, IP header first; its length, or undefined when none waits. Throws a KernelError. */
  receive(buffer: Uint8Array): number | undefined;
  /** Sends a packet, IP header included. Throws a KernelError. */
  send(packet: Uint8Array, destination: IpAddress): void;
  close(): void;
}

/**
 * Opens the sockets on an interface. They hear the multicast of `group`, where there is one, and unicast in any case: of
 * VRRP, or over IPv4 of the IP protocol `protocol`. Throws a KernelError.
 */
export function openVrrpSocket(
  interfaceName: string,
  interfaceIndex: number,
  family: Family,
  group: IpAddress | undefined,
  protocol: number,
): VrrpSocket {
  if (group === undefined) {
    return family === 6
      ? openVrrpSocket6(interfaceName, interfaceIndex, undefined)
      : openVrrpSocket4(interfaceName, interfaceIndex, undefined, protocol);
  }
  return isIpv6(group)
    ? openVrrpSocket6(interfaceName, interfaceIndex, group)
    : openVrrpSocket4(interfaceName, interfaceIndex, group, protocol);
}
