/** The number in a tracked file. */

/** What a product with any weight can make a difference for, and more than that. */
const VALUE_MAX = 2_147_483_647;

/** The whole number that a text begins with, after blanks; undefined when it begins with none. */
export function fileValue(text: string): number | undefined {
  const match = /^\s*([+-]?\d{1,15})(?![\d.])/.exec(text);
  if (match === null) return undefined;
  // Adding zero takes the sign off a zero.
  return Math.max(-VALUE_MAX, Math.min(VALUE_MAX, Number(match[1]))) + 0;
}
