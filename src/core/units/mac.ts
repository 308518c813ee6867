/** Ethernet hardware addresses, as six bytes. */

/** A hardware address: six bytes. */
export type Mac = Uint8Array & { readonly __kind: "mac" };

/** All ones: every station of the segment. */
export const BROADCAST_MAC = Uint8Array.of(255, 255, 255, 255, 255, 255) as Mac;

/** The hardware address in those bytes; undefined unless there are six. */
export function macFrom(bytes: Uint8Array): Mac | undefined {
  return bytes.length === 6 ? (Uint8Array.from(bytes) as Mac) : undefined;
}

/** The hardware address that a text spells, such as `00:00:5e:00:01:33`; undefined when it is none. */
export function parseMac(text: string): Mac | undefined {
  if (!/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/.test(text)) return undefined;
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16)) as Mac;
}

/** A hardware address as operators write it, in lower case. */
export function macText(mac: Mac): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Whether two hardware addresses are the same one. */
export function isSameMac(one: Mac, other: Mac): boolean {
  return one.every((byte, index) => byte === other[index]);
}
