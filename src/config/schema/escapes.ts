/**
 * The bytes of a check's `send`.
 *
 * YAML decodes escapes in double quotes and leaves them alone in single quotes and plain text. So that a request means
 * the same however it is quoted, escapes are decoded once more here, in what YAML gives us: `\r`, `\n`, `\t`, `\0`,
 * `\\` and `\xHH`. A backslash to be sent is `\\` in single quotes, `\\\\` in double quotes. Text is sent as UTF-8;
 * `\xHH` is one byte.
 */

import { type Reading, refuse } from "./leaf.ts";

const ESCAPES: Readonly<Record<string, number>> = { r: 0x0d, n: 0x0a, t: 0x09, "0": 0x00, "\\": 0x5c };

/** The bytes that a text with escapes stands for. */
export function readEscapes(text: string): Reading<Uint8Array> {
  const bytes: number[] = [];
  for (const [piece] of text.matchAll(/\\x[0-9A-Fa-f]{2}|\\.?|[^\\]+/gsu)) {
    if (!piece.startsWith("\\")) {
      for (const byte of Buffer.from(piece)) bytes.push(byte);
    } else if (piece.length === 4) {
      bytes.push(Number.parseInt(piece.slice(2), 16));
    } else {
      const byte = ESCAPES[piece.slice(1)];
      if (byte === undefined) return refuse("bad-text", unknownEscape(piece));
      bytes.push(byte);
    }
  }
  return { value: Uint8Array.from(bytes) };
}

function unknownEscape(piece: string): string {
  return `${piece} is no escape: there are \\r \\n \\t \\0 \\\\ and \\xHH; a backslash itself is \\\\`;
}
