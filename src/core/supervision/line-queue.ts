/**
 * Lines for a reader who may be slow or gone: so many wait at the most, and then the oldest are dropped, for the last state
 * is the one that counts.
 */

/** Lines that wait at the most. */
export const LINES_MAX = 1_000;

/** Lines in their order, each with its end. */
export interface LineQueue {
  readonly lines: readonly string[];
}

/** No line waits. */
export const NO_LINES: LineQueue = { lines: [] };

/** Puts a line behind the others; says how many were dropped to make room. */
export function put(
  { lines }: LineQueue,
  line: string,
): { readonly queue: LineQueue; readonly dropped: number } {
  const all = [...lines, line];
  const dropped = Math.max(0, all.length - LINES_MAX);
  return { queue: { lines: all.slice(dropped) }, dropped };
}

/** Takes away the first line, which was written. */
export function written({ lines }: LineQueue): LineQueue {
  return { lines: lines.slice(1) };
}
