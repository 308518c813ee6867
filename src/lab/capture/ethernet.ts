/**
 * Announcements and adverts, read from Ethernet frames: gratuitous ARP (RFC 5227 §3, both the request and the reply
 * form) and VRRP over IPv4 (RFC 3768 §5.1, RFC 9568 §5.1). Like capture/netlink.ts it shares no code with what it
 * watches.
 */

/** A sender tells everybody that an address is at its interface. */
export interface AnnouncementFrame {
  readonly mac: string;
  readonly address: string;
}

/** A VRRP advert. */
export interface AdvertFrame {
  readonly vrid: number;
  readonly priority: number;
}

const ETHERNET_HEADER = 14;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_ARP = 0x0806;
const PROTOCOL_VRRP = 112;
const VRRP_ADVERTISEMENT = 1;

/** A filter for tcpdump that lets only adverts pass. */
export const ADVERT_FILTER = `ip proto ${PROTOCOL_VRRP}`;

/** The announcement that the frame is. ARP: …, sender's MAC 6 at 8, its address 4 at 14, target's address 4 at 24. */
export function announcement(frame: Buffer): AnnouncementFrame | undefined {
  const arp = payload(frame, ETHERTYPE_ARP);
  if (arp === undefined || arp.length < 28) return undefined;
  const address = arp.subarray(14, 18);
  if (!address.equals(arp.subarray(24, 28))) return undefined;
  return { mac: macText(arp.subarray(8, 14)), address: address.join(".") };
}

/** The advert that the frame is. VRRP: version and type 1, vrid 1, priority 1, …, after an IPv4 header of any length. */
export function advert(frame: Buffer): AdvertFrame | undefined {
  const packet = payload(frame, ETHERTYPE_IPV4);
  if (packet === undefined || packet.length < 20 || packet[9] !== PROTOCOL_VRRP) return undefined;
  const [versionAndType, vrid, priority] = packet.subarray(((packet[0] ?? 0) & 0x0f) * 4);
  if (versionAndType === undefined || vrid === undefined || priority === undefined) return undefined;
  return (versionAndType & 0x0f) === VRRP_ADVERTISEMENT ? { vrid, priority } : undefined;
}

/** The hardware address that a frame comes from. */
export function sender(frame: Buffer): string | undefined {
  return frame.length < ETHERNET_HEADER ? undefined : macText(frame.subarray(6, 12));
}

function macText(bytes: Buffer): string {
  return bytes.toString("hex").replaceAll(/(..)(?=.)/g, "$1:");
}

function payload(frame: Buffer, ethertype: number): Buffer | undefined {
  if (frame.length < ETHERNET_HEADER || frame.readUInt16BE(12) !== ethertype) return undefined;
  return frame.subarray(ETHERNET_HEADER);
}
