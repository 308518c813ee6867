/** The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. */

/**
 * The checksum over some pieces laid end to end, each of even length but the last. Over data that carries its own
 * correct checksum the result is 0.
 */
export function internetChecksum(...pieces: readonly Uint8Array[]): number {
  let sum = 0;
  for (const piece of pieces) {
    for (let index = 0; index < piece.length; index += 2) {
      sum += ((piece[index] ?? 0) << 8) | (piece[index + 1] ?? 0);
    }
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
