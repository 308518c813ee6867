/** Comparing what must not be guessed piece by piece. */

/** True when both hold the same bytes; in a time that does not tell where they differ. */
export function equalInConstantTime(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (const [index, byte] of one.entries()) difference |= byte ^ (other[index] ?? 0);
  return difference === 0;
}
