/** Why a session is down (RFC 5880 §4.1). */

/** Those that we give ourselves. */
export const DIAGNOSTIC = {
  none: 0,
  expired: 1,
  neighborDown: 3,
  adminDown: 7,
} as const;

const WORDS: readonly string[] = [
  "no diagnostic",
  "control detection time expired",
  "echo function failed",
  "neighbor signaled session down",
  "forwarding plane reset",
  "path down",
  "concatenated path down",
  "administratively down",
  "reverse concatenated path down",
];

/** A diagnostic in the RFC's words. */
export function diagnosticInWords(diagnostic: number): string {
  return WORDS[diagnostic] ?? `diagnostic ${diagnostic}`;
}
