/**
 * IPv4 addresses, as canonical text. Text is what maps are keyed by, what the operator wrote and what a log line
 * shows; the four bytes are made where a packet is.
 */

/** An IPv4 address in canonical dotted form, such as `192.0.2.1`. */
export type Ipv4 = string & { readonly __kind: "ipv4" };

/** Of the digits' codes; the dot's is below it. */
const ZERO_DIGIT = 48;
const OCTET = "(0|[1-9][0-9]{0,2})";
const DOTTED = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);

/** The address that a text spells in dotted form without leading zeros; undefined when it is none. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const match = DOTTED.exec(text);
  if (match === null) return undefined;
  return match.slice(1).every((octet) => Number(octet) <= 255) ? (text as Ipv4) : undefined;
}

/** The address's four bytes, in network order. */
export function ipv4Bytes(address: Ipv4): Uint8Array {
  const bytes = new Uint8Array(4);
  let at = 0;
  for (let index = 0; index < address.length; index += 1) {
    const digit = address.charCodeAt(index) - ZERO_DIGIT;
    if (digit < 0) at += 1;
    else bytes[at] = (bytes[at] ?? 0) * 10 + digit;
  }
  return bytes;
}

/** The address that starts at `offset` in `bytes`; there must be four bytes. */
export function ipv4At(bytes: Uint8Array, offset: number): Ipv4 {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}` as Ipv4;
}

/** The address as an unsigned number, for ordering: RFC 9568 §6.4.3 compares addresses "in network byte order". */
export function ipv4Number(address: Ipv4): number {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(address);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** True for an address that one host can own: not 0/8, multicast, reserved or broadcast. */
export function isUnicastIpv4(address: Ipv4): boolean {
  const first = ipv4Number(address) >>> 24;
  return first >= 1 && first <= 223;
}
