/** Names as the link carries them: 32 bits, the same on both directors, which have them from the same file. */

/** FNV-1a, 32 bits, over the name's bytes in UTF-8. The configuration refuses names that share one. */
export function nameId(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
