/**
 * IPv4 addresses that come and go, read from frames of a netlink monitor (nlmon): what the kernel tells every listener
 * of a namespace, with the kernel's time. The decoding is the lab's own, since a witness that shares code with the
 * accused is none. `linux/rtnetlink.h`, `linux/if_addr.h`.
 *
 *     cooked header 16 | nlmsghdr 16: length 4, type 2, flags 2, … | ifaddrmsg 8 | attributes: length 2, type 2, value
 */

/** What a frame says about an address. */
export interface AddressNotice {
  readonly address: string;
  readonly present: boolean;
}

const COOKED_HEADER = 16;
const MESSAGE_HEADER = 16;
const ADDRESS_HEADER = 8;
const NETLINK_ROUTE = 0;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const NLM_F_REQUEST = 1;
const AF_INET = 2;
const IFA_LOCAL = 2;

/** Numbers in netlink are in the machine's own byte order. */
const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A filter for tcpdump that lets only such frames pass. */
export const ADDRESS_FILTER = [RTM_NEWADDR, RTM_DELADDR]
  .map((type) => `link[${COOKED_HEADER + (LITTLE ? 4 : 5)}] = ${type}`)
  .join(" or ");

/** The addresses that the frame says have come or gone; a request to change one says neither. */
export function addressNotices(frame: Buffer): readonly AddressNotice[] {
  if (frame.length < COOKED_HEADER || frame.readUInt16BE(14) !== NETLINK_ROUTE) return [];
  const notices: AddressNotice[] = [];
  let rest = frame.subarray(COOKED_HEADER);
  while (rest.length >= MESSAGE_HEADER) {
    const length = u32(rest, 0);
    if (length < MESSAGE_HEADER) break;
    const notice = addressNotice(rest.subarray(0, length));
    if (notice !== undefined) notices.push(notice);
    rest = rest.subarray(Math.ceil(length / 4) * 4);
  }
  return notices;
}

function addressNotice(message: Buffer): AddressNotice | undefined {
  const type = u16(message, 4);
  if (type !== RTM_NEWADDR && type !== RTM_DELADDR) return undefined;
  if ((u16(message, 6) & NLM_F_REQUEST) !== 0) return undefined;
  if (message.length < MESSAGE_HEADER + ADDRESS_HEADER || message[MESSAGE_HEADER] !== AF_INET)
    return undefined;
  const address = attribute(message.subarray(MESSAGE_HEADER + ADDRESS_HEADER), IFA_LOCAL);
  return address && { address: address.subarray(0, 4).join("."), present: type === RTM_NEWADDR };
}

function attribute(attributes: Buffer, wanted: number): Buffer | undefined {
  let rest = attributes;
  while (rest.length >= 4) {
    const length = u16(rest, 0);
    if (length < 4) return undefined;
    if (u16(rest, 2) === wanted) return rest.subarray(4, length);
    rest = rest.subarray(Math.ceil(length / 4) * 4);
  }
  return undefined;
}

function u16(bytes: Buffer, offset: number): number {
  return LITTLE ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset);
}

function u32(bytes: Buffer, offset: number): number {
  return LITTLE ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
}
